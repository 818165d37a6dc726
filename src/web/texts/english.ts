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
  open: 'Open',
  edit: 'Edit',
  delete: 'Delete',
  continue: 'Continue',
  yourPhoto: 'Your photo',

  page: {
    title: 'pawdex: which breed is this?',
    description: 'Drop in a photo of a cat or dog and see the breed and the most similar photos.',
    skip: 'Skip to the content',
    pages: 'Pages',
    identify: 'Identify',
    collections: 'Collections',
    collection: 'Collection',
    darkTheme: 'Dark theme',
    language: 'Language',
    privacy: 'Photos are sent to this server only. Identifying a photo does not store it.',
    credits:
      'Cat photo: Chelsea, by Stefan van der Walt, CC0. Dog photo: Hans Kemperman, public domain. Pictures in “breeds”: Oxford-IIIT Pet Dataset, CC BY-SA 4.0.',
    reference: 'API reference',
    dropHere: 'Drop photos here',
  },

  key: {
    name: 'API key',
    use: 'Use this key',
    shape: 'letters, digits and symbols, without spaces',
    kept: 'Kept in this tab until you close it.',
    wanted: 'This server requires an API key.',
    refused: 'This key was not accepted. Check it, or ask the administrator of this server for one.',
  },

  ask: {
    title: 'Which breed is this?',
    intro:
      'Give pawdex a photo of a cat or dog. It finds the most similar photos in its collection, and they vote on the breed.',
    lookedAt: 'The answer is about the marked part.',
    drop: 'Drop a photo here',
    paste: 'You can also drop several photos or a folder, or paste a photo.',
    choose: 'Choose a photo',
    chooseAnother: 'Choose another photo',
    take: 'Take a photo',
    noPhoto: 'No photo at hand?',
    tryCat: 'Try this cat',
    tryDog: 'Try this dog',
    ready: 'Ready for a photo.',
    cannotShow: 'This browser cannot display this file.',
    noPicture:
      'This contains no picture. Drop or paste the image file itself: this page cannot open links to other sites.',
    unreadable: (n: number) => (n === 1 ? 'One file could not be read.' : `${n} files could not be read.`),
    smallerCopy: 'a smaller copy',
    sizes: (size: string, limit: string) => `The file is ${size}; this server accepts up to ${limit}.`,
    notOnServer: (name: string) => `${name} (not on this server)`,
    missing: (name: string) => `There is no collection “${name}” on this server. Choose another one above.`,
  },

  breeds: {
    summary: (breeds: string, photos: string) => `${breeds} in this collection (${photos})`,
    search: 'Search breeds',
    placeholder: 'Search',
    none: 'No matching breed.',
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
    nothingToCompare: 'Nothing to compare with',
    noClear: 'No clear answer',
    notSure: 'Not sure',
    isEmpty: 'This collection has no photos yet.',
    fillIt: 'Add labelled photos, or choose another collection above.',
    uncalibrated: 'This collection is not calibrated. Treat this as the closest match, not as an answer.',
    unsettled: 'Another photo may help. It could also be a mix, or a breed that is not in this collection.',
    notEnough: 'The vote is not clear enough to name a breed.',
    tooClose: 'Too close to call.',
    unknown:
      'This may be a breed that is not in this collection, a mix, or neither a cat nor a dog. The most similar photos are below.',
    tally: {
      unlabelled: (n: number) =>
        n === 1 ? 'The most similar photo has no label.' : `The ${n} most similar photos have no label.`,
      only: (label: string) => `There is only one photo to compare with: ${label}.`,
      all: (n: number, label: string) => `All of the ${n} most similar photos are ${label}.`,
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
        'Measured with photos of known breeds that are not in the collection: of 100 answers with 80% confidence, about 80 are right. The remainder covers other breeds, and photos without a cat or dog.',
      statistics:
        'Estimated from statistics of the model, not measured on this collection, so it may be less accurate than it looks. Calibrate the collection to measure it. The remainder covers everything that the collection does not contain.',
      vote: 'The most similar photos vote for their breed, and closer ones count more. The share of the vote shows how far they agree. It is not the probability that the answer is right: photos of something else get votes, too.',
    },
    isKnown: (label: string, collection: string) =>
      `This exact photo is already in “${collection}”, as ${label}.`,
    isNearlyKnown: (label: string, collection: string) =>
      `The same picture is already in “${collection}”, as ${label}.`,
    rivals: 'Nearest photo of each breed',
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
    withoutPicture: 'Without pictures',
    similarity: 'similarity',
    cosine: 'Cosine similarity of the embeddings; 1 means the same picture',
    range: (from: string, to: string) => `${from} to ${to}`,
    named: (label: string, similarity: string) => `${label}, similarity ${similarity}`,
    large: (label: string, similarity: string) => `${label}, similarity ${similarity}: enlarge`,
    similarityIs: (value: string) => `Similarity: ${value}`,
    similarityToPrevious: (value: string) => `Similarity to the previous photo: ${value}`,
    findSimilar: 'Find similar photos',
    similar: 'Most similar to this photo',
  },

  why: {
    show: 'Show why',
    these: 'these photos are similar',
    choose: 'Choose a photo below to see where its similarity comes from.',
    which: 'Photo to explain',
    thisPhoto: 'this photo',
    thisLabel: (label: string) => `this ${label}`,
    deleted: (other: string) => `No explanation: ${other}, was deleted in the meantime.`,
    noEvidence: (other: string) => `No part of the photo resembles ${other}.`,
    strongest: (zone: string, percent: string, other: string) =>
      `${zone} contributes the most: ${percent} of the evidence for ${other}.`,
    zones: [
      ['The upper left', 'The top', 'The upper right'],
      ['The left', 'The middle', 'The right'],
      ['The lower left', 'The bottom', 'The lower right'],
    ],
    scaleNone: 'none',
    scaleMost: 'strongest',
    scaleAgainst: 'opposing',
  },

  animals: {
    title: 'More than one animal?',
    hint: 'Other parts of the photo look like other breeds. Identify one of them:',
    identify: (breed: string, percent: string) => `${breed}, ${percent}`,
  },

  refine: {
    titles: { more: 'More like this', less: 'Not like this' },
    more: (label: string) => `More like this ${label}`,
    less: (label: string) => `Not like this ${label}`,
    title: 'Most similar to your photo and your marks',
    marked: 'Marked photos',
    remove: 'Remove this mark',
    clear: 'Remove all marks',
    updated: 'The list was updated with your marks.',
    cleared: 'All marks were removed.',
  },

  crop: {
    start: 'Choose a part',
    end: 'Whole photo',
    frame: 'Part of the photo to identify',
    move: 'Move the part with the arrow keys',
    corners: ['Upper left corner', 'Upper right corner', 'Lower left corner', 'Lower right corner'],
  },

  batch: {
    title: (n: number) => `${n} photos`,
    waiting: 'Waiting',
    progress: (answered: string, all: string) => `${answered} of ${all} answered`,
    failed: (n: number) => `${n} without an answer`,
    stop: 'Stop',
  },

  session: { title: 'In this session' },

  savePicture: 'Save as a picture',

  share: {
    button: 'Share as a link',
    link: 'Link to this answer',
    made: (until: string) => `Anyone with access to this server can open this link until ${until}.`,
    until: (until: string) => `a shared answer, available until ${until}`,
  },

  teach: {
    right: 'That is right',
    wrong: 'Wrong, it is …',
    itIs: 'I know the breed …',
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
