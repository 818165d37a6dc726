/**
 * Adds planned photos to a collection, a few at a time. What the collection holds already is found by its content hash and
 * not sent, so that starting over after a reload is quick. It can be paused between two batches; a server that is busy is
 * waited for, and one that does not answer pauses it for a while. Photos that are refused together are sent one by one.
 */
import { Problem } from '../problem.js';
import { texts } from '../texts/texts.js';
import { problemWords } from './attempt.js';
import { addPhotos, findKnown, type SentPhoto } from './manage-calls.js';
import type { Planned } from './plan-labels.js';

/** Photos of one request: enough to keep the server busy, few enough for progress to move. */
const BATCH = 16;
const BATCH_BYTES = 16e6;
/** Seconds after which a server that did not answer is asked again. */
const RETRY_SECONDS = 10;
/** What is wrong with a photo, and not with the server or the way to it. */
const REFUSED = new Set([400, 413, 415, 422]);
/** Requests at once: while one is computed, the next is on its way. */
const AT_ONCE = 2;

/** What became of a photo. */
export type Outcome = 'added' | 'known' | 'failed';

/** A photo that is done. */
export interface Finished {
  path: string;
  outcome: Outcome;
  /** Why it failed. */
  reason?: string;
}

export type UploadState = 'running' | 'paused' | 'done' | 'cancelled';

/** Who watches. */
export interface UploadWatcher {
  onFinished: (finished: readonly Finished[]) => void;
  /** @param trouble why it was paused, if nobody asked for it */
  onState: (state: UploadState, trouble?: string) => void;
}

interface Read {
  planned: Planned;
  sent: SentPhoto;
  /** Hex sha256; null where the page may not compute it, as over plain HTTP from another machine. */
  hash: string | null;
}

const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function hashOf(file: File): Promise<string | null> {
  // There only where the connection is safe. The server finds what is known in either case.
  if (!isSecureContext) {
    return null;
  }
  const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** One run over the photos. */
export class Uploader {
  readonly total: number;
  #state: UploadState = 'running';
  #wake: () => void = () => {};
  #retry = 0;
  readonly #waiting: Planned[];

  constructor(
    private readonly collection: string,
    photos: readonly Planned[],
    private readonly watcher: UploadWatcher,
    /** Bytes of a photo at most: a request with a larger one would be refused as a whole. */
    private readonly limit: number,
  ) {
    this.total = photos.length;
    this.#waiting = [...photos];
  }

  get state(): UploadState {
    return this.#state;
  }

  /** Resolves when all are done, or it was cancelled. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.#work()));
    if (this.#state !== 'cancelled') {
      this.#setState('done');
    }
  }

  pause(trouble?: string): void {
    if (this.#state === 'running') {
      this.#setState('paused', trouble);
    }
  }

  resume(): void {
    clearTimeout(this.#retry);
    if (this.#state === 'paused') {
      this.#setState('running');
      this.#wake();
    }
  }

  cancel(): void {
    clearTimeout(this.#retry);
    if (this.#state === 'running' || this.#state === 'paused') {
      this.#setState('cancelled');
      this.#wake();
    }
  }

  #setState(state: UploadState, trouble?: string): void {
    this.#state = state;
    this.watcher.onState(state, trouble);
  }

  /** Waits while it is paused. @returns whether to go on */
  async #mayGoOn(): Promise<boolean> {
    while (this.#state === 'paused') {
      const before = this.#wake;
      await new Promise<void>((resolve) => {
        this.#wake = () => {
          before();
          resolve();
        };
      });
    }
    return this.#state === 'running';
  }

  async #work(): Promise<void> {
    while (await this.#mayGoOn()) {
      const batch = await this.#readBatch();
      if (batch === null) {
        return;
      }
      if (batch.length > 0) {
        await this.#send(batch);
      }
    }
  }

  /** The next photos, read and hashed; null when there are none. */
  async #readBatch(): Promise<Read[] | null> {
    if (this.#waiting.length === 0) {
      return null;
    }
    const batch: Read[] = [];
    for (let bytes = 0; batch.length < BATCH && bytes < BATCH_BYTES; ) {
      const planned = this.#waiting.shift();
      if (planned === undefined) {
        break;
      }
      const { path, label } = planned;
      try {
        const file = await planned.read();
        if (file.size > this.limit) {
          throw new Error(texts.manage.add.tooLarge);
        }
        bytes += file.size;
        // A file may be named with signs that no text should have.
        const source = path.replaceAll(/[\p{Cc}\p{Cs}]/gu, ' ');
        batch.push({ planned, sent: { file, label, source }, hash: await hashOf(file) });
      } catch (error) {
        this.#finish([
          { path, outcome: 'failed', reason: error instanceof Error ? error.message : String(error) },
        ]);
      }
    }
    return batch;
  }

  #finish(finished: Finished[]): void {
    if (finished.length > 0) {
      this.watcher.onFinished(finished);
    }
  }

  /** Sends a batch until the server has answered it, whatever it takes. */
  async #send(batch: readonly Read[]): Promise<void> {
    while (await this.#mayGoOn()) {
      try {
        await this.#sendOnce(batch);
        return;
      } catch (error) {
        if (!(error instanceof Problem)) {
          throw error;
        }
        if (error.status === 503) {
          await sleep(error.retryAfter ?? 2);
        } else if (error.code === 'file_gone' || REFUSED.has(error.status)) {
          await this.#sendApart(batch, error);
          return;
        } else {
          this.#pauseFor(error);
        }
      }
    }
  }

  /** Finds those of a batch that were refused, and adds the others. */
  async #sendApart(batch: readonly Read[], refused: Problem): Promise<void> {
    const [only] = batch;
    if (batch.length === 1) {
      const reason = refused.detail ?? refused.title;
      this.#finish([{ path: only!.planned.path, outcome: 'failed', reason }]);
      return;
    }
    for (const each of batch) {
      await this.#send([each]);
    }
  }

  /** A server that did not answer may be back by itself; what a person must do is waited for. */
  #pauseFor(problem: Problem): void {
    const isPassing = problem.status === 0 || problem.status >= 500;
    this.pause(problemWords(problem) + (isPassing ? ` ${texts.manage.upload.retries}` : ''));
    if (isPassing) {
      clearTimeout(this.#retry);
      this.#retry = window.setTimeout(() => this.resume(), RETRY_SECONDS * 1000);
    }
  }

  async #sendOnce(batch: readonly Read[]): Promise<void> {
    const known = await findKnown(
      this.collection,
      batch.flatMap(({ hash }) => hash ?? []),
    );
    const isKnown = ({ hash }: Read) => hash !== null && known.has(hash);
    const unknown = batch.filter((each) => !isKnown(each));
    const results =
      unknown.length === 0
        ? []
        : (
            await addPhotos(
              this.collection,
              unknown.map(({ sent }) => sent),
            )
          ).results;
    this.#finish([
      ...batch.filter(isKnown).map(({ planned }): Finished => ({ path: planned.path, outcome: 'known' })),
      ...unknown.map(({ planned: { path } }, i): Finished => {
        const result = results[i]!;
        return result.status === 'failed'
          ? { path, outcome: 'failed', reason: result.error.detail }
          : { path, outcome: result.status === 'created' ? 'added' : 'known' };
      }),
    ]);
  }
}
