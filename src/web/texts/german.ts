/** The page's texts in German; german-manage.ts has those about collections. */
import type { AskTexts } from './english.js';
import { germanManage } from './german-manage.js';
import { germanProblems } from './german-problems.js';

const either = new Intl.ListFormat('de', { type: 'disjunction' });
const all = new Intl.ListFormat('de', { type: 'conjunction' });

export const german: AskTexts = {
  nouns: {
    photo: ['Foto', 'Fotos'],
    label: ['Label', 'Labels'],
    breed: ['Rasse', 'Rassen'],
    'labelled photo': ['Foto mit Label', 'Fotos mit Label'],
  },
  noLabel: 'Ohne Label',
  or: (words) => either.format(words),
  cancel: 'Abbrechen',
  close: 'Schließen',
  open: 'Öffnen',
  edit: 'Bearbeiten',
  delete: 'Löschen',
  continue: 'Fortsetzen',
  yourPhoto: 'Ihr Foto',

  page: {
    title: 'pawdex: Welche Rasse ist das?',
    description: 'Foto einer Katze oder eines Hundes ablegen und die Rasse und die ähnlichsten Fotos sehen.',
    skip: 'Zum Inhalt springen',
    pages: 'Seiten',
    identify: 'Bestimmen',
    collections: 'Sammlungen',
    collection: 'Sammlung',
    darkTheme: 'Dunkles Design',
    language: 'Sprache',
    privacy: 'Fotos gehen nur an diesen Server. Beim Bestimmen werden sie nicht gespeichert.',
    credits:
      'Katzenfoto: Chelsea, von Stefan van der Walt, CC0. Hundefoto: Hans Kemperman, gemeinfrei. Bilder in „breeds“: Oxford-IIIT Pet Dataset, CC BY-SA 4.0.',
    reference: 'API-Referenz',
    dropHere: 'Fotos hier ablegen',
  },

  key: {
    name: 'API-Schlüssel',
    use: 'Diesen Schlüssel verwenden',
    shape: 'Buchstaben, Ziffern und Sonderzeichen, ohne Leerzeichen',
    kept: 'Bleibt in diesem Tab, bis Sie ihn schließen.',
    wanted: 'Dieser Server verlangt einen API-Schlüssel.',
    refused:
      'Dieser Schlüssel wurde nicht akzeptiert. Prüfen Sie ihn, oder fragen Sie den Betreiber des Servers nach einem.',
  },

  ask: {
    title: 'Welche Rasse ist das?',
    intro:
      'Geben Sie pawdex ein Foto einer Katze oder eines Hundes. Es sucht die ähnlichsten Fotos in seiner Sammlung und lässt sie über die Rasse abstimmen.',
    lookedAt: 'Die Antwort gilt für den markierten Teil.',
    drop: 'Foto hier ablegen',
    paste: 'Sie können auch mehrere Fotos oder einen Ordner ablegen oder ein Foto einfügen.',
    choose: 'Foto auswählen',
    chooseAnother: 'Anderes Foto auswählen',
    take: 'Foto aufnehmen',
    noPhoto: 'Kein Foto zur Hand?',
    tryCat: 'Diese Katze ausprobieren',
    tryDog: 'Diesen Hund ausprobieren',
    ready: 'Bereit für ein Foto.',
    cannotShow: 'Dieser Browser kann diese Datei nicht anzeigen.',
    noPicture:
      'Das enthält kein Bild. Legen Sie die Bilddatei selbst ab oder fügen Sie sie ein: Diese Seite kann keine Links zu anderen Seiten öffnen.',
    unreadable: (n) =>
      n === 1 ? 'Eine Datei ließ sich nicht lesen.' : `${n} Dateien ließen sich nicht lesen.`,
    smallerCopy: 'eine kleinere Kopie',
    sizes: (size, limit) => `Die Datei hat ${size}; dieser Server akzeptiert bis zu ${limit}.`,
    notOnServer: (name) => `${name} (nicht auf diesem Server)`,
    missing: (name) => `Auf diesem Server gibt es keine Sammlung „${name}“. Wählen Sie oben eine andere.`,
  },

  breeds: {
    summary: (breeds, photos) => `${breeds} in dieser Sammlung (${photos})`,
    search: 'Rassen durchsuchen',
    placeholder: 'Suchen',
    none: 'Keine passende Rasse.',
    some: (shown, all) => `${shown} von ${all}`,
  },

  working: {
    kicker: 'Einen Moment',
    looking: 'Ähnliche Fotos werden gesucht.',
    sending: 'Foto wird gesendet',
    sent: (percent) => `Foto wird gesendet, ${percent}`,
    comparing: 'Vergleich mit der Sammlung',
  },

  answer: {
    looksLike: 'Sieht aus wie',
    mostSimilarTo: 'Am ähnlichsten:',
    notCertain: 'Nicht sicher',
    perhaps: (breed) => `Vielleicht ${breed}`,
    either: 'Könnte beides sein',
    anyOf: 'Könnte jedes davon sein',
    nothingToCompare: 'Nichts zum Vergleichen',
    noClear: 'Keine klare Antwort',
    notSure: 'Nicht sicher',
    isEmpty: 'Diese Sammlung hat noch keine Fotos.',
    fillIt: 'Fügen Sie Fotos mit Label hinzu, oder wählen Sie oben eine andere Sammlung.',
    uncalibrated:
      'Diese Sammlung ist nicht kalibriert. Verstehen Sie dies als die ähnlichste Rasse, nicht als Antwort.',
    unsettled:
      'Ein weiteres Foto kann helfen. Es kann auch ein Mischling sein oder eine Rasse, die nicht in dieser Sammlung ist.',
    notEnough: 'Das Ergebnis ist nicht eindeutig genug, um eine Rasse zu nennen.',
    tooClose: 'Das Ergebnis ist zu knapp.',
    unknown:
      'Das kann eine Rasse sein, die nicht in dieser Sammlung ist, ein Mischling oder weder Katze noch Hund. Die ähnlichsten Fotos stehen unten.',
    tally: {
      unlabelled: (n) =>
        n === 1 ? 'Das ähnlichste Foto hat kein Label.' : `Die ${n} ähnlichsten Fotos haben kein Label.`,
      only: (label) => `Es gibt nur ein Foto zum Vergleichen: ${label}.`,
      all: (n, label) => `Alle ${n} ähnlichsten Fotos sind ${label}.`,
      part: (n, label, isFirst) => `${isFirst ? (n === 1 ? 'ist ' : 'sind ') : ''}${n} ${label}`,
      withoutLabel: (n) => `${n} ohne Label`,
      some: (n, parts) => `Von den ${n} ähnlichsten Fotos ${all.format(parts)}.`,
    },
    confidence: 'Sicherheit',
    voteShare: 'Stimmenanteil',
    confidenceTitle: 'Sicherheit',
    voteTitle: 'Ergebnis der Abstimmung',
    confidenceMeans: 'Was die Sicherheit bedeutet',
    voteMeans: 'Was der Stimmenanteil bedeutet',
    meaning: {
      calibration:
        'Gemessen mit Fotos bekannter Rassen, die nicht in der Sammlung sind: Von 100 Antworten mit 80 % Sicherheit sind etwa 80 richtig. Der Rest steht für andere Rassen und für Fotos ohne Katze oder Hund.',
      statistics:
        'Aus Statistiken des Modells geschätzt, nicht an dieser Sammlung gemessen, und daher vielleicht weniger genau, als es aussieht. Kalibrieren Sie die Sammlung, um die Sicherheit zu messen. Der Rest steht für alles, was die Sammlung nicht enthält.',
      vote: 'Die ähnlichsten Fotos stimmen für ihre Rasse, und ähnlichere zählen mehr. Der Stimmenanteil zeigt, wie einig sie sich sind. Er ist nicht die Wahrscheinlichkeit, dass die Antwort stimmt: Auch Fotos von etwas anderem bekommen Stimmen.',
    },
    isKnown: (label, collection) => `Genau dieses Foto ist schon in „${collection}“, als ${label}.`,
    isNearlyKnown: (label, collection) => `Dasselbe Bild ist schon in „${collection}“, als ${label}.`,
    rivals: 'Das ähnlichste Foto jeder Rasse',
    somethingElse: 'Etwas anderes',
    otherBreeds: 'Andere Rassen',
    took: (time) => `Beantwortet in ${time}`,
    steps: (decode, embed, search) => `Lesen ${decode} · Vektor ${embed} · Suche ${search}`,
    model: (name) => `Modell ${name}, `,
  },

  neighbours: {
    title: 'Ähnlichste Fotos',
    inCollection: (collection) => `in „${collection}“, ähnlichste zuerst`,
    noPictures: (collection) => `in „${collection}“, ähnlichste zuerst; ohne Bilder`,
    withoutPicture: 'Ohne Bilder',
    similarity: 'Ähnlichkeit',
    cosine: 'Kosinus-Ähnlichkeit der Vektoren; 1 bedeutet dasselbe Bild',
    range: (from, to) => `${from} bis ${to}`,
    named: (label, similarity) => `${label}, Ähnlichkeit ${similarity}`,
    large: (label, similarity) => `${label}, Ähnlichkeit ${similarity}: vergrößern`,
    similarityIs: (value) => `Ähnlichkeit: ${value}`,
    similarityToPrevious: (value) => `Ähnlichkeit zum vorigen Foto: ${value}`,
    findSimilar: 'Ähnliche Fotos suchen',
    similar: 'Am ähnlichsten zu diesem Foto',
  },

  why: {
    show: 'Warum?',
    these: 'Woher die Ähnlichkeit dieser Fotos kommt',
    choose: 'Wählen Sie unten ein Foto, um zu sehen, woher seine Ähnlichkeit kommt.',
    which: 'Zu erklärendes Foto',
    thisPhoto: 'dieses Foto',
    thisLabel: (label) => `dieses Foto (${label})`,
    deleted: (other) => `Keine Erklärung: ${other}, wurde inzwischen gelöscht.`,
    noEvidence: (other) => `Kein Teil des Fotos spricht für ${other}.`,
    strongest: (zone, percent, other) => `${zone} trägt am meisten bei: ${percent} der Belege für ${other}.`,
    zones: [
      ['Der Teil oben links', 'Der obere Teil', 'Der Teil oben rechts'],
      ['Der linke Teil', 'Die Mitte', 'Der rechte Teil'],
      ['Der Teil unten links', 'Der untere Teil', 'Der Teil unten rechts'],
    ],
    scaleNone: 'schwach',
    scaleMost: 'stark',
    scaleAgainst: 'dagegen',
  },

  animals: {
    title: 'Mehr als ein Tier?',
    hint: 'Andere Teile des Fotos sehen nach anderen Rassen aus. Einen davon bestimmen:',
    identify: (breed, percent) => `${breed}, ${percent}`,
  },

  refine: {
    titles: { more: 'Mehr davon', less: 'Weniger davon' },
    more: (label) => `Mehr wie dieses Foto (${label})`,
    less: (label) => `Weniger wie dieses Foto (${label})`,
    title: 'Am ähnlichsten zu Ihrem Foto und Ihren Markierungen',
    marked: 'Markierte Fotos',
    remove: 'Markierung entfernen',
    clear: 'Alle Markierungen entfernen',
    updated: 'Die Liste wurde mit Ihren Markierungen aktualisiert.',
    cleared: 'Alle Markierungen wurden entfernt.',
  },

  crop: {
    start: 'Ausschnitt wählen',
    end: 'Ganzes Foto',
    frame: 'Teil des Fotos, der bestimmt wird',
    move: 'Ausschnitt mit den Pfeiltasten verschieben',
    corners: ['Ecke oben links', 'Ecke oben rechts', 'Ecke unten links', 'Ecke unten rechts'],
  },

  batch: {
    title: (n) => `${n} Fotos`,
    waiting: 'Wartet',
    progress: (answered, all) => `${answered} von ${all} beantwortet`,
    failed: (n) => `${n} ohne Antwort`,
    stop: 'Anhalten',
  },

  session: { title: 'In dieser Sitzung' },

  savePicture: 'Als Bild speichern',

  share: {
    button: 'Als Link teilen',
    link: 'Link zu dieser Antwort',
    made: (until) => `Wer Zugriff auf diesen Server hat, kann diesen Link bis ${until} öffnen.`,
    until: (until) => `eine geteilte Antwort, verfügbar bis ${until}`,
  },

  teach: {
    right: 'Das stimmt',
    wrong: 'Falsch, es ist …',
    itIs: 'Ich kenne die Rasse …',
    label: 'Label',
    collection: 'Foto hinzufügen zu',
    add: 'Foto hinzufügen',
    done: (label, collection) => `Zu „${collection}“ hinzugefügt als ${label}.`,
    exists: (label, collection) =>
      `Dieses Foto ist schon in „${collection}“; sein Label wurde nicht auf ${label} geändert.`,
  },

  failure: {
    unexpected: (status) => `Der Server hat mit dem Status ${status} geantwortet.`,
    kicker: 'Keine Antwort',
    again: 'Erneut versuchen',
    againIn: (seconds) => `Erneut versuchen (${seconds})`,
    smaller: 'Kleinere Kopie senden',
  },
};

export const germanTexts = { ...german, problems: germanProblems, manage: germanManage };
