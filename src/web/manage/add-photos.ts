/**
 * The part of a collection's page that adds photos: a folder, a zip or single photos, chosen or dropped anywhere on the
 * page.
 */
import type { LabelList } from '../../client/wire.js';
import { isReadOnly } from '../api.js';
import { attempt } from '../attempt.js';
import { alertOf, button, type Child, el, fileButton, fill } from '../dom.js';
import { Problem } from '../problem.js';
import { texts } from '../texts/texts.js';
import { getFileLimit } from './manage-calls.js';
import {
  type Dropped,
  type FolderHandle,
  type Listing,
  listEntries,
  listFiles,
  listFolder,
  listZip,
  TooManyFiles,
  takeDropped,
} from './photo-entries.js';
import type { Plan, Rule } from './plan-labels.js';
import { emptyAdvice, planPreview } from './plan-preview.js';
import { forget, mayRead, recall, remember, type Unfinished } from './upload-memory.js';
import { UploadView } from './upload-view.js';
import { Uploader } from './uploader.js';

/** Milliseconds between two saves of an upload's progress. */
const NOTE_MS = 2_000;

/** The origin of photos, as far as it can be found again after a reload. */
type Origin = Pick<Unfinished, 'kind' | 'handle'> | null;

type Picker = (options: { mode: 'read' }) => Promise<FolderHandle>;

/** The browser's picker for a folder that the page may keep, if it has one. */
const getFolderPicker = () => (window as { showDirectoryPicker?: Picker }).showDirectoryPicker;

const isZip = (file: File | undefined) => file !== undefined && /\.zip$/i.test(file.name);

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
  #labels: LabelList['labels'] = [];
  #uploader: Uploader | null = null;

  /** @param onDone called when photos were added */
  constructor(collection: string, onDone: () => void) {
    this.#collection = collection;
    this.#onDone = onDone;
    const t = texts.manage.add;
    this.#advice = emptyAdvice({ name: collection });
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

  knowLabels(labels: LabelList['labels']): void {
    this.#labels = labels;
  }

  /** @param isEmpty whether the collection is empty, in which case instructions are shown */
  open(isEmpty: boolean): void {
    // An unfinished upload has already opened it.
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
    void takeDropped(event.dataTransfer).then((dropped) => this.#takeDropped(dropped));
  }

  async #takeDropped(dropped: Dropped): Promise<void> {
    this.element.open = true;
    if (dropped.kind === 'folder') {
      const { handle } = dropped;
      await this.#offer(() => listFolder(handle), { kind: 'folder', handle });
    } else if (dropped.kind === 'entries') {
      await this.#offer(() => listEntries(dropped.entries), { kind: 'folder', handle: null });
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
    const list = async () => listZip(zip, await getFileLimit());
    return this.#offer(list, { kind: 'zip', handle: null });
  }

  /** Shows the preview. */
  async #offer(
    list: () => Promise<Listing>,
    origin: Origin,
    single: string | null = null,
    rule: Rule = 'first',
  ) {
    const t = texts.manage.add;
    if (this.#uploader?.state === 'running' || this.#uploader?.state === 'paused') {
      this.#place.prepend(alertOf(t.busy));
      return;
    }
    fill(this.#place, el('p', { role: 'status' }, t.listing));
    const say = (words: string) => fill(this.#place, alertOf(words));
    const listing = await list().catch((error: unknown) => {
      say(
        error instanceof TooManyFiles
          ? t.tooMany
          : error instanceof Problem
            ? error.words
            : `${t.unreadable} ${error instanceof Error ? error.message : ''}`,
      );
      return null;
    });
    if (listing === null) {
      return;
    }
    if (listing.photos.length === 0) {
      say(t.noPhotos(listing.name));
      return;
    }
    await attempt(async () => {
      const limit = await getFileLimit();
      const onStart = (plan: Plan, chosen: Rule) =>
        void this.#start(plan, listing.name, origin, chosen, limit);
      const onCancel = () => fill(this.#place);
      const input = { listing, labels: this.#labels, limit, rule, single, onStart, onCancel };
      fill(this.#place, planPreview(input));
    }, say);
  }

  async #start(plan: Plan, name: string, origin: Origin, rule: Rule, limit: number): Promise<void> {
    const view = new UploadView(plan.photos.length, {
      pause: () => uploader.pause(),
      resume: () => uploader.resume(),
      cancel: () => uploader.cancel(),
    });
    const uploader = new Uploader(this.#collection, plan.photos, view, limit);
    this.#uploader = uploader;
    fill(this.#resume);
    fill(this.#place, view.element);
    const note = async () => {
      if (origin !== null) {
        const progress = { done: view.done, total: plan.photos.length };
        await remember({ collection: this.#collection, name, rule, ...origin, ...progress });
      }
    };
    await note();
    const timer = setInterval(() => void note(), NOTE_MS);
    await uploader.run();
    clearInterval(timer);
    if (uploader.state === 'done') {
      await forget(this.#collection);
    }
    // Nothing is shown on a page that was left.
    if (!this.#closed.signal.aborted) {
      this.#advice.hidden = true;
      this.#onDone();
    }
  }

  /** After a reload, offers to continue an unfinished upload. */
  async #offerToContinue(): Promise<void> {
    const t = texts.manage.add;
    const unfinished = await recall(this.#collection);
    if (unfinished === null || this.#uploader !== null) {
      return;
    }
    const { name, kind, handle, done, total, rule } = unfinished;
    const drop = () => {
      fill(this.#resume);
      void forget(this.#collection);
    };
    const goOn = async () => {
      if (handle !== null && (await mayRead(handle))) {
        await this.#offer(() => listFolder(handle), { kind, handle }, null, rule);
      }
    };
    this.element.open = true;
    fill(
      this.#resume,
      el('p', t.unfinished(name, done, total), ' ', handle === null ? t.chooseAgain(kind) : ''),
      el(
        'p.actions',
        handle === null ? null : button(t.goOn, 'primary', () => void goOn()),
        button(t.forget, 'plain', drop),
      ),
    );
  }
}
