/**
 * Adds planned photos to a collection in small batches. Photos that the collection already has are found by their content
 * hash and not sent, so a restart after a reload is quick. Between two batches it can be paused; it waits for a busy
 * server, and retries one that does not answer. A refused batch is sent photo by photo.
 */

import { wait } from '../api.js';
import { hashFile } from '../photo.js';
import { expectProblem, Problem } from '../problem.js';
import { texts } from '../texts/texts.js';
import { addPhotos, findKnown, getFileLimit, type SentPhoto } from './manage-calls.js';
import type { Planned } from './plan-labels.js';

/** Photos per request: enough to keep the server busy, few enough to show progress. */
const BATCH_SIZE = 16;
const BATCH_BYTES = 16e6;
/** Seconds before a retry if the server did not answer. */
const RETRY_SECONDS = 10;
/** Problems of a photo, rather than of the server or the connection. */
const REFUSED = new Set([400, 413, 415, 422]);
/** Concurrent requests: while the server computes one, the next is being sent. */
const CONCURRENCY = 2;

export type Outcome = 'added' | 'known' | 'failed';

export interface FinishedPhoto {
  path: string;
  outcome: Outcome;
  /** Why it failed. */
  reason?: string;
}

type UploadState = 'running' | 'paused' | 'done' | 'cancelled';

export interface UploadWatcher {
  onFinished: (finished: readonly FinishedPhoto[]) => void;
  /** @param reason why it was paused, if the user did not pause it */
  onState: (reason?: string) => void;
}

interface ReadPhoto {
  planned: Planned;
  sent: SentPhoto;
  /** See {@link hashFile}. The server recognises known photos in either case. */
  hash: string | null;
}

/** Why a photo could not be read, in the page's language where that is known. */
function describeFailure(error: unknown): string {
  if (error instanceof DOMException) {
    return new Problem('file_gone', 0).title;
  }
  return error instanceof Error ? error.message : String(error);
}

/** One upload of a list of photos. */
export class Uploader {
  readonly #collection: string;
  readonly total: number;
  watcher: UploadWatcher | null = null;
  #state: UploadState = 'running';
  #pause = Promise.withResolvers<void>();
  #retry = 0;
  readonly #waiting: Planned[];

  constructor(collection: string, photos: readonly Planned[]) {
    this.#collection = collection;
    this.total = photos.length;
    this.#waiting = [...photos];
  }

  get state(): UploadState {
    return this.#state;
  }

  /** Resolves when all are done, or when it was cancelled. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: CONCURRENCY }, () => this.#work()));
    if (this.#state !== 'cancelled') {
      this.#setState('done');
    }
  }

  pause(reason?: string): void {
    if (this.#state === 'running') {
      this.#pause = Promise.withResolvers();
      this.#setState('paused', reason);
    }
  }

  resume(): void {
    if (this.#state === 'paused') {
      this.#setState('running');
    }
  }

  cancel(): void {
    if (this.#state !== 'done') {
      this.#setState('cancelled');
    }
  }

  #setState(state: UploadState, reason?: string): void {
    this.#state = state;
    this.watcher?.onState(reason);
    if (state !== 'paused') {
      clearTimeout(this.#retry);
      this.#pause.resolve();
    }
  }

  /** Waits while paused. @returns whether to continue */
  async #mayContinue(): Promise<boolean> {
    while (this.#state === 'paused') {
      await this.#pause.promise;
    }
    return this.#state === 'running';
  }

  async #work(): Promise<void> {
    while (await this.#mayContinue()) {
      const batch = await this.#readBatch();
      if (batch === null) {
        return;
      }
      if (batch.length > 0) {
        await this.#send(batch);
      }
    }
  }

  /** The next photos, read and hashed; null if there are none. */
  async #readBatch(): Promise<ReadPhoto[] | null> {
    if (this.#waiting.length === 0) {
      return null;
    }
    const batch: ReadPhoto[] = [];
    for (let bytes = 0; batch.length < BATCH_SIZE && bytes < BATCH_BYTES; ) {
      const planned = this.#waiting.shift();
      if (planned === undefined) {
        break;
      }
      const { path, label } = planned;
      try {
        const file = await planned.read();
        // A request with a larger one would be refused as a whole.
        if (file.size > getFileLimit()) {
          throw new Error(texts.manage.add.tooLarge);
        }
        bytes += file.size;
        // A file name may contain control characters.
        const source = path.replaceAll(/[\p{Cc}\p{Cs}]/gu, ' ');
        batch.push({ planned, sent: { file, label, source }, hash: await hashFile(file) });
      } catch (error) {
        this.#finish([{ path, outcome: 'failed', reason: describeFailure(error) }]);
      }
    }
    return batch;
  }

  #finish(finished: FinishedPhoto[]): void {
    if (finished.length > 0) {
      this.watcher?.onFinished(finished);
    }
  }

  /** Sends a batch, retrying until the server answers. */
  async #send(batch: readonly ReadPhoto[]): Promise<void> {
    while (await this.#mayContinue()) {
      try {
        await this.#sendOnce(batch);
        return;
      } catch (error) {
        const problem = expectProblem(error);
        if (problem.status === 503) {
          await wait(1000 * (problem.retryAfter ?? 2));
        } else if (problem.code === 'file_gone' || REFUSED.has(problem.status)) {
          await this.#sendApart(batch, problem);
          return;
        } else {
          this.#pauseFor(problem);
        }
      }
    }
  }

  /** Finds the refused photos of a batch, and adds the others. */
  async #sendApart(batch: readonly ReadPhoto[], refused: Problem): Promise<void> {
    const [only] = batch;
    if (batch.length === 1) {
      const reason = refused.detail ?? refused.title;
      this.#finish([{ path: only!.planned.path, outcome: 'failed', reason }]);
      return;
    }
    for (const photo of batch) {
      await this.#send([photo]);
    }
  }

  /** Transient problems are retried; others wait for the user, as does an upload that the user has paused. */
  #pauseFor({ message, isTransient }: Problem): void {
    if (this.#state !== 'running') {
      return;
    }
    this.pause(isTransient ? `${message} ${texts.manage.upload.retries}` : message);
    if (isTransient) {
      this.#retry = window.setTimeout(() => this.resume(), RETRY_SECONDS * 1000);
    }
  }

  async #sendOnce(batch: readonly ReadPhoto[]): Promise<void> {
    const known = await findKnown(
      this.#collection,
      batch.flatMap(({ hash }) => hash ?? []),
    );
    const isKnown = ({ hash }: ReadPhoto) => hash !== null && known.has(hash);
    const unknown = batch.filter((photo) => !isKnown(photo));
    const sent = unknown.map((photo) => photo.sent);
    const results = sent.length === 0 ? [] : (await addPhotos(this.#collection, sent)).results;
    this.#finish([
      ...batch
        .filter(isKnown)
        .map(({ planned }): FinishedPhoto => ({ path: planned.path, outcome: 'known' })),
      ...unknown.map(({ planned: { path } }, i): FinishedPhoto => {
        const result = results[i]!;
        return result.status === 'failed'
          ? { path, outcome: 'failed', reason: result.error.detail }
          : { path, outcome: result.status === 'created' ? 'added' : 'known' };
      }),
    ]);
  }
}
