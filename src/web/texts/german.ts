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
  yourPhoto: 'Ihr Foto',

  page: {
    title: 'pawdex: Welche Rasse ist das?',
    description: 'Foto einer Katze oder eines Hundes ablegen und die Rasse und die ähnlichsten Fotos sehen.',
    skip: 'Zum Foto springen',
    pages: 'Seiten',
    ask: 'Fragen',
    collections: 'Sammlungen',
    collection: 'Sammlung',
    darkTheme: 'Dunkles Design',
    language: 'Sprache',
    privacy: 'Fotos gehen nur an diesen Server. Bei der Frage nach der Rasse werden sie nicht gespeichert.',
    credits:
      'Katzenfoto: Chelsea, von Stefan van der Walt, CC0. Hundefoto: Hans Kemperman, gemeinfrei. Bilder in „breeds“: Oxford-IIIT Pet Dataset, CC BY-SA 4.0.',
    reference: 'API-Referenz',
    dropHere: 'Foto hier loslassen',
  },

  key: {
    name: 'API-Schlüssel',
    use: 'Diesen Schlüssel verwenden',
    shape: 'Buchstaben, Ziffern und Sonderzeichen, ohne Leerzeichen',
    kept: 'Bleibt in diesem Tab, bis Sie ihn schließen.',
    wanted: 'Dieser Server verlangt einen API-Schlüssel.',
    refused:
      'Dieser Schlüssel wurde nicht akzeptiert. Prüfen Sie ihn, oder wenden Sie sich an den Betreiber des Servers.',
  },

  ask: {
    title: 'Welche Rasse ist das?',
    intro:
      'Geben Sie pawdex ein Foto einer Katze oder eines Hundes: Es sucht die ähnlichsten Fotos, die es kennt, und lässt sie über die Rasse abstimmen.',
    given: 'Ihr Foto',
    lookedAt: 'Die Antwort gilt für den markierten Teil.',
    drop: 'Foto hier ablegen',
    paste: 'oder mehrere, oder einen Ordner, oder aus der Zwischenablage einfügen',
    choose: 'Foto auswählen',
    chooseAnother: 'Anderes auswählen',
    take: 'Foto aufnehmen',
    noPhoto: 'Kein Foto zur Hand?',
    tryCat: 'Diese Katze ausprobieren',
    tryDog: 'Diesen Hund ausprobieren',
    ready: 'Bereit für ein Foto.',
    cannotShow: 'Dieser Browser kann solche Dateien nicht anzeigen.',
    noPicture:
      'Das enthält kein Bild. Legen Sie die Datei selbst ab oder fügen Sie sie ein: Links zu Bildern auf anderen Seiten lassen sich nicht lesen.',
    unreadable: (n) =>
      n === 1 ? 'Eine Datei ließ sich nicht lesen.' : `${n} Dateien ließen sich nicht lesen.`,
    smallerCopy: 'eine kleinere Kopie',
    sizes: (size, most) => `Sie hat ${size}; der Server akzeptiert bis zu ${most}.`,
    notOnServer: (name) => `${name} (nicht auf diesem Server)`,
    missing: (name) => `Auf diesem Server gibt es keine Sammlung „${name}“. Wählen Sie oben eine andere.`,
  },

  known: {
    summary: (breeds, photos) => `Kennt ${breeds} aus ${photos}`,
    search: 'Rassen durchsuchen',
    placeholder: 'Suchen',
    none: 'Hier nicht bekannt.',
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
    none: 'Keine Antwort',
    nothingToCompare: 'Nichts zum Vergleichen',
    noClear: 'Keine klare Antwort',
    notSure: 'Nicht sicher',
    isEmpty: 'Diese Sammlung hat noch keine Fotos.',
    fillIt: 'Fügen Sie Fotos mit Label hinzu, oder wählen Sie oben eine andere Sammlung.',
    uncalibrated:
      'Wie oft diese Sammlung richtig liegt, hat noch niemand gemessen. Verstehen Sie dies als die ähnlichste Rasse, nicht als Antwort.',
    unsettled:
      'Ein weiteres Foto kann es klären; es kann auch ein Mischling sein oder etwas, das hier nicht bekannt ist.',
    notEnough: 'Das reicht nicht, um die Rasse zu nennen.',
    tooClose: 'Zu knapp, daher wird keine Rasse genannt.',
    unknown:
      'Es kann eine Rasse sein, die diese Sammlung nicht kennt, ein Mischling, oder weder Katze noch Hund. Die ähnlichsten Fotos stehen unten.',
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
        'Ermittelt mit Fotos, deren Rasse bekannt ist und die nicht in der Sammlung sind: Von 100 Antworten mit einer Sicherheit von 80 % sind etwa 80 richtig. Der Rest steht für andere Rassen und dafür, dass es weder Katze noch Hund ist.',
      statistics:
        'Beruht auf Statistiken des Modells für beliebige Sammlungen. An dieser wurde nicht gemessen, daher kann der Fehler größer sein als angegeben. Kalibrieren Sie die Sammlung, um ihn zu messen. Der Rest steht für alles, was die Sammlung nicht enthält.',
      vote: 'Die ähnlichsten Fotos stimmen für ihre Rasse, und ähnlichere zählen mehr. Der Stimmenanteil sagt, wie einig sie sich sind. Er ist nicht die Wahrscheinlichkeit, dass die Antwort stimmt: Auch Fotos von etwas anderem bekommen Stimmen.',
    },
    isKnown: (label, collection) => `Genau dieses Foto ist schon in „${collection}“, als ${label}.`,
    isNearlyKnown: (label, collection) => `Dasselbe Bild ist schon in „${collection}“, als ${label}.`,
    rivals: 'Jeweils das ähnlichste Foto',
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
    withoutPicture: 'Ohne Bild',
    similarity: 'Ähnlichkeit',
    cosine: 'Kosinus-Ähnlichkeit der Vektoren; 1 ist dasselbe Bild',
    range: (from, to) => `${from} bis ${to}`,
    open: 'Öffnen',
    named: (label, similarity) => `${label}, Ähnlichkeit ${similarity}`,
    large: (label, similarity) => `${label}, Ähnlichkeit ${similarity}: vergrößern`,
    similarityIs: (value) => `Ähnlichkeit ${value}`,
    toTheOneBefore: (value) => `Ähnlichkeit ${value} zum vorigen`,
    searchOn: 'Mit diesem suchen',
    similarToThis: 'Diesem am ähnlichsten',
  },

  why: {
    show: 'Warum?',
    these: 'Woher die Ähnlichkeit dieser Fotos kommt',
    choose: 'Wählen Sie unten ein Foto, um zu sehen, woher seine Ähnlichkeit kommt.',
    which: 'Zu erklärendes Foto',
    thisPhoto: 'dieses Foto',
    thisLabel: (label) => `dieses Foto (${label})`,
    deleted: (other) => `Das lässt sich nicht zeigen: ${other} wurde inzwischen gelöscht.`,
    noEvidence: (other) => `Kein Teil des Fotos spricht für ${other}.`,
    most: (zone, percent, other) =>
      `${zone} trägt am meisten bei: ${percent} von dem, was für ${other} spricht.`,
    other: (label, similarity) => `${label}, Ähnlichkeit ${similarity}`,
    zones: [
      ['Der Teil oben links', 'Der obere Teil', 'Der Teil oben rechts'],
      ['Der linke Teil', 'Die Mitte', 'Der rechte Teil'],
      ['Der Teil unten links', 'Der untere Teil', 'Der Teil unten rechts'],
    ],
    scaleNone: 'nichts',
    scaleMost: 'am meisten',
    scaleAgainst: 'dagegen',
  },

  animals: {
    title: 'Mehr als ein Tier?',
    hint: 'Andere Teile des Fotos sehen nach verschiedenen Rassen aus. Nach einer davon fragen:',
    ask: (breed, percent) => `${breed}, ${percent}`,
  },

  refine: {
    titles: { more: 'Mehr davon', less: 'Weniger davon' },
    more: (label) => `Mehr wie dieses Foto (${label})`,
    less: (label) => `Weniger wie dieses Foto (${label})`,
    title: 'Am ähnlichsten zu Ihrem Foto und Ihren Markierungen',
    marked: 'Markierte Fotos',
    takeBack: 'Markierung entfernen',
    clear: 'Zurücksetzen',
    updated: 'Die Liste wurde mit Ihren Markierungen aktualisiert.',
    cleared: 'Alle Markierungen wurden entfernt.',
  },

  crop: {
    start: 'Ausschnitt wählen',
    end: 'Ganzes Foto',
    frame: 'Teil des Fotos, nach dem gefragt wird',
    move: 'Ausschnitt mit den Pfeiltasten verschieben',
    corners: ['Ecke oben links', 'Ecke oben rechts', 'Ecke unten links', 'Ecke unten rechts'],
  },

  batch: {
    title: (n) => `${n} Fotos`,
    waiting: 'Wartet',
    progress: (answered, all) => `${answered} von ${all} beantwortet`,
    failed: (n) => `${n} ohne Antwort`,
    stop: 'Anhalten',
    again: 'Weiter',
  },

  session: { title: 'In dieser Sitzung' },

  savePicture: 'Als Bild speichern',

  share: {
    button: 'Als Link teilen',
    link: 'Link zu dieser Antwort',
    made: (until) => `Wer Zugriff auf diesen Server hat, kann sie bis ${until} öffnen.`,
    until: (until) => `eine geteilte Antwort, verfügbar bis ${until}`,
  },

  teach: {
    right: 'Das stimmt',
    wrong: 'Falsch, es ist …',
    itIs: 'Ich weiß es: …',
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
