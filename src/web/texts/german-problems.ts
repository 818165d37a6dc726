/** German texts for problems that users of the page meet, by code. */
import type { englishProblems, ProblemText } from './english-problems.js';

export const germanProblems: Record<keyof typeof englishProblems, ProblemText> = {
  payload_too_large: { title: 'Diese Datei ist zu groß für den Server.' },
  image_too_large: { title: 'Dieses Bild ist zu groß für den Server.' },
  image_too_slow: { title: 'Das Öffnen dieses Bildes hat zu lange gedauert.' },
  image_too_small: { title: 'Dieses Bild ist zu klein, um ein Tier zu zeigen.' },
  image_heic: {
    title: 'Der Server kann dieses HEIC-Foto nicht lesen.',
    hint: 'Exportieren Sie das Foto als JPEG (auf dem iPhone: Einstellungen, Kamera, Formate, Maximale Kompatibilität).',
  },
  image_unsupported: {
    title: 'Das ist kein Bild, das der Server lesen kann.',
    hint: 'JPEG, HEIC, PNG, WebP, GIF, AVIF, TIFF und BMP werden unterstützt. Entscheidend ist der Inhalt, nicht der Dateiname.',
  },
  image_corrupt: {
    title: 'Dieses Bild ist beschädigt oder unvollständig.',
    hint: 'Prüfen Sie, ob es sich in einem anderen Programm öffnen lässt, und wählen Sie es erneut, falls es noch heruntergeladen wurde.',
  },
  image_empty: { title: 'Die Datei ist leer.', hint: 'Wählen Sie ein anderes Foto.' },
  unauthorized: {
    title: 'Dieser Server verlangt einen API-Schlüssel.',
    hint: 'Geben Sie oben einen Schlüssel ein, um fortzufahren.',
  },
  collection_not_found: {
    title: 'Diese Sammlung gibt es auf diesem Server nicht.',
    hint: 'Wählen Sie eine andere Sammlung.',
  },
  sharing_disabled: {
    title: 'Auf diesem Server ist das Teilen ausgeschaltet.',
    hint: 'Speichern Sie die Antwort als Bild.',
  },
  share_not_found: {
    title: 'Diese geteilte Antwort gibt es nicht.',
    hint: 'Vielleicht ist sie abgelaufen. Bitten Sie um einen neuen Link.',
  },
  url_input_disabled: {
    title: 'Dieser Server lädt keine Fotos aus dem Internet.',
    hint: 'Speichern Sie das Foto und legen Sie die Datei hier ab.',
  },
  url_not_allowed: {
    title: 'Der Server lädt keine Fotos von dieser Adresse.',
    hint: 'Es muss eine öffentliche Adresse sein, die mit http:// oder https:// beginnt.',
  },
  url_unreachable: {
    title: 'Der Server konnte von dieser Adresse kein Foto laden.',
    hint: 'Prüfen Sie, ob sich dort ein Bild öffnet, oder speichern Sie das Foto und legen Sie die Datei hier ab.',
  },
  overloaded: {
    title: 'Der Server ist ausgelastet.',
    hint: 'Es warten mehr Fotos, als er rechtzeitig beantworten kann.',
  },
  read_only: {
    title: 'Dieser Server erlaubt keine Änderungen.',
    hint: 'Er beantwortet Fragen, ändert aber nichts.',
  },
  shutting_down: { title: 'Der Server startet neu.', hint: 'Er sollte gleich wieder da sein.' },
  offline: {
    title: 'Dieses Gerät ist offline.',
    hint: 'Stellen Sie eine Verbindung her und versuchen Sie es erneut.',
  },
  network: {
    title: 'Der Server hat nicht geantwortet.',
    hint: 'Die Verbindung kam nicht zustande oder brach ab. Prüfen Sie, ob der Server läuft, und versuchen Sie es erneut.',
  },
  page_outdated: {
    title: 'Diese Seite ist älter als die auf dem Server.',
    hint: 'Laden Sie die Seite neu.',
  },
  file_gone: {
    title: 'Diese Datei lässt sich nicht mehr lesen.',
    hint: 'Sie wurde nach der Auswahl verschoben, geändert oder gelöscht. Wählen Sie sie erneut.',
  },
  not_a_photo: {
    title: 'Das ist kein Foto.',
    hint: 'Wählen Sie ein Standbild, kein Video und keine Tondatei.',
  },
  files_unreadable: {
    title: 'Diese Dateien lassen sich nicht lesen.',
    hint: 'Prüfen Sie, ob Sie sie öffnen dürfen und ob ein ZIP-Archiv vollständig ist.',
  },
  too_many_files: {
    title: 'Das sind mehr als 200.000 Fotos.',
    hint: 'Fügen Sie sie über die Befehlszeile hinzu: pawdex index.',
  },
  picture_failed: {
    title: 'Dieser Browser konnte das Bild nicht erstellen.',
    hint: 'Machen Sie stattdessen ein Bildschirmfoto der Antwort.',
  },
  name_mismatch: { title: 'Der Name stimmt nicht überein.' },
  not_shrunk: {
    title: 'Dieser Browser konnte keine kleinere Kopie erstellen.',
    hint: 'Verkleinern Sie das Foto in einem anderen Programm, oder wählen Sie ein anderes.',
  },
};
