/** Texts about collections, in German. */
import type { ManageTexts } from './english-manage.js';

const plural = (n: number, one: string, many: string) => `${n.toLocaleString('de')} ${n === 1 ? one : many}`;
const first = (shown: number | null) => (shown === null ? '' : `, die ersten ${shown}`);

export const germanManage: ManageTexts = {
  title: 'Sammlungen',
  all: '← Alle Sammlungen',
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
    empty: 'Sie ist leer: Fügen Sie unten Fotos hinzu.',
  },

  list: {
    ask: 'Fragen',
    edit: 'Bearbeiten',
    export: 'Exportieren',
    import: 'Datei importieren',
    importing: 'Die Datei wird importiert …',
    imported: (photos, known, failed) =>
      `${photos} importiert${known > 0 ? `, ${known.toLocaleString('de')} schon bekannt` : ''}${
        failed > 0 ? `, ${failed.toLocaleString('de')} fehlgeschlagen` : ''
      }.`,
    delete: 'Löschen',
    creation: 'Eine neue Sammlung',
    name: 'Name',
    namePattern: 'Buchstaben, Ziffern, - und _; am Anfang ein Buchstabe oder eine Ziffer',
    description: 'Beschreibung, wenn Sie möchten',
    create: 'Anlegen',
  },

  editing: {
    edit: 'Bearbeiten',
    title: (name) => `„${name}“ bearbeiten`,
    name: 'Name',
    aliases: 'Andere Namen',
    aliasesHelp: 'Durch Kommas getrennt. Sie führen weiter zu ihr.',
    description: 'Beschreibung',
    yes: 'Speichern',
  },

  deleting: {
    title: (name) => `„${name}“ löschen?`,
    warning: (photos) =>
      `Alles darin, ${photos}, wird von diesem Server gelöscht. Das lässt sich nicht rückgängig machen.`,
    confirm: (name) => `Zur Bestätigung ${name} eingeben`,
    otherName: 'So heißt sie nicht.',
    yes: 'Löschen',
    no: 'Behalten',
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
    none: 'Keine auswählen',
  },

  undo: {
    undo: 'Rückgängig',
    offered: (words) => `${words} Zehn Sekunden lang lässt es sich rückgängig machen.`,
    relabelled: (n, label) => `${plural(n, 'Foto hat', 'Fotos haben')} jetzt das Label ${label}.`,
    deleted: (n) => `${plural(n, 'Foto', 'Fotos')} gelöscht.`,
  },

  item: {
    source: 'Quelle',
    size: 'Größe',
    added: 'Hinzugefügt',
    none: 'nicht bekannt',
    close: 'Schließen',
  },

  add: {
    title: 'Fotos hinzufügen',
    help: 'Wählen Sie einen Ordner mit einem Unterordner je Label oder ein Zip davon, oder legen Sie ihn hier ab. Sie sehen zuerst, was dazukäme.',
    folder: 'Ordner auswählen',
    zip: 'Zip auswählen',
    photos: 'Fotos auswählen',
    single: 'Oder einzelne Fotos, mit dem Label',
    listing: 'Der Inhalt wird gelesen …',
    busy: 'Es werden gerade Fotos hinzugefügt. Brechen Sie das ab, oder warten Sie, bis es fertig ist.',
    tooMany: 'Das sind mehr als 200.000 Fotos. Benutzen Sie die Befehlszeile: pawdex index.',
    unreadable: 'Das lässt sich nicht lesen.',
    noPhotos: (name) => `In ${name} sind keine Fotos.`,
    tooLarge: 'Die Datei ist größer, als dieser Server annimmt.',
    encrypted: 'Sie ist verschlüsselt.',
    unfinished: (name, done, total) =>
      `${name} wurde nicht ganz hinzugefügt: ${done.toLocaleString('de')} von ${total.toLocaleString('de')}.`,
    chooseAgain: (kind) =>
      `Wählen Sie ${kind === 'zip' ? 'das Zip' : 'den Ordner'} noch einmal: Was schon hier ist, wird nicht wieder gesendet.`,
    goOn: 'Weiter',
    forget: 'Lassen',
  },

  empty: {
    folder:
      'Wählen Sie unten einen Ordner mit Fotos, oder legen Sie ihn auf dieser Seite ab. Der Name eines Unterordners wird zum Label.',
    check: 'Prüfen Sie die Labels und Zahlen, die er zeigt, und fügen Sie die Fotos hinzu.',
    calibrate:
      'Kalibrieren Sie die Sammlung unter „Qualität“, damit ihre Antworten sagen, wie wahrscheinlich sie stimmen.',
    terminal: 'Tausende Fotos gehen schneller von der Befehlszeile:',
  },

  preview: {
    rule: 'Das Label ist der Name',
    rules: { first: 'des ersten Unterordners', last: 'des letzten Unterordners', none: 'keines Ordners' },
    summary: (name, photos, labels) => `${name}: ${photos}, ${labels}`,
    start: 'Hinzufügen',
    more: (n) => `und ${n.toLocaleString('de')} weitere`,
    splits: (names) => `${names.join(', ')}: als Teile eines Datensatzes verstanden, nicht als Labels.`,
    unlabelled: (photos) => `${photos} in keinem Unterordner: ohne Label.`,
    noLabels: 'Es gibt keine Unterordner: Kein Foto bekommt ein Label.',
    similar: (a, b) => `„${a}“ und „${b}“ sind zwei Labels. Ist dasselbe gemeint?`,
    lonely: (n) =>
      `${plural(n, 'Label hat', 'Labels haben')} nur ein Foto, zu wenig zum Kalibrieren und Messen.`,
    tooLarge: (n, limit) =>
      `${plural(n, 'Foto ist', 'Fotos sind')} größer als die ${limit}, die dieser Server annimmt: ausgelassen.`,
    others: (n) => `${plural(n, 'Datei ist kein Foto', 'Dateien sind keine Fotos')}: ausgelassen.`,
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
    retries: 'Es wird alle zehn Sekunden noch einmal versucht.',
    sum: (added, total, known, failed) =>
      `${added} von ${total} Fotos hinzugefügt${known > 0 ? `, ${known.toLocaleString('de')} schon bekannt` : ''}${
        failed > 0 ? `, ${failed.toLocaleString('de')} fehlgeschlagen` : ''
      }.`,
    outcomes: {
      added: (n, shown) => `Hinzugefügt: ${n}${first(shown)}`,
      known: (n, shown) => `Schon bekannt: ${n}${first(shown)}`,
      failed: (n, shown) => `Fehlgeschlagen: ${n}${first(shown)}`,
    },
    pause: 'Anhalten',
    resume: 'Weiter',
    stop: 'Abbrechen',
  },

  quality: {
    waiting: 'Wartet, bis es an der Reihe ist',
    phases: {
      reading: 'Liest die Fotos',
      asking: 'Fragt nach den eigenen Fotos',
      'non-pets': 'Fragt nach anderen Fotos',
      computing: 'Rechnet',
      listing: 'Stellt fest, welche Fotos es gibt',
      embedding: 'Sieht sich die Fotos an',
      indexing: 'Fügt die Fotos hinzu',
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
      about: 'Findet heraus, wie weit man den Antworten trauen kann, indem es nach den eigenen Fotos fragt.',
      start: 'Kalibrieren',
    },
    evaluate: {
      title: 'Messen',
      about: 'Fragt nach jedem Foto ohne es selbst und zählt, wie oft die Antwort stimmt.',
      start: 'Messen',
    },
    check: {
      title: 'Falsche Labels',
      about: 'Findet Fotos, deren ähnlichste Fotos ein anderes Label haben.',
      start: 'Falsche Labels suchen',
    },
    none: 'Kein Foto',
    tooLittle: (photos, needed) => `Das ist zu wenig zum Kalibrieren: ${photos}, ${needed} sind nötig.`,
    calibrated: (photos) =>
      `Kalibriert mit ${photos} der Sammlung. Antworten sagen jetzt, wie wahrscheinlich sie stimmen.`,
    noPairs: 'Kein Label hat zwei Fotos, so dass keines nach einem anderen gefragt werden kann.',
    asked: (photos) => `${photos} der Sammlung gefragt, jedes ohne es selbst`,
    rightFirst: (share) => `${share} haben das richtige Label als erstes`,
    rightNearest: (share) => `${share} haben ein ähnlichstes Foto mit dem richtigen Label`,
    openReport: 'Bericht öffnen',
    report: 'Bericht der Messung',
    download: 'Bericht herunterladen',
    nothingWrong: (photos) => `Nichts fällt auf unter ${photos}.`,
    suspects: (photos, found, shown) =>
      `Von ${photos} ${found === 1 ? 'passt eines' : `passen ${found}`} nicht zu den ähnlichsten${
        found > shown ? `; die ${shown} auffälligsten:` : ':'
      }`,
    suspect: <T>(label: T, suggested: T) => [label, ', aber die ähnlichsten sagen ', suggested],
    vote: (share) => `(${share} der Stimmen)`,
    accept: 'Label ändern',
    reject: 'So lassen',
  },

  duplicates: {
    about: 'Fotos, die fast dasselbe Bild sind. Behalten Sie beide, oder löschen Sie eines.',
    threshold: 'Zeige Paare, die',
    thresholds: { 0.99: 'dasselbe Bild sind', 0.95: 'fast gleich sind', 0.9: 'ähnlich sind' },
    searching: (done, total) => `Sucht: ${done} von ${total} Fotos …`,
    none: (photos) => `Kein solches Paar unter ${photos} Fotos.`,
    found: (n) => `${plural(n, 'Paar', 'Paare')} gefunden, die ähnlichsten zuerst.`,
    more: (n) => `Mehr von ${n.toLocaleString('de')} zeigen`,
    alike: (similarity) => `Ähnlichkeit ${similarity}`,
    otherLabels: 'mit verschiedenen Labels',
    keepBoth: 'Beide behalten',
    delete: 'Dieses löschen',
    deleted: (source) => `${source} gelöscht.`,
  },

  map: {
    about: 'Fotos, die sich für den Encoder ähneln, liegen beieinander. Große Abstände bedeuten wenig.',
    drawing: 'Die Karte wird gezeichnet. Für Tausende Fotos dauert das bis zu einer Minute, einmal …',
    empty: 'Es gibt noch nichts zu zeigen: Die Sammlung ist leer.',
    shown: (photos) => `${photos} Fotos.`,
    sampled: (photos, total) => `${photos} von ${total} Fotos.`,
    canvas: (name) => `Karte von ${name}`,
    help: 'Ziehen verschiebt, Rad oder zwei Finger zoomen. Mit der Tastatur: Pfeile, + und −, 0 für alles, Eingabe öffnet das Foto in der Mitte.',
    zoomIn: 'Vergrößern',
    zoomOut: 'Verkleinern',
    fit: 'Alles zeigen',
    legend: 'Labels der Karte',
    query: 'Wo liegt ein Foto?',
    nowhere: (name) => `Keines der ähnlichsten Fotos zu ${name} ist auf der Karte.`,
    placed: (name, label, similarity) =>
      `${name} liegt beim doppelten Ring. Das ähnlichste Foto ist ${label}, Ähnlichkeit ${similarity}.`,
  },
};
