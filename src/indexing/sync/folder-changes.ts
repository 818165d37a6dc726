/** Reports when something in a folder has changed. */
import { EventEmitter, once } from 'node:events';
import { statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FSWatcher, watch } from 'chokidar';
import { findIgnoreReason } from '../../datasets/set-names.js';

/** Changes come in bursts: wait until there was none for QUIET_MS, but at most MAX_BURST_MS. */
const QUIET_MS = 2000;
const MAX_BURST_MS = 30_000;
/** How often to check that the folder is still the same. */
const POLL_INTERVAL_MS = 2000;

/** Returns what distinguishes a folder from another one at the same path, or null if there is none. */
function getFolderIdentity(root: string): string | null {
  const stats = statSync(root, { throwIfNoEntry: false });
  return stats === undefined ? null : `${stats.dev}:${stats.ino}`;
}

/** Watches a folder until it is closed. */
export class FolderChanges {
  #first: number | null = null;
  #last = 0;
  readonly #events = new EventEmitter();
  readonly #root: string;
  readonly #onError: (error: Error) => void;
  #watcher: FSWatcher;
  #identity: string | null;
  readonly #polling: NodeJS.Timeout;

  private constructor(root: string, onError: (error: Error) => void) {
    this.#root = root;
    this.#onError = onError;
    this.#identity = getFolderIdentity(root);
    this.#watcher = this.#watch();
    this.#polling = setInterval(() => this.#checkIdentity(), POLL_INTERVAL_MS);
  }

  /**
   * Watches a folder or archive.
   *
   * @param onError called if the system cannot watch all of it, so that changes may be missed
   */
  static async watch(root: string, onError: (error: Error) => void): Promise<FolderChanges> {
    const changes = new FolderChanges(root, onError);
    await new Promise<void>((resolve) => {
      changes.#watcher.once('ready', resolve);
    });
    return changes;
  }

  /** Resolves when a burst of changes has settled, after `atMostMs`, or when the signal is aborted. */
  async wait(atMostMs: number, signal: AbortSignal): Promise<void> {
    const late = new AbortController();
    // Not AbortSignal.timeout, which AbortSignal.any does not keep alive: once it was collected, the wait would never end.
    const timer = setTimeout(() => late.abort(), atMostMs);
    const end = AbortSignal.any([signal, late.signal]);
    if (this.#first === null) {
      await once(this.#events, 'change', { signal: end }).catch(() => {});
    }
    while (this.#isUnsettled() && !end.aborted) {
      await sleep(QUIET_MS, undefined, { signal: end }).catch(() => {});
    }
    clearTimeout(timer);
    this.#first = null;
  }

  close(): Promise<void> {
    clearInterval(this.#polling);
    return this.#watcher.close();
  }

  #watch(): FSWatcher {
    const root = this.#root;
    const watcher = watch(root, {
      ignoreInitial: true,
      ignored: (file) =>
        path.relative(root, file) !== '' && findIgnoreReason(path.basename(file)) === 'litter',
    });
    return watcher
      .on('all', () => this.#recordChange())
      .on('error', (error) => this.#onError(error as Error));
  }

  /** A watcher stays with the folder that it was given, even if that is renamed, replaced or unmounted. */
  #checkIdentity(): void {
    const identity = getFolderIdentity(this.#root);
    if (identity === this.#identity) {
      return;
    }
    this.#identity = identity;
    this.#recordChange();
    if (identity !== null) {
      void this.#watcher.close();
      this.#watcher = this.#watch();
    }
  }

  #recordChange(): void {
    this.#last = performance.now();
    this.#first ??= this.#last;
    this.#events.emit('change');
  }

  #isUnsettled(): boolean {
    const now = performance.now();
    return this.#first !== null && now - this.#last < QUIET_MS && now - this.#first < MAX_BURST_MS;
  }
}
