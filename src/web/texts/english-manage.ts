/** English texts about collections. A text with parameters is a function. */

const plural = (n: number, one: string, many: string) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
const others = (known: number, failed: number) =>
  (known > 0 ? `, ${known.toLocaleString('en')} already in the collection` : '') +
  (failed > 0 ? `, ${failed.toLocaleString('en')} failed` : '');

export const englishManage = {
  name: 'Name',
  all: '← All collections',
  readOnly: 'This server is read-only: nothing can be changed.',
  pagesOf: (name: string) => `Pages of ${name}`,
  pages: { photos: 'Photos', map: 'Map', duplicates: 'Duplicates', quality: 'Quality' },

  state: {
    calibrated: 'calibrated',
    uncalibrated: 'not calibrated',
    hnsw: 'index ready',
    building: (percent: number) => `index ${percent}% built`,
    exact: 'no index needed',
    reembedding: (model: string) => `re-embedding with ${model}`,
    aliases: (names: string) => `Also called ${names}.`,
    empty: 'The collection is empty.',
  },

  list: {
    identify: 'Identify a photo',
    export: 'Export',
    import: 'Import a file',
    importing: 'Importing the file …',
    imported: (photos: string, known: number, failed: number) =>
      `${photos} imported${others(known, failed)}.`,
    creation: 'New collection',
    namePattern: 'Letters, digits, - and _, starting with a letter or digit',
    description: 'Description (optional)',
    create: 'Create',
  },

  editing: {
    title: (name: string) => `Edit “${name}”`,
    aliases: 'Other names',
    aliasesHelp: 'Separate names with commas. The collection can also be used under these names.',
    description: 'Description',
    yes: 'Save',
  },

  deleting: {
    title: (name: string) => `Delete “${name}”?`,
    warning: (photos: string) =>
      `This deletes the collection and its ${photos} from the server. This cannot be undone.`,
    confirm: (name: string) => `Type ${name} to confirm`,
    yes: 'Delete collection',
  },

  labels: { title: 'Labels', all: 'All photos' },

  filter: {
    label: 'Filter',
    help: 'Words in label, file name or metadata; key=value for metadata, such as species=cat',
    found: (photos: string, isAll: boolean) => (isAll ? `${photos} found.` : `${photos} found so far.`),
  },

  selection: {
    title: 'Selected photos',
    newLabel: 'New label',
    allOf: (label: string) => `All photos of ${label}`,
    chosen: (photos: string) => `${photos} selected`,
    renameOrMerge: 'Rename or merge',
    relabel: 'Relabel',
    none: 'Clear selection',
  },

  undo: {
    undo: 'Undo',
    offered: (words: string) => `${words} You can undo this for ten seconds.`,
    relabelled: (n: number, label: string) => `${plural(n, 'photo is', 'photos are')} now ${label}.`,
    deleted: (n: number) => `${plural(n, 'photo', 'photos')} deleted.`,
    gone: 'These photos are no longer in the collection.',
  },

  item: {
    source: 'Source',
    size: 'Size',
    added: 'Added',
    none: 'unknown',
  },

  add: {
    title: 'Add photos',
    help: 'Choose or drop a folder with one sub-folder per label, or a zip file of such a folder. You see a preview before anything is added.',
    folder: 'Choose a folder',
    zip: 'Choose a zip file',
    photos: 'Choose photos',
    single: 'Or add single photos with this label',
    listing: 'Listing the photos …',
    busy: 'An upload is in progress. Wait for it to finish, or stop it first.',
    noPhotos: (name: string) => `There are no photos in ${name}.`,
    tooLarge: 'The file is larger than this server accepts.',
    encrypted: 'The file is encrypted.',
    unfinished: (name: string, done: number, total: number) =>
      `The upload of ${name} was interrupted after ${done.toLocaleString('en')} of ${total.toLocaleString('en')} photos.`,
    chooseAgain: (kind: 'folder' | 'zip') =>
      `Choose the ${kind === 'zip' ? 'zip file' : 'folder'} again to continue. Photos that were added are not sent again.`,
    discard: 'Discard',
  },

  empty: {
    folder:
      'Choose a folder of photos below, or drop one on this page. The name of a sub-folder becomes the label.',
    check: 'Check the labels in the preview, then add the photos.',
    calibrate:
      'Calibrate the collection under “Quality”, so that answers say how likely they are to be right.',
    terminal: 'Thousands of photos go faster from the command line:',
  },

  preview: {
    rule: 'Label',
    rules: {
      first: 'Name of the first sub-folder',
      last: 'Name of the last sub-folder',
      none: 'No label',
    },
    summary: (name: string, photos: string, labels: string | null) =>
      `${name}: ${photos}${labels === null ? '' : ` with ${labels}`}`,
    more: (n: number) => `and ${n.toLocaleString('en')} more`,
    splits: (names: string[]) => `Treated as parts of a data set, not as labels: ${names.join(', ')}.`,
    unlabelled: (photos: string) => `${photos} not in a sub-folder: no label.`,
    noLabels: 'There are no sub-folders, so no photo gets a label.',
    similar: (a: string, b: string) => `“${a}” and “${b}” are different labels. Do they mean the same?`,
    lonely: (n: number) =>
      `${plural(n, 'label has', 'labels have')} only one photo, too few to calibrate or evaluate.`,
    tooLarge: (n: number, limit: string) =>
      `${plural(n, 'photo exceeds', 'photos exceed')} the limit of ${limit} on this server: left out.`,
    others: (n: number) =>
      `${plural(n, 'file is not a photo and is', 'files are not photos and are')} left out.`,
    manifest: (name: string) =>
      `The labels in ${name} are not used here. To use them, add the folder from the command line: pawdex index.`,
    unreadable: (n: number) => `${plural(n, 'folder', 'folders')} could not be read.`,
    hidden: (n: number) => `${plural(n, 'hidden file or folder', 'hidden files and folders')} left out.`,
  },

  upload: {
    progress: 'Photos added',
    states: { running: '', paused: 'Paused.', done: 'Done.', cancelled: 'Stopped.' },
    retries: 'Retrying every ten seconds.',
    sum: (added: string, total: string, known: number, failed: number) =>
      `${added} of ${total} photos added${others(known, failed)}.`,
    outcomes: { added: 'Added', known: 'Already in the collection', failed: 'Failed' },
    first: (shown: number) => `, the first ${shown}`,
    pause: 'Pause',
    stop: 'Stop',
  },

  quality: {
    waiting: 'Waiting for other jobs',
    phases: {
      reading: 'Reading the photos',
      asking: 'Identifying the photos',
      'non-pets': 'Identifying photos without pets',
      computing: 'Computing',
      listing: 'Listing the photos',
      embedding: 'Embedding the photos',
      indexing: 'Adding the photos',
      importing: 'Adding the photos',
      writing: 'Writing the file',
    } as Record<string, string>,
    kinds: {
      index: 'Adding photos',
      reembed: 'Re-embedding the photos with another model',
      export: 'Exporting the collection',
      import: 'Importing a collection',
    } as Record<string, string>,
    counted: (words: string, done: string, total: string) => `${words}: ${done} of ${total}`,
    paused: 'Paused',
    finished: 'Done.',
    cancelled: 'Cancelled.',
    calibrate: {
      title: 'Calibrate',
      about: "Measures how reliable the answers are, using the collection's own labelled photos.",
      start: 'Calibrate',
    },
    calibrateShipped:
      'Not recommended: this collection was filled from a gallery, which has its own calibration. If its photos trained the encoder, as those of the shipped gallery did, a confidence that is fitted to them is too high.',
    evaluate: {
      title: 'Evaluate',
      about: 'Identifies each photo by the other photos, and counts how often the answer is right.',
      start: 'Evaluate',
    },
    check: {
      title: 'Wrong labels',
      about: 'Finds photos whose most similar photos have another label.',
      start: 'Find wrong labels',
    },
    none: 'not measured',
    tooLittle: (photos: string, needed: number) =>
      `Too few photos to calibrate: ${photos}, but ${needed} are needed.`,
    calibrated: (photos: string) =>
      `Calibrated with ${photos}. Answers now say how likely they are to be right.`,
    noPairs: 'An evaluation needs at least one label with two photos.',
    asked: (photos: string) => `${photos} identified, each by the others`,
    rightFirst: (share: string) => `Correct label: ${share}`,
    rightNearest: (share: string) => `Nearest photo has the correct label: ${share}`,
    openReport: 'Open the report',
    report: 'Report of the evaluation',
    download: 'Download the report',
    nothingWrong: (photos: string) => `No label looks wrong among ${photos}.`,
    suspects: (photos: string, found: number, shown: number) =>
      `Of ${photos}, ${found} ${found === 1 ? 'disagrees with its' : 'disagree with their'} neighbours${
        found > shown ? `; the ${shown} worst:` : ':'
      }`,
    suspect: <T>(label: T, suggested: T) => [label, ', but its neighbours say ', suggested],
    vote: (share: string) => `(${share} of the vote)`,
    reject: 'Keep label',
  },

  duplicates: {
    about: 'Photos that are nearly identical. Keep both, or delete one of them.',
    threshold: 'Show pairs that are',
    thresholds: { 0.99: 'the same picture', 0.95: 'nearly the same', 0.9: 'alike' } as Record<number, string>,
    searching: (done: string, total: string) => `Searching: ${done} of ${total} photos …`,
    none: (photos: string) => `No pairs among ${photos} photos.`,
    found: (n: number) => `${plural(n, 'pair', 'pairs')} found, the most similar first.`,
    more: (n: number) => `Show more of ${n.toLocaleString('en')}`,
    otherLabels: 'under different labels',
    keepBoth: 'Keep both',
    delete: 'Delete this photo',
    deleted: (source: string) => `${source} deleted.`,
  },

  map: {
    about: 'Photos that look similar to the encoder are close together. Large distances mean little.',
    drawing: 'Drawing the map. The first time, this takes up to a minute for thousands of photos …',
    empty: 'Nothing to show yet: the collection is empty.',
    shown: (photos: string) => `${photos} photos.`,
    sampled: (photos: string, total: string) => `${photos} of ${total} photos.`,
    canvas: (name: string) => `Map of ${name}`,
    help: 'Drag to move, scroll or pinch to zoom. With the keyboard: arrow keys, + and −, 0 to show everything, Enter to open the photo in the middle.',
    zoomIn: 'Zoom in',
    zoomOut: 'Zoom out',
    fit: 'Show everything',
    legend: 'Labels of the map',
    query: 'Place a photo on the map',
    nowhere: (name: string) => `No photo on the map is similar to ${name}.`,
    placed: (name: string, label: string, similarity: string) =>
      `${name} is at the double ring. Its nearest photo is ${label}, similarity ${similarity}.`,
  },
};

/** The texts about collections of one language. */
export type ManageTexts = typeof englishManage;
