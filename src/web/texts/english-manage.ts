/** English texts about collections. A text with parameters is a function. */

const plural = (n: number, one: string, many: string) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;
const others = (known: number, failed: number) =>
  (known > 0 ? `, ${known.toLocaleString('en')} known already` : '') +
  (failed > 0 ? `, ${failed.toLocaleString('en')} failed` : '');

export const englishManage = {
  title: 'Collections',
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
    reembedding: (model: string) => `being moved to the model ${model}`,
    aliases: (names: string) => `Also called ${names}.`,
    empty: 'The collection is empty.',
  },

  list: {
    ask: 'Ask it',
    edit: 'Edit',
    export: 'Export',
    import: 'Import a file',
    importing: 'The file is being imported …',
    imported: (photos: string, known: number, failed: number) =>
      `${photos} imported${others(known, failed)}.`,
    delete: 'Delete',
    creation: 'A new collection',
    name: 'Name',
    namePattern: 'Letters, digits, - and _, starting with a letter or digit',
    description: 'Description (optional)',
    create: 'Create it',
  },

  editing: {
    edit: 'Edit',
    title: (name: string) => `Edit “${name}”`,
    name: 'Name',
    aliases: 'Other names',
    aliasesHelp: 'Separated by commas. The collection can be found under them, too.',
    description: 'Description',
    yes: 'Save',
  },

  deleting: {
    title: (name: string) => `Delete “${name}”?`,
    warning: (photos: string) => `All of it, ${photos}, is deleted from this server. This cannot be undone.`,
    confirm: (name: string) => `Type ${name} to confirm`,
    yes: 'Delete it',
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
    allOf: (label: string) => `All of ${label}`,
    chosen: (photos: string) => `${photos} selected`,
    renameOrMerge: 'Rename or merge',
    relabel: 'Relabel',
    delete: 'Delete',
    open: 'Open',
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
    none: 'not known',
  },

  add: {
    title: 'Add photos',
    help: 'Choose or drop a folder with one sub-folder for each label, or a zip of one. You can check what it would add first.',
    folder: 'Choose a folder',
    zip: 'Choose a zip',
    photos: 'Choose photos',
    single: 'Or single photos, under the label',
    listing: 'Reading the contents …',
    busy: 'Photos are being added. Stop that first, or wait until it is done.',
    noPhotos: (name: string) => `There are no photos in ${name}.`,
    tooLarge: 'The file is larger than this server accepts.',
    encrypted: 'It is encrypted.',
    unfinished: (name: string, done: number, total: number) =>
      `Adding ${name} was not finished: ${done.toLocaleString('en')} of ${total.toLocaleString('en')}.`,
    chooseAgain: (kind: 'folder' | 'zip') =>
      `Choose the ${kind} again: photos that are already here are not sent again.`,
    continue: 'Continue',
    discard: 'Discard',
  },

  empty: {
    folder:
      'Choose a folder of photos below, or drop one on this page. The name of a sub-folder becomes the label.',
    check: 'Check the labels and numbers that it shows, then add them.',
    calibrate:
      'Calibrate the collection under “Quality”, so that its answers say how likely they are to be right.',
    terminal: 'Thousands of photos go faster from the command line:',
  },

  preview: {
    rule: 'The label is the name of',
    rules: { first: 'the first sub-folder', last: 'the last sub-folder', none: 'no folder' },
    summary: (name: string, photos: string, labels: string) => `${name}: ${photos} under ${labels}`,
    start: 'Add them',
    more: (n: number) => `and ${n.toLocaleString('en')} more`,
    splits: (names: string[]) => `${names.join(', ')}: treated as parts of a set, not as labels.`,
    unlabelled: (photos: string) => `${photos} not in a sub-folder: no label.`,
    noLabels: 'There are no sub-folders, so no photo gets a label.',
    similar: (a: string, b: string) => `“${a}” and “${b}” are two labels. Are they the same?`,
    lonely: (n: number) =>
      `${plural(n, 'label has', 'labels have')} only one photo, too few to calibrate or measure.`,
    tooLarge: (n: number, limit: string) =>
      `${plural(n, 'photo exceeds', 'photos exceed')} the limit of ${limit} on this server: left out.`,
    others: (n: number) =>
      `${plural(n, 'file is not a photo and is', 'files are not photos and are')} left out.`,
    unreadable: (n: number) => `${plural(n, 'folder', 'folders')} could not be read.`,
    hidden: (n: number) => `${plural(n, 'hidden file or folder', 'hidden files and folders')} left out.`,
  },

  upload: {
    progress: 'Photos added',
    states: { running: '', paused: 'Paused.', done: 'Done.', cancelled: 'Stopped.' },
    retries: 'Retrying every ten seconds.',
    sum: (added: string, total: string, known: number, failed: number) =>
      `${added} of ${total} photos added${others(known, failed)}.`,
    outcomes: { added: 'Added', known: 'Known already', failed: 'Failed' },
    first: (shown: number) => `, the first ${shown}`,
    pause: 'Pause',
    resume: 'Continue',
    stop: 'Stop',
  },

  quality: {
    waiting: 'Waiting for its turn',
    phases: {
      reading: 'Reading the photos',
      asking: 'Identifying its own photos',
      'non-pets': 'Identifying other photos',
      computing: 'Computing',
      listing: 'Listing the photos',
      embedding: 'Embedding the photos',
      indexing: 'Adding the photos',
      importing: 'Adding the photos',
      writing: 'Writing the file',
    } as Record<string, string>,
    kinds: {
      index: 'Photos are being added',
      reembed: 'The photos are being moved to another model',
      export: 'The collection is being exported',
      import: 'A collection is being imported',
    } as Record<string, string>,
    counted: (words: string, done: string, total: string) => `${words}: ${done} of ${total}`,
    paused: 'Paused',
    finished: 'Done.',
    cancelled: 'Cancelled.',
    calibrate: {
      title: 'Calibrate',
      about: 'Finds out how far its answers can be trusted, by identifying its own labelled photos.',
      start: 'Calibrate',
    },
    evaluate: {
      title: 'Measure',
      about: 'Identifies each photo without itself, and counts how often the answer is right.',
      start: 'Measure',
    },
    check: {
      title: 'Wrong labels',
      about: 'Finds photos whose most similar photos have another label.',
      start: 'Look for wrong labels',
    },
    none: 'None',
    tooLittle: (photos: string, needed: number) =>
      `Too few to calibrate: ${photos}, but ${needed} are needed.`,
    calibrated: (photos: string) =>
      `Calibrated with ${photos}. Answers now say how likely they are to be right.`,
    noPairs: 'No label has two photos, so nothing can be measured.',
    asked: (photos: string) => `${photos} identified, each without itself`,
    rightFirst: (share: string) => `${share} got the right label first`,
    rightNearest: (share: string) => `${share} have the right label on the nearest photo`,
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
    accept: 'Relabel it',
    reject: 'Keep it',
  },

  duplicates: {
    about: 'Photos that are nearly identical. Keep both, or delete one of them.',
    threshold: 'Show pairs that are',
    thresholds: { 0.99: 'the same picture', 0.95: 'nearly the same', 0.9: 'alike' } as Record<number, string>,
    searching: (done: string, total: string) => `Looking: ${done} of ${total} photos …`,
    none: (photos: string) => `No such pair among ${photos} photos.`,
    found: (n: number) => `${plural(n, 'pair', 'pairs')} found, the most similar first.`,
    more: (n: number) => `Show more of ${n.toLocaleString('en')}`,
    alike: (similarity: string) => `Similarity ${similarity}`,
    otherLabels: 'under different labels',
    keepBoth: 'Keep both',
    delete: 'Delete this one',
    deleted: (source: string) => `${source} deleted.`,
  },

  map: {
    about: 'Photos that look similar to the encoder are close together. Large distances mean little.',
    drawing: 'The map is being drawn. The first time, this takes up to a minute for thousands of photos …',
    empty: 'There is nothing to show yet: the collection is empty.',
    shown: (photos: string) => `${photos} photos.`,
    sampled: (photos: string, total: string) => `${photos} of ${total} photos.`,
    canvas: (name: string) => `Map of ${name}`,
    help: 'Drag to move, scroll or pinch to zoom. With the keyboard: arrow keys, + and −, 0 to show everything, Enter to open the photo in the middle.',
    zoomIn: 'Zoom in',
    zoomOut: 'Zoom out',
    fit: 'Show everything',
    legend: 'Labels of the map',
    query: 'Place a photo on the map',
    nowhere: (name: string) => `None of the neighbours of ${name} is on the map.`,
    placed: (name: string, label: string, similarity: string) =>
      `${name} is at the double ring. Its nearest photo is ${label}, similarity ${similarity}.`,
  },
};

/** The texts about collections of one language. */
export type ManageTexts = typeof englishManage;
