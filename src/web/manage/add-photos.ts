/** Adding photos to a collection from the page: single ones under one label, or a folder whose sub-folders are labels. */
import { button, el } from '../dom.js';
import { count, humanise } from '../format.js';
import { Problem } from '../problem.js';
import { addPhotos } from './store-panel.js';

/** Photos of one request: enough to keep the server busy, few enough for progress to move. */
const BATCH = 16;
const BATCH_BYTES = 16e6;

/** Photos that get one label. */
interface Labelled {
  label: string | null;
  files: File[];
}

/** The photos of a folder, by the sub-folder they lie in; what is no photo by its type is left out. */
export function byFolder(files: File[]): Labelled[] {
  const groups = new Map<string | null, File[]>();
  for (const file of files) {
    const folders = (file.webkitRelativePath || file.name).split('/').slice(1, -1);
    const isHidden = file.name.startsWith('.') || folders.some((folder) => /^[.@_#$]/.test(folder));
    if (isHidden || !file.type.startsWith('image/')) {
      continue;
    }
    const label = folders.at(-1)?.normalize('NFC').trim() || null;
    groups.set(label, [...(groups.get(label) ?? []), file]);
  }
  return [...groups].map(([label, group]) => ({ label, files: group }));
}

function* batchesOf(files: File[]): Generator<File[]> {
  let batch: File[] = [];
  let bytes = 0;
  for (const file of files) {
    if (batch.length === BATCH || (batch.length > 0 && bytes + file.size > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.size;
  }
  if (batch.length > 0) {
    yield batch;
  }
}

const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Sends a batch; a busy server is asked again when it says so. */
async function sendBatch(collection: string, batch: File[], label: string | null, signal: AbortSignal) {
  for (;;) {
    try {
      return await addPhotos(collection, batch, label);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 503 || signal.aborted) {
        throw error;
      }
      await pause(error.retryAfter ?? 2);
    }
  }
}

/** Sends all of it and shows how far it is. */
async function send(
  collection: string,
  groups: Labelled[],
  place: HTMLElement,
  onDone: () => void,
): Promise<void> {
  const total = groups.reduce((sum, { files }) => sum + files.length, 0);
  const progress = el('progress', { max: total, value: 0, 'aria-label': 'Photos added' });
  const words = el('p', { role: 'status' });
  const failures = el('ul', { class: 'failures' });
  const stop = new AbortController();
  const cancel = button('Stop', 'plain', () => stop.abort());
  place.replaceChildren(progress, words, cancel, failures);
  const sum = { created: 0, exists: 0, failed: 0 };
  const tell = (end = '') => {
    const known = sum.exists > 0 ? `, ${sum.exists} known already` : '';
    const failed = sum.failed > 0 ? `, ${sum.failed} failed` : '';
    words.textContent = `${end}${count(sum.created, 'photo')} of ${total} added${known}${failed}.`;
  };
  try {
    for (const { label, files } of groups) {
      for (const batch of batchesOf(files)) {
        if (stop.signal.aborted) {
          break;
        }
        const added = await sendBatch(collection, batch, label, stop.signal);
        for (const key of ['created', 'exists', 'failed'] as const) {
          sum[key] += added[key];
        }
        added.results.forEach((result, i) => {
          if (result.status === 'failed') {
            failures.append(el('li', {}, el('bdi', {}, batch[i]!.name), `: ${result.error.detail}`));
          }
        });
        progress.value = sum.created + sum.exists + sum.failed;
        tell();
      }
    }
    tell(stop.signal.aborted ? 'Stopped. ' : 'Done. ');
  } catch (error) {
    if (!(error instanceof Problem)) {
      throw error;
    }
    tell(`${error.title} ${error.hint ?? ''} `);
  }
  cancel.remove();
  onDone();
}

/** What would be done with a folder, before anything is. */
function preview(groups: Labelled[], start: () => void, cancel: () => void): HTMLElement {
  const total = groups.reduce((sum, { files }) => sum + files.length, 0);
  if (total === 0) {
    return el('p', { role: 'status' }, 'There are no photos in that folder.');
  }
  const rows = groups
    .toSorted((a, b) => b.files.length - a.files.length)
    .map(({ label, files }) =>
      el('li', {}, el('bdi', {}, humanise(label)), el('span', { class: 'value' }, String(files.length))),
    );
  return el(
    'div',
    { class: 'preview-labels' },
    el('p', { role: 'status' }, `${count(total, 'photo')} under ${count(groups.length, 'label')}:`),
    el('ul', { class: 'breed-list' }, ...rows),
    el('p', { class: 'actions' }, button('Add them', 'primary', start), button('Cancel', 'plain', cancel)),
  );
}

function picker(text: string, attributes: Record<string, string | boolean>, take: (files: File[]) => void) {
  const field = el('input', { type: 'file', hidden: true, 'aria-label': text, ...attributes });
  field.addEventListener('change', () => {
    const files = [...(field.files ?? [])];
    field.value = '';
    if (files.length > 0) {
      take(files);
    }
  });
  return [button(text, 'plain', () => field.click()), field];
}

/** The part of a collection's page that fills it. @param onDone called when photos were added */
export function addPhotosView(collection: string, isOpen: boolean, onDone: () => void): HTMLElement {
  const place = el('div', {});
  const label = el('input', { id: 'add-label', autocomplete: 'off', dir: 'auto' });
  const start = (groups: Labelled[]) => void send(collection, groups, place, onDone);
  return el(
    'details',
    { class: 'adding', open: isOpen },
    el('summary', {}, 'Add photos'),
    el('p', {}, 'A folder with one sub-folder for each label shows first what it would add.'),
    el(
      'p',
      { class: 'actions' },
      ...picker('Choose a folder', { webkitdirectory: true, multiple: true }, (files) => {
        const groups = byFolder(files);
        place.replaceChildren(
          preview(
            groups,
            () => start(groups),
            () => place.replaceChildren(),
          ),
        );
      }),
    ),
    el('label', { for: 'add-label' }, 'Or single photos, under the label'),
    label,
    el(
      'p',
      { class: 'actions' },
      ...picker('Choose photos', { accept: 'image/*', multiple: true }, (files) =>
        start([{ label: label.value.trim() || null, files }]),
      ),
    ),
    el(
      'p',
      { class: 'small' },
      'Large folders go faster from the command line: ',
      el('code', {}, `pawdex index FOLDER --collection ${collection}`),
    ),
    place,
  );
}
