/** Texts about collections, in German. */
import type { ManageTexts } from './english-manage.js';

const plural = (n: number, one: string, many: string) => `${n.toLocaleString('de')} ${n === 1 ? one : many}`;
const others = (known: number, failed: number) =>
  (known > 0 ? `, ${known.toLocaleString('de')} schon bekannt` : '') +
  (failed > 0 ? `, ${failed.toLocaleString('de')} fehlgeschlagen` : '');

export const germanManage: ManageTexts = {
  title: 'Sammlungen',
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
    reembedding: (model) => `wird auf das Modell ${model} umgestellt`,
    aliases: (names) => `Auch ${names} genannt.`,
    empty: 'Die Sammlung ist leer.',
  },

  list: {
    ask: 'Fragen',
    edit: 'Bearbeiten',
    export: 'Exportieren',
    import: 'Datei importieren',
    importing: 'Die Datei wird importiert …',
    imported: (photos, known, failed) => `${photos} importiert${others(known, failed)}.`,
    delete: 'Löschen',
    creation: 'Eine neue Sammlung',
    name: 'Name',
    namePattern: 'Buchstaben, Ziffern, - und _; am Anfang ein Buchstabe oder eine Ziffer',
    description: 'Beschreibung (optional)',
    create: 'Anlegen',
  },

  editing: {
    edit: 'Bearbeiten',
    title: (name) => `„${name}“ bearbeiten`,
    name: 'Name',
    aliases: 'Andere Namen',
    aliasesHelp: 'Durch Kommas getrennt. Die Sammlung ist auch unter diesen Namen erreichbar.',
    description: 'Beschreibung',
    yes: 'Speichern',
  },

  deleting: {
    title: (name) => `„${name}“ löschen?`,
    warning: (photos) =>
      `Alles darin, ${photos}, wird von diesem Server gelöscht. Das lässt sich nicht rückgängig machen.`,
    confirm: (name) => `Zur Bestätigung ${name} eingeben`,
    yes: 'Löschen',
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
    allOf: (label) => `Alle von ${label}`,
    chosen: (photos) => `${photos} ausgewählt`,
    renameOrMerge: 'Umbenennen oder zusammenlegen',
    relabel: 'Label ändern',
    delete: 'Löschen',
    open: 'Öffnen',
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
    none: 'nicht bekannt',
  },

  add: {
    title: 'Fotos hinzufügen',
    help: 'Wählen Sie einen Ordner mit einem Unterordner je Label oder ein ZIP-Archiv davon, oder legen Sie ihn hier ab. Sie sehen zuerst, was hinzukäme.',
    folder: 'Ordner auswählen',
    zip: 'ZIP-Archiv auswählen',
    photos: 'Fotos auswählen',
    single: 'Oder einzelne Fotos, mit dem Label',
    listing: 'Der Inhalt wird gelesen …',
    busy: 'Es werden gerade Fotos hinzugefügt. Brechen Sie das ab, oder warten Sie, bis es fertig ist.',
    noPhotos: (name) => `In ${name} sind keine Fotos.`,
    tooLarge: 'Die Datei ist größer, als dieser Server erlaubt.',
    encrypted: 'Sie ist verschlüsselt.',
    unfinished: (name, done, total) =>
      `${name} wurde nicht ganz hinzugefügt: ${done.toLocaleString('de')} von ${total.toLocaleString('de')}.`,
    chooseAgain: (kind) =>
      `Wählen Sie ${kind === 'zip' ? 'das ZIP-Archiv' : 'den Ordner'} noch einmal: Was schon hier ist, wird nicht erneut gesendet.`,
    continue: 'Weiter',
    discard: 'Verwerfen',
  },

  empty: {
    folder:
      'Wählen Sie unten einen Ordner mit Fotos, oder legen Sie ihn auf dieser Seite ab. Der Name eines Unterordners wird zum Label.',
    check: 'Prüfen Sie die angezeigten Labels und Zahlen, und fügen Sie die Fotos dann hinzu.',
    calibrate:
      'Kalibrieren Sie die Sammlung unter „Qualität“, damit ihre Antworten sagen, wie wahrscheinlich sie stimmen.',
    terminal: 'Tausende Fotos gehen über die Befehlszeile schneller:',
  },

  preview: {
    rule: 'Das Label ist der Name',
    rules: { first: 'des ersten Unterordners', last: 'des letzten Unterordners', none: 'keines Ordners' },
    summary: (name, photos, labels) => `${name}: ${photos}, ${labels}`,
    start: 'Hinzufügen',
    more: (n) => `und ${n.toLocaleString('de')} weitere`,
    splits: (names) => `${names.join(', ')}: als Teile eines Datensatzes verstanden, nicht als Labels.`,
    unlabelled: (photos) => `${photos} nicht in einem Unterordner: ohne Label.`,
    noLabels: 'Es gibt keine Unterordner: Kein Foto bekommt ein Label.',
    similar: (a, b) => `„${a}“ und „${b}“ sind zwei Labels. Ist dasselbe gemeint?`,
    lonely: (n) =>
      `${plural(n, 'Label hat', 'Labels haben')} nur ein Foto, zu wenig zum Kalibrieren und Messen.`,
    tooLarge: (n, limit) =>
      `${plural(n, 'Foto überschreitet', 'Fotos überschreiten')} das Limit dieses Servers von ${limit}: ausgelassen.`,
    others: (n) =>
      `${plural(n, 'Datei ist kein Foto und wird', 'Dateien sind keine Fotos und werden')} ausgelassen.`,
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
    retries: 'Alle zehn Sekunden folgt ein neuer Versuch.',
    sum: (added, total, known, failed) => `${added} von ${total} Fotos hinzugefügt${others(known, failed)}.`,
    outcomes: { added: 'Hinzugefügt', known: 'Schon bekannt', failed: 'Fehlgeschlagen' },
    first: (shown) => `, die ersten ${shown}`,
    pause: 'Anhalten',
    resume: 'Weiter',
    stop: 'Abbrechen',
  },

  quality: {
    waiting: 'Wartet, bis es an der Reihe ist',
    phases: {
      reading: 'Liest die Fotos',
      asking: 'Bestimmt die eigenen Fotos',
      'non-pets': 'Bestimmt andere Fotos',
      computing: 'Rechnet',
      listing: 'Listet die Fotos auf',
      embedding: 'Berechnet die Vektoren',
      indexing: 'Fügt die Fotos hinzu',
      importing: 'Fügt die Fotos hinzu',
      writing: 'Schreibt die Datei',
    },
    kinds: {
      index: 'Fotos werden hinzugefügt',
      reembed: 'Die Fotos werden auf ein anderes Modell umgestellt',
      export: 'Die Sammlung wird exportiert',
      import: 'Eine Sammlung wird importiert',
    },
    counted: (words, done, total) => `${words}: ${done} von ${total}`,
    paused: 'Angehalten',
    finished: 'Fertig.',
    cancelled: 'Abgebrochen.',
    calibrate: {
      title: 'Kalibrieren',
      about:
        'Ermittelt, wie weit man den Antworten trauen kann, indem die eigenen Fotos mit Label bestimmt werden.',
      start: 'Kalibrieren',
    },
    evaluate: {
      title: 'Messen',
      about: 'Bestimmt jedes Foto ohne es selbst und zählt, wie oft die Antwort stimmt.',
      start: 'Messen',
    },
    check: {
      title: 'Falsche Labels',
      about: 'Findet Fotos, deren ähnlichste Fotos ein anderes Label haben.',
      start: 'Falsche Labels suchen',
    },
    none: 'Kein Foto',
    tooLittle: (photos, needed) => `Zu wenig zum Kalibrieren: ${photos}, aber ${needed} sind nötig.`,
    calibrated: (photos) =>
      `Kalibriert mit ${photos}. Antworten sagen jetzt, wie wahrscheinlich sie stimmen.`,
    noPairs: 'Kein Label hat zwei Fotos, daher lässt sich nichts messen.',
    asked: (photos) => `${photos} bestimmt, jedes ohne es selbst`,
    rightFirst: (share) => `Bei ${share} steht das richtige Label an erster Stelle`,
    rightNearest: (share) => `Bei ${share} hat das ähnlichste Foto das richtige Label`,
    openReport: 'Bericht öffnen',
    report: 'Bericht der Messung',
    download: 'Bericht herunterladen',
    nothingWrong: (photos) => `Unter ${photos} fällt nichts auf.`,
    suspects: (photos, found, shown) =>
      `Von ${photos} ${found === 1 ? 'passt eines' : `passen ${found}`} nicht zu den ähnlichsten Fotos${
        found > shown ? `; die ${shown} auffälligsten:` : ':'
      }`,
    suspect: <T>(label: T, suggested: T) => [label, ', laut den ähnlichsten Fotos ', suggested],
    vote: (share) => `(${share} der Stimmen)`,
    accept: 'Label ändern',
    reject: 'So lassen',
  },

  duplicates: {
    about: 'Fotos, die fast identisch sind. Behalten Sie beide, oder löschen Sie eines.',
    threshold: 'Zeige Paare, die',
    thresholds: { 0.99: 'dasselbe Bild sind', 0.95: 'fast gleich sind', 0.9: 'ähnlich sind' },
    searching: (done, total) => `Sucht: ${done} von ${total} Fotos …`,
    none: (photos) => `Kein solches Paar unter ${photos} Fotos.`,
    found: (n) => `${plural(n, 'Paar', 'Paare')} gefunden, die ähnlichsten zuerst.`,
    more: (n) => `Weitere von ${n.toLocaleString('de')} anzeigen`,
    alike: (similarity) => `Ähnlichkeit ${similarity}`,
    otherLabels: 'mit verschiedenen Labels',
    keepBoth: 'Beide behalten',
    delete: 'Dieses löschen',
    deleted: (source) => `${source} gelöscht.`,
  },

  map: {
    about: 'Fotos, die dem Encoder ähnlich erscheinen, liegen beieinander. Große Abstände bedeuten wenig.',
    drawing: 'Die Karte wird gezeichnet. Beim ersten Mal dauert das für Tausende Fotos bis zu einer Minute …',
    empty: 'Es gibt noch nichts zu zeigen: Die Sammlung ist leer.',
    shown: (photos) => `${photos} Fotos.`,
    sampled: (photos, total) => `${photos} von ${total} Fotos.`,
    canvas: (name) => `Karte von ${name}`,
    help: 'Verschieben durch Ziehen, Zoomen mit dem Mausrad oder zwei Fingern. Mit der Tastatur: Pfeiltasten, + und −, 0 zeigt alles, die Eingabetaste öffnet das Foto in der Mitte.',
    zoomIn: 'Vergrößern',
    zoomOut: 'Verkleinern',
    fit: 'Alles anzeigen',
    legend: 'Labels der Karte',
    query: 'Foto auf der Karte zeigen',
    nowhere: (name) => `Keines der ähnlichsten Fotos zu ${name} ist auf der Karte.`,
    placed: (name, label, similarity) =>
      `${name} liegt beim doppelten Ring. Das ähnlichste Foto ist ${label}, Ähnlichkeit ${similarity}.`,
  },
};
