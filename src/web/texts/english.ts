/**
 * The page's texts in English, except those about collections, which are in english-manage.ts. A text with parameters is a
 * function.
 */

// Lists without a comma before the last word.
const either = new Intl.ListFormat('en-GB', { type: 'disjunction' });
const all = new Intl.ListFormat('en-GB', { type: 'conjunction' });

export const english = {
  /** One, and several. */
  nouns: {
    photo: ['photo', 'photos'],
    label: ['label', 'labels'],
    breed: ['breed', 'breeds'],
    'labelled photo': ['labelled photo', 'labelled photos'],
  } satisfies Record<string, [string, string]>,
  noLabel: 'No label',
  or: (words: string[]) => either.format(words),
  cancel: 'Cancel',
  close: 'Close',
  yourPhoto: 'Your photo',

  page: {
    title: 'pawdex: which breed is this?',
    description: 'Drop in a photo of a cat or dog and see the breed and the most similar photos.',
    skip: 'Skip to the photo',
    pages: 'Pages',
    ask: 'Ask',
    collections: 'Collections',
    collection: 'Collection',
    darkTheme: 'Dark theme',
    language: 'Language',
    privacy: 'Photos go only to this server. Asking for a breed does not store them.',
    credits:
      'Cat photo: Chelsea, by Stefan van der Walt, CC0. Dog photo: Hans Kemperman, public domain. Pictures in “breeds”: Oxford-IIIT Pet Dataset, CC BY-SA 4.0.',
    reference: 'API reference',
    dropHere: 'Drop the photo',
  },

  key: {
    name: 'API key',
    use: 'Use this key',
    shape: 'letters, digits and symbols, without spaces',
    kept: 'Kept in this tab until you close it.',
    wanted: 'This server asks for an API key.',
    refused: 'That key was not accepted. Check it, or ask whoever runs this server for one.',
  },

  ask: {
    title: 'Which breed is this?',
    intro:
      'Give pawdex a photo of a cat or dog: it finds the most similar photos it knows and lets them vote on the breed.',
    given: 'Your photo',
    lookedAt: 'The answer is about the marked part.',
    drop: 'Drop a photo here',
    paste: 'or several, or a folder; or paste one from the clipboard',
    choose: 'Choose a photo',
    chooseAnother: 'Choose another',
    take: 'Take a photo',
    noPhoto: 'No photo at hand?',
    tryCat: 'Try this cat',
    tryDog: 'Try this dog',
    ready: 'Ready for a photo.',
    cannotShow: 'This browser cannot show this kind of file.',
    noPicture:
      'That contains no picture. Drop or paste the file itself: links to pictures on other sites cannot be read.',
    unreadable: (n: number) => (n === 1 ? 'One file could not be read.' : `${n} files could not be read.`),
    smallerCopy: 'a smaller copy',
    sizes: (size: string, most: string) => `It has ${size}; the server accepts up to ${most}.`,
    notOnServer: (name: string) => `${name} (not on this server)`,
    missing: (name: string) => `There is no collection “${name}” on this server. Choose another one above.`,
  },

  known: {
    summary: (breeds: string, photos: string) => `Knows ${breeds} from ${photos}`,
    search: 'Search the breeds',
    placeholder: 'Search',
    none: 'Not known here.',
    some: (shown: number, all: number) => `${shown} of ${all}`,
  },

  working: {
    kicker: 'One moment',
    looking: 'Looking for similar photos.',
    sending: 'Sending the photo',
    sent: (percent: string) => `Sending the photo, ${percent}`,
    comparing: 'Comparing with the collection',
  },

  answer: {
    looksLike: 'Looks like',
    mostSimilarTo: 'Most similar to',
    notCertain: 'Not certain',
    perhaps: (breed: string) => `Perhaps ${breed}`,
    either: 'Could be either',
    anyOf: 'Could be any of these',
    none: 'No answer',
    nothingToCompare: 'Nothing to compare with',
    noClear: 'No clear answer',
    notSure: 'Not sure',
    isEmpty: 'This collection has no photos yet.',
    fillIt: 'Add labelled photos to it, or choose another collection above.',
    uncalibrated:
      'Nobody has measured yet how often this collection is right, so take this as the most similar breed, not as an answer.',
    unsettled: 'Another photo may settle it; it may also be a mix, or something not known here.',
    notEnough: 'Not enough to name the breed.',
    tooClose: 'Too close to call, so no breed is picked.',
    unknown:
      'It may be a breed that this collection does not know, a mix, or no cat or dog at all. The most similar photos are below.',
    tally: {
      unlabelled: (n: number) =>
        n === 1 ? 'The most similar photo has no label.' : `The ${n} most similar photos have no label.`,
      only: (label: string) => `There is only one photo to compare with: ${label}.`,
      all: (n: number, label: string) => `All ${n} most similar photos are ${label}.`,
      part: (n: number, label: string, isFirst: boolean) =>
        `${n} ${isFirst ? (n === 1 ? 'is ' : 'are ') : ''}${label}`,
      withoutLabel: (n: number) => `${n} without a label`,
      some: (n: number, parts: string[]) => `Of the ${n} most similar photos, ${all.format(parts)}.`,
    },
    confidence: 'confidence',
    voteShare: 'share of the vote',
    confidenceTitle: 'Confidence',
    voteTitle: 'How the vote went',
    confidenceMeans: 'What the confidence means',
    voteMeans: 'What the share of the vote means',
    meaning: {
      calibration:
        'Fitted on photos with known breeds that are not in the collection: of 100 answers with a confidence of 80%, about 80 are right. The rest stands for other breeds, and for photos without a cat or dog.',
      statistics:
        'Based on statistics of the model for any collection. It was not measured on this one, so it may be less accurate than it says. Calibrate the collection to measure it. The rest stands for everything that the collection does not contain.',
      vote: 'The most similar photos vote for their breed, and closer ones count more. A share of the vote says how much they agree. It is not the probability that the answer is right: photos of something else get votes, too.',
    },
    isKnown: (label: string, collection: string) =>
      `This exact photo is already in “${collection}”, as ${label}.`,
    isNearlyKnown: (label: string, collection: string) =>
      `The same picture is already in “${collection}”, as ${label}.`,
    rivals: 'The nearest photo of each',
    somethingElse: 'Something else',
    otherBreeds: 'Other breeds',
    took: (time: string) => `Answered in ${time}`,
    steps: (decode: string, embed: string, search: string) =>
      `decode ${decode} · embed ${embed} · search ${search}`,
    model: (name: string) => `model ${name}, `,
  },

  neighbours: {
    title: 'Most similar photos',
    inCollection: (collection: string) => `in “${collection}”, nearest first`,
    noPictures: (collection: string) => `in “${collection}”, nearest first; without pictures`,
    withoutPicture: 'Without a picture',
    similarity: 'similarity',
    cosine: 'Cosine similarity of the embeddings; 1 is the same picture',
    range: (from: string, to: string) => `${from} to ${to}`,
    open: 'Open',
    named: (label: string, similarity: string) => `${label}, similarity ${similarity}`,
    large: (label: string, similarity: string) => `${label}, similarity ${similarity}: enlarge`,
    similarityIs: (value: string) => `Similarity ${value}`,
    toTheOneBefore: (value: string) => `Similarity ${value} to the one before`,
    searchOn: 'Search with this one',
    similarToThis: 'Most similar to this one',
  },

  why: {
    show: 'Show why',
    these: 'these photos are similar',
    choose: 'Choose a photo below to see where its similarity comes from.',
    which: 'Neighbour to explain',
    thisPhoto: 'this photo',
    thisLabel: (label: string) => `this ${label}`,
    deleted: (other: string) => `This cannot be shown: ${other} was deleted in the meantime.`,
    noEvidence: (other: string) => `No part of the photo resembles ${other}.`,
    most: (zone: string, percent: string, other: string) =>
      `${zone} contributes the most: ${percent} of the evidence for ${other}.`,
    other: (label: string, similarity: string) => `${label}, similarity ${similarity}`,
    zones: [
      ['The upper left', 'The top', 'The upper right'],
      ['The left', 'The middle', 'The right'],
      ['The lower left', 'The bottom', 'The lower right'],
    ],
    scaleNone: 'nothing',
    scaleMost: 'most',
    scaleAgainst: 'against',
  },

  animals: {
    title: 'More than one animal?',
    hint: 'Other parts of the photo look like different breeds. Ask about one of them:',
    ask: (breed: string, percent: string) => `${breed}, ${percent}`,
  },

  refine: {
    titles: { more: 'More like this', less: 'Not like this' },
    more: (label: string) => `More like this ${label}`,
    less: (label: string) => `Not like this ${label}`,
    title: 'Most similar to your photo and your marks',
    marked: 'Marked photos',
    takeBack: 'Remove this mark',
    clear: 'Start over',
    updated: 'The list was updated with your marks.',
    cleared: 'All marks were removed.',
  },

  crop: {
    start: 'Choose a part',
    end: 'Whole photo',
    frame: 'Part of the photo to ask about',
    move: 'Move the part with the arrow keys',
    corners: ['Upper left corner', 'Upper right corner', 'Lower left corner', 'Lower right corner'],
  },

  batch: {
    title: (n: number) => `${n} photos`,
    waiting: 'Waiting',
    progress: (answered: string, all: string) => `${answered} of ${all} answered`,
    failed: (n: number) => `${n} without an answer`,
    stop: 'Stop',
    again: 'Continue',
  },

  session: { title: 'In this session' },

  savePicture: 'Save as a picture',

  share: {
    button: 'Share as a link',
    link: 'Link to this answer',
    made: (until: string) => `Anyone with access to this server can open it until ${until}.`,
    until: (until: string) => `a shared answer, available until ${until}`,
  },

  teach: {
    right: 'That is right',
    wrong: 'Wrong, it is …',
    itIs: 'I know: it is …',
    label: 'Label',
    collection: 'Add the photo to',
    add: 'Add the photo',
    done: (label: string, collection: string) => `Added to “${collection}” as ${label}.`,
    exists: (label: string, collection: string) =>
      `This photo is already in “${collection}”; its label was not changed to ${label}.`,
  },

  failure: {
    unexpected: (status: number) => `The server answered with status ${status}.`,
    kicker: 'No answer',
    again: 'Try again',
    againIn: (seconds: number) => `Try again (${seconds})`,
    smaller: 'Send a smaller copy',
  },
};

export type AskTexts = typeof english;
