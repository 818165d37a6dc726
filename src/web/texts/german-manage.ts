/** Texts about collections, in German. */
import type { ManageTexts } from './english-manage.js';

const plural = (n: number, one: string, many: string) => `${n.toLocaleString('de')} ${n === 1 ? one : many}`;
const others = (known: number, failed: number) =>
  (known > 0 ? `, ${known.toLocaleString('de')} schon in der Sammlung` : '') +
  (failed > 0 ? `, ${failed.toLocaleString('de')} fehlgeschlagen` : '');

export const germanManage: ManageTexts = {
  name: 'Name',
  all: '← Alle Sammlungen',
  readOnly: 'Dieser Server erlaubt keine Änderungen.',
  pagesOf: (name) => `Seiten von ${name}`,
  pages: { photos: 'Fotos', map: 'Karte', duplicates: 'Duplikate', quality: 'Qualität' },

  state: {
    calibrated: 'kalibriert',
    uncalibrated: 'nicht kalibriert',
    hnsw: 'Index fertig',
    building: (percent) => `Index zu ${percent} % fertig`,
    exact: 'kein Index nötig',
    reembedding: (model) => `Vektoren werden mit ${model} neu berechnet`,
    aliases: (names) => `Auch ${names} genannt.`,
    empty: 'Die Sammlung ist leer.',
  },

  list: {
    identify: 'Foto bestimmen',
    export: 'Exportieren',
    import: 'Datei importieren',
    importing: 'Die Datei wird importiert …',
    imported: (photos, known, failed) => `${photos} importiert${others(known, failed)}.`,
    creation: 'Neue Sammlung',
    namePattern: 'Buchstaben, Ziffern, - und _; am Anfang ein Buchstabe oder eine Ziffer',
    description: 'Beschreibung (optional)',
    create: 'Anlegen',
  },

  editing: {
    title: (name) => `„${name}“ bearbeiten`,
    aliases: 'Andere Namen',
    aliasesHelp: 'Trennen Sie Namen mit Kommas. Die Sammlung ist auch unter diesen Namen erreichbar.',
    description: 'Beschreibung',
    yes: 'Speichern',
  },

  deleting: {
    title: (name) => `„${name}“ löschen?`,
    warning: (photos) =>
      `Die Sammlung wird mit allem, was sie enthält (${photos}), vom Server gelöscht. Das lässt sich nicht rückgängig machen.`,
    confirm: (name) => `Zur Bestätigung ${name} eingeben`,
    yes: 'Sammlung löschen',
  },

  labels: { title: 'Labels', all: 'Alle Fotos' },

  filter: {
    label: 'Filter',
    help: 'Wörter in Label, Dateiname oder Metadaten; schlüssel=wert für Metadaten, zum Beispiel species=cat',
    found: (photos, isAll) => (isAll ? `${photos} gefunden.` : `Bisher ${photos} gefunden.`),
  },

  selection: {
    title: 'Ausgewählte Fotos',
    newLabel: 'Neues Label',
    allOf: (label) => `Alle Fotos von ${label}`,
    chosen: (photos) => `${photos} ausgewählt`,
    renameOrMerge: 'Umbenennen oder zusammenlegen',
    relabel: 'Label ändern',
    none: 'Auswahl aufheben',
  },

  undo: {
    undo: 'Rückgängig',
    offered: (words) => `${words} Das lässt sich zehn Sekunden lang rückgängig machen.`,
    relabelled: (n, label) => `${plural(n, 'Foto hat', 'Fotos haben')} jetzt das Label ${label}.`,
    deleted: (n) => `${plural(n, 'Foto', 'Fotos')} gelöscht.`,
    gone: 'Diese Fotos sind nicht mehr in der Sammlung.',
  },

  item: {
    source: 'Quelle',
    size: 'Größe',
    added: 'Hinzugefügt',
    none: 'unbekannt',
  },

  add: {
    title: 'Fotos hinzufügen',
    help: 'Wählen Sie einen Ordner mit einem Unterordner je Label oder ein ZIP-Archiv davon, oder legen Sie ihn hier ab. Sie sehen eine Vorschau, bevor etwas hinzugefügt wird.',
    folder: 'Ordner auswählen',
    zip: 'ZIP-Archiv auswählen',
    photos: 'Fotos auswählen',
    single: 'Oder einzelne Fotos mit diesem Label hinzufügen',
    listing: 'Fotos werden aufgelistet …',
    busy: 'Es werden gerade Fotos hinzugefügt. Warten Sie, bis das fertig ist, oder brechen Sie es ab.',
    noPhotos: (name) => `In ${name} sind keine Fotos.`,
    tooLarge: 'Die Datei ist größer, als dieser Server erlaubt.',
    encrypted: 'Die Datei ist verschlüsselt.',
    unfinished: (name, done, total) =>
      `Das Hinzufügen von ${name} wurde nach ${done.toLocaleString('de')} von ${total.toLocaleString('de')} Fotos unterbrochen.`,
    chooseAgain: (kind) =>
      `Wählen Sie ${kind === 'zip' ? 'das ZIP-Archiv' : 'den Ordner'} noch einmal, um fortzufahren. Bereits hinzugefügte Fotos werden nicht erneut gesendet.`,
    discard: 'Verwerfen',
  },

  empty: {
    folder:
      'Wählen Sie unten einen Ordner mit Fotos, oder legen Sie ihn auf dieser Seite ab. Der Name eines Unterordners wird zum Label.',
    check: 'Prüfen Sie die Labels in der Vorschau, und fügen Sie die Fotos dann hinzu.',
    calibrate:
      'Kalibrieren Sie die Sammlung unter „Qualität“, damit Antworten sagen, mit welcher Wahrscheinlichkeit sie stimmen.',
    terminal: 'Tausende Fotos gehen über die Befehlszeile schneller:',
  },

  preview: {
    rule: 'Label',
    rules: {
      first: 'Name des ersten Unterordners',
      last: 'Name des letzten Unterordners',
      none: 'Kein Label',
    },
    summary: (name, photos, labels) => `${name}: ${photos}${labels === null ? '' : ` mit ${labels}`}`,
    more: (n) => `und ${n.toLocaleString('de')} weitere`,
    splits: (names) => `Als Teile eines Datensatzes verstanden, nicht als Labels: ${names.join(', ')}.`,
    unlabelled: (photos) => `${photos} nicht in einem Unterordner: ohne Label.`,
    noLabels: 'Es gibt keine Unterordner: Kein Foto bekommt ein Label.',
    similar: (a, b) => `„${a}“ und „${b}“ sind verschiedene Labels. Ist dasselbe gemeint?`,
    lonely: (n) =>
      `${plural(n, 'Label hat', 'Labels haben')} nur ein Foto, zu wenig zum Kalibrieren und Auswerten.`,
    tooLarge: (n, limit) =>
      `${plural(n, 'Foto überschreitet', 'Fotos überschreiten')} das Limit dieses Servers von ${limit}: ausgelassen.`,
    others: (n) =>
      `${plural(n, 'Datei ist kein Foto und wird', 'Dateien sind keine Fotos und werden')} ausgelassen.`,
    manifest: (name) =>
      `Die Labels in ${name} werden hier nicht verwendet. Dafür gibt es die Befehlszeile: pawdex index.`,
    unreadable: (n) =>
      n === 1
        ? 'Ein Ordner ließ sich nicht lesen.'
        : `${n.toLocaleString('de')} Ordner ließen sich nicht lesen.`,
    hidden: (n) =>
      `${plural(n, 'versteckte Datei oder Ordner', 'versteckte Dateien und Ordner')} ausgelassen.`,
  },

  upload: {
    progress: 'Hinzugefügte Fotos',
    states: { running: '', paused: 'Angehalten.', done: 'Fertig.', cancelled: 'Abgebrochen.' },
    retries: 'Alle zehn Sekunden wird es erneut versucht.',
    sum: (added, total, known, failed) => `${added} von ${total} Fotos hinzugefügt${others(known, failed)}.`,
    outcomes: { added: 'Hinzugefügt', known: 'Schon in der Sammlung', failed: 'Fehlgeschlagen' },
    first: (shown) => `, die ersten ${shown}`,
    pause: 'Anhalten',
    stop: 'Abbrechen',
  },

  quality: {
    waiting: 'Wartet auf andere Aufgaben',
    phases: {
      reading: 'Liest die Fotos',
      asking: 'Bestimmt die Fotos',
      'non-pets': 'Bestimmt Fotos ohne Haustiere',
      computing: 'Rechnet',
      listing: 'Listet die Fotos auf',
      embedding: 'Berechnet die Vektoren',
      indexing: 'Fügt die Fotos hinzu',
      importing: 'Fügt die Fotos hinzu',
      writing: 'Schreibt die Datei',
    },
    kinds: {
      index: 'Fotos werden hinzugefügt',
      reembed: 'Die Vektoren werden mit einem anderen Modell neu berechnet',
      export: 'Die Sammlung wird exportiert',
      import: 'Eine Sammlung wird importiert',
    },
    counted: (words, done, total) => `${words}: ${done} von ${total}`,
    paused: 'Angehalten',
    finished: 'Fertig.',
    cancelled: 'Abgebrochen.',
    calibrate: {
      title: 'Kalibrieren',
      about: 'Misst mit den Fotos der Sammlung, die ein Label haben, wie zuverlässig die Antworten sind.',
      start: 'Kalibrieren',
    },
    calibrateShipped:
      'Nicht zu empfehlen: Diese Sammlung stammt aus einer Galerie, die ihre eigene Kalibrierung hat. Wenn der Encoder mit ihren Fotos trainiert wurde, wie bei der mitgelieferten, fällt die daran angepasste Sicherheit zu hoch aus.',
    evaluate: {
      title: 'Auswerten',
      about: 'Bestimmt jedes Foto anhand der anderen Fotos und zählt, wie oft die Antwort stimmt.',
      start: 'Auswerten',
    },
    check: {
      title: 'Falsche Labels',
      about: 'Findet Fotos, deren ähnlichste Fotos ein anderes Label haben.',
      start: 'Falsche Labels suchen',
    },
    none: 'nicht gemessen',
    tooLittle: (photos, needed) => `Zu wenige Fotos zum Kalibrieren: ${photos}, aber ${needed} sind nötig.`,
    calibrated: (photos) =>
      `Kalibriert mit ${photos}. Antworten sagen jetzt, mit welcher Wahrscheinlichkeit sie stimmen.`,
    noPairs: 'Eine Auswertung braucht mindestens ein Label mit zwei Fotos.',
    asked: (photos) => `${photos} bestimmt, jedes anhand der anderen`,
    rightFirst: (share) => `Richtiges Label: ${share}`,
    rightNearest: (share) => `Das ähnlichste Foto hat das richtige Label: ${share}`,
    openReport: 'Bericht öffnen',
    report: 'Bericht der Auswertung',
    download: 'Bericht herunterladen',
    nothingWrong: (photos) => `Kein Label fällt auf (${photos}).`,
    suspects: (photos, found, shown) =>
      `Von ${photos} ${found === 1 ? 'passt eines' : `passen ${found}`} nicht zu den ähnlichsten Fotos${
        found > shown ? `; die ${shown} auffälligsten:` : ':'
      }`,
    suspect: <T>(label: T, suggested: T) => [label, ', laut den ähnlichsten Fotos ', suggested],
    vote: (share) => `(${share} der Stimmen)`,
    reject: 'Label behalten',
  },

  duplicates: {
    about: 'Fotos, die fast identisch sind. Behalten Sie beide, oder löschen Sie eines.',
    threshold: 'Zeige Paare, die',
    thresholds: { 0.99: 'dasselbe Bild sind', 0.95: 'fast gleich sind', 0.9: 'ähnlich sind' },
    searching: (done, total) => `Sucht: ${done} von ${total} Fotos …`,
    none: (photos) => `Keine Paare unter ${photos} Fotos.`,
    found: (n) => `${plural(n, 'Paar', 'Paare')} gefunden, die ähnlichsten zuerst.`,
    more: (n) => `Weitere von ${n.toLocaleString('de')} anzeigen`,
    otherLabels: 'mit verschiedenen Labels',
    keepBoth: 'Beide behalten',
    delete: 'Dieses Foto löschen',
    deleted: (source) => `${source} gelöscht.`,
  },

  map: {
    about: 'Fotos, die dem Encoder ähnlich erscheinen, liegen beieinander. Große Abstände bedeuten wenig.',
    drawing: 'Die Karte wird gezeichnet. Beim ersten Mal dauert das für Tausende Fotos bis zu einer Minute …',
    empty: 'Noch nichts zu zeigen: Die Sammlung ist leer.',
    shown: (photos) => `${photos} Fotos.`,
    sampled: (photos, total) => `${photos} von ${total} Fotos.`,
    canvas: (name) => `Karte von ${name}`,
    help: 'Verschieben durch Ziehen, Zoomen mit dem Mausrad oder zwei Fingern. Mit der Tastatur: Pfeiltasten, + und −, 0 zeigt alles, die Eingabetaste öffnet das Foto in der Mitte.',
    zoomIn: 'Vergrößern',
    zoomOut: 'Verkleinern',
    fit: 'Alles anzeigen',
    legend: 'Labels der Karte',
    query: 'Foto auf der Karte zeigen',
    nowhere: (name) => `Kein Foto auf der Karte ist ${name} ähnlich.`,
    placed: (name, label, similarity) =>
      `${name} liegt beim doppelten Ring. Das ähnlichste Foto ist ${label}, Ähnlichkeit ${similarity}.`,
  },
};
