/** Reports when something in a folder has changed. */
import path from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { NameJudge } from '../../datasets/photo-names.js';

/** Changes come in bursts: wait until there was none for the first time, but at most for the second. */
const QUIET_MS = 2000;
const LONGEST_BURST_MS = 30_000;

/** Watches a folder until it is closed. */
export class FolderChanges {
  #first: number | null = null;
  #last = 0;
  #wake = () => {};

  private constructor(readonly watcher: FSWatcher) {
    watcher.on('all', () => {
      this.#last = performance.now();
      this.#first ??= this.#last;
      this.#wake();
    });
  }

  /**
   * Watches a folder or archive.
   *
   * @param onError called if the system cannot watch all of it, so that changes may be missed
   */
  static async watch(root: string, onError: (error: Error) => void): Promise<FolderChanges> {
    const judge = new NameJudge({});
    const watcher = watch(root, {
      ignoreInitial: true,
      ignored: (file) => {
        const name = path.relative(root, file).split(path.sep).join('/');
        return name !== '' && judge.judgeFolder(name) === 'litter';
      },
    });
    watcher.on('error', (error) => onError(error as Error));
    await new Promise<void>((resolve) => {
      watcher.once('ready', resolve);
    });
    return new FolderChanges(watcher);
  }

  /** Resolves when a burst of changes is over, after `atMostMs`, or when the signal is aborted. */
  async wait(atMostMs: number, signal: AbortSignal): Promise<void> {
    const until = performance.now() + atMostMs;
    while (!signal.aborted) {
      const now = performance.now();
      const isOver =
        this.#first !== null && (now - this.#last >= QUIET_MS || now - this.#first >= LONGEST_BURST_MS);
      if (isOver || now >= until) {
        break;
      }
      await this.#pause(this.#first === null ? until - now : QUIET_MS, signal);
    }
    this.#first = null;
  }

  close(): Promise<void> {
    return this.watcher.close();
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        this.#wake = () => {};
        resolve();
      };
      const timer = setTimeout(finish, ms);
      signal.addEventListener('abort', finish);
      this.#wake = this.#first === null ? finish : () => {};
    });
  }
}
