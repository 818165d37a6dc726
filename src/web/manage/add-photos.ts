/**
 * The part of a collection's page that adds photos: a folder, a zip or single photos, chosen or dropped anywhere on the
 * page.
 */
import { isReadOnly, listLabels } from '../api.js';
import { button, type Child, el, errorAlert, fileButton, fill } from '../dom.js';
import { attempt } from '../hint.js';
import { texts } from '../texts/texts.js';
import { getFileLimit } from './manage-calls.js';
import {
  type FolderHandle,
  type Listing,
  listFiles,
  listFolder,
  listZip,
  takeDropped,
} from './photo-entries.js';
import type { Plan, Rule } from './plan-labels.js';
import { planPreview } from './plan-preview.js';
import { deleteUpload, loadUpload, mayRead, saveUpload, type Unfinished } from './upload-memory.js';
import { UploadView } from './upload-view.js';
import { Uploader } from './uploader.js';

/** Milliseconds between two saves of an upload's progress. */
const SAVE_MS = 2_000;

/** The origin of photos, as far as it can be found again after a reload. */
type Origin = Pick<Unfinished, 'kind' | 'handle'> | null;

type Picker = (options: { mode: 'read' }) => Promise<FolderHandle>;

/** The browser's picker for a folder that the page may keep, if it has one. */
const getFolderPicker = () => (window as { showDirectoryPicker?: Picker }).showDirectoryPicker;

const isZip = (file: File | undefined) => file !== undefined && /\.zip$/i.test(file.name);

/** Instructions for filling an empty collection. */
function emptyAdvice(collection: string): HTMLElement {
  const t = texts.manage.empty;
  return el(
    'ol.advice',
    el('li', t.folder),
    el('li', t.check),
    el('li', t.calibrate),
    el('li', t.terminal, ' ', el('code', `pawdex index FOLDER --collection ${collection}`)),
  );
}

export class AddPhotos {
  readonly #collection: string;
  readonly #onDone: () => void;
  readonly element: HTMLDetailsElement;
  readonly #place = el('div');
  readonly #resume = el('div');
  readonly #advice: HTMLElement;
  readonly #help = el('p', texts.manage.add.help);
  readonly #single = el('input', {
    id: 'add-label',
    autocomplete: 'off',
    dir: 'auto',
    list: 'known-labels',
    maxlength: 200,
  });
  readonly #closed = new AbortController();
  #uploader: Uploader | null = null;

  /** @param onDone called when photos were added */
  constructor(collection: string, onDone: () => void) {
    this.#collection = collection;
    this.#onDone = onDone;
    const t = texts.manage.add;
    this.#advice = emptyAdvice(collection);
    this.element = el(
      'details.adding.writes.surface',
      el('summary', t.title),
      this.#advice,
      this.#help,
      el(
        'p.actions',
        this.#folderChooser(),
        fileButton(t.zip, 'plain', { accept: '.zip,application/zip' }, ([zip]) => this.#offerZip(zip!)),
      ),
      el('label', { for: 'add-label' }, t.single),
      this.#single,
      el(
        'p.actions',
        fileButton(t.photos, 'plain', { accept: 'image/*', multiple: true }, (files) =>
          this.#offerPhotos(files),
        ),
      ),
      this.#resume,
      this.#place,
    );
    const { signal } = this.#closed;
    // Runs before the page's own listener, which would identify the photo.
    addEventListener('drop', (event) => this.#drop(event), { capture: true, signal });
    const stay = (event: Event) => this.#uploader?.state === 'running' && event.preventDefault();
    addEventListener('beforeunload', stay, { signal });
    void this.#offerToContinue();
  }

  /** @param isEmpty whether the collection is empty, in which case instructions are shown */
  advise(isEmpty: boolean): void {
    this.element.open ||= isEmpty;
    this.#advice.hidden = !isEmpty;
    this.#help.hidden = isEmpty;
  }

  close(): void {
    this.#closed.abort();
    this.#uploader?.cancel();
  }

  #folderChooser(): Child {
    const t = texts.manage.add;
    const pick = getFolderPicker();
    if (pick === undefined) {
      return fileButton(t.folder, 'primary', { webkitdirectory: true, multiple: true }, (files) =>
        this.#offer(async () => listFiles(files), { kind: 'folder', handle: null }),
      );
    }
    return button(t.folder, 'primary', async () => {
      const handle = await pick.call(window, { mode: 'read' }).catch((error: unknown) => {
        // The user cancelled the picker.
        if (error instanceof DOMException && error.name === 'AbortError') {
          return null;
        }
        throw error;
      });
      if (handle !== null) {
        await this.#offer(() => listFolder(handle), { kind: 'folder', handle });
      }
    });
  }

  #drop(event: DragEvent): void {
    if (isReadOnly() || event.dataTransfer === null || event.dataTransfer.items.length === 0) {
      return;
    }
    event.preventDefault();
    this.element.open = true;
    const { dataTransfer } = event;
    void attempt(() => this.#offerDropped(dataTransfer), this.#showMessage);
  }

  async #offerDropped(data: DataTransfer): Promise<void> {
    const dropped = await takeDropped(data);
    if ('list' in dropped) {
      await this.#offer(dropped.list, { kind: 'folder', handle: dropped.handle });
    } else if (isZip(dropped.files[0])) {
      await this.#offerZip(dropped.files[0]!);
    } else {
      await this.#offerPhotos(dropped.files);
    }
  }

  /** Loose photos all get the label in the field beside the button. */
  #offerPhotos(files: File[]): Promise<void> {
    return this.#offer(async () => listFiles(files), null, this.#single.value.trim() || null);
  }

  #offerZip(zip: File): Promise<void> {
    return this.#offer(() => listZip(zip, getFileLimit()), { kind: 'zip', handle: null });
  }

  get #isUploading(): boolean {
    return this.#uploader?.state === 'running' || this.#uploader?.state === 'paused';
  }

  /** Shows a message above an upload in progress, else in place of what was offered before. */
  readonly #showMessage = (message: string) => {
    if (!this.#isUploading) {
      fill(this.#place);
    }
    this.#place.prepend(errorAlert(message));
  };

  /** Shows the preview. */
  async #offer(
    list: () => Promise<Listing>,
    origin: Origin,
    single: string | null = null,
    rule: Rule = 'first',
  ) {
    const t = texts.manage.add;
    if (this.#isUploading) {
      return this.#showMessage(t.busy);
    }
    fill(this.#place, el('p', { role: 'status' }, t.listing));
    await attempt(async () => {
      const [listing, labels] = await Promise.all([list(), listLabels(this.#collection)]);
      if (listing.photos.length === 0) {
        return this.#showMessage(t.noPhotos(listing.name));
      }
      const onStart = (plan: Plan, chosen: Rule) => void this.#start(plan, listing.name, origin, chosen);
      const onCancel = () => fill(this.#place);
      const input = { listing, labels, rule, single, onStart, onCancel };
      fill(this.#place, planPreview(input));
    }, this.#showMessage);
  }

  async #start(plan: Plan, name: string, origin: Origin, rule: Rule): Promise<void> {
    const uploader = new Uploader(this.#collection, plan.photos);
    const view = new UploadView(uploader);
    this.#uploader = uploader;
    fill(this.#resume);
    fill(this.#place, view.element);
    const save = async () => {
      if (origin !== null) {
        const progress = { done: view.done, total: uploader.total };
        await saveUpload({ collection: this.#collection, name, rule, ...origin, ...progress });
      }
    };
    await save();
    const timer = setInterval(() => void save(), SAVE_MS);
    await uploader.run();
    clearInterval(timer);
    if (uploader.state === 'done') {
      await deleteUpload(this.#collection);
    }
    // Nothing is shown on a page that was left.
    if (!this.#closed.signal.aborted) {
      this.#onDone();
    }
  }

  /** After a reload, offers to continue an unfinished upload. */
  async #offerToContinue(): Promise<void> {
    const t = texts.manage.add;
    const unfinished = await loadUpload(this.#collection);
    if (unfinished === null || this.#uploader !== null) {
      return;
    }
    const { name, kind, handle, done, total, rule } = unfinished;
    const discard = () => {
      fill(this.#resume);
      void deleteUpload(this.#collection);
    };
    const continueUpload = async (folder: FolderHandle) => {
      if (await mayRead(folder)) {
        await this.#offer(() => listFolder(folder), { kind, handle }, null, rule);
      } else {
        this.#showMessage(t.chooseAgain(kind));
      }
    };
    this.element.open = true;
    fill(
      this.#resume,
      el('p', t.unfinished(name, done, total), ' ', handle === null && t.chooseAgain(kind)),
      el(
        'p.actions',
        handle && button(texts.continue, 'primary', () => void continueUpload(handle)),
        button(t.discard, 'plain', discard),
      ),
    );
  }
}
