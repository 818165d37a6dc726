/** The snapshots in a data directory: writes new ones while the store is in use, and removes the oldest. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { PawdexError } from '../../../errors.js';
import { PRIVATE_FOLDER } from '../../../files/private-files.js';
import { TEMPORARY_SUFFIX } from '../../../files/replace-file.js';
import type { SnapshotInfo, StoredSnapshot } from '../../store.js';
import { readSnapshotInfo, writeSnapshot } from './database-snapshot.js';
import { SNAPSHOT_FOLDER } from './file-names.js';
import { startMaintenance } from './maintenance-thread.js';
import type { Db } from './sqlite.js';

const EXTENSION = '.pawdex';

export class SnapshotFolder {
  readonly #db: Db;
  readonly #isShared: boolean;
  readonly #keep: number;
  readonly #folder: string;
  #writing: Promise<unknown> = Promise.resolve();
  /** Cancels the snapshots that are waiting or being written, by a name that the caller chose. */
  readonly #running = new Map<string, AbortController>();

  /**
   * @param isShared whether another thread may open the database
   * @param keep how many to keep
   */
  constructor(db: Db, isShared: boolean, keep: number) {
    this.#db = db;
    this.#isShared = isShared;
    this.#keep = keep;
    this.#folder = path.join(path.dirname(db.name), SNAPSHOT_FOLDER);
  }

  /**
   * Writes a snapshot after those in progress, and removes the oldest ones beyond the number to keep.
   *
   * @param request a name for {@link cancel}
   * @throws PawdexError storage_full, storage_failed, data_damaged
   */
  create(request: string): Promise<StoredSnapshot> {
    const controller = new AbortController();
    this.#running.set(request, controller);
    const created = this.#writing.then(() => this.#create(controller.signal));
    this.#writing = created.catch(() => {}).finally(() => this.#running.delete(request));
    return created;
  }

  async #create(signal: AbortSignal): Promise<StoredSnapshot> {
    if (signal.aborted) {
      throw new PawdexError('job_cancelled');
    }
    mkdirSync(this.#folder, { recursive: true, mode: PRIVATE_FOLDER });
    this.#removeUnfinished();
    const name = this.#createName();
    const file = path.join(this.#folder, name);
    const info = this.#isShared ? await this.#writeInThread(file, signal) : writeSnapshot(this.#db, file);
    for (const { name: old } of this.list().slice(this.#keep)) {
      rmSync(path.join(this.#folder, old), { force: true });
    }
    return { name, ...info };
  }

  /** Removes what is left of snapshots whose process died while writing. */
  #removeUnfinished(): void {
    for (const name of readdirSync(this.#folder)) {
      if (name.endsWith(TEMPORARY_SUFFIX)) {
        rmSync(path.join(this.#folder, name), { force: true });
      }
    }
  }

  /** Ends a snapshot, as soon as SQLite returns from copying. {@link create} removes what is left of it. */
  cancel(request: string): void {
    this.#running.get(request)?.abort();
  }

  async #writeInThread(file: string, signal: AbortSignal): Promise<SnapshotInfo> {
    const thread = startMaintenance();
    signal.addEventListener('abort', () => void thread.terminate());
    try {
      return await thread.calls.writeSnapshot(this.#db.name, file);
    } finally {
      await thread.terminate();
      rmSync(file + TEMPORARY_SUFFIX, { force: true });
    }
  }

  /** Lists the snapshots, newest first; skips incomplete files. */
  list(): StoredSnapshot[] {
    return this.#listNames().flatMap((name) => {
      try {
        return [{ name, ...readSnapshotInfo(path.join(this.#folder, name)) }];
      } catch {
        return [];
      }
    });
  }

  /** Waits until no snapshot is being written. */
  async settle(): Promise<void> {
    await this.#writing;
  }

  /** A name that sorts after all others, even if the clock was set back, because the newest snapshots are kept. */
  #createName(): string {
    const times = this.#listNames().map(readTime).filter(Number.isFinite);
    const time = Math.max(Date.now(), ...times.map((other) => other + 1));
    return `${new Date(time).toISOString().replaceAll(/[:.]/g, '-')}${EXTENSION}`;
  }

  #listNames(): string[] {
    try {
      const names = readdirSync(this.#folder).filter((name) => name.endsWith(EXTENSION));
      // Names start with the time.
      return names.sort().reverse();
    } catch {
      return []; // The first snapshot creates the folder.
    }
  }
}

/** The time in a snapshot's name, in milliseconds; NaN for other names. */
function readTime(name: string): number {
  return Date.parse(name.slice(0, -EXTENSION.length).replace(/T(\d\d)-(\d\d)-(\d\d)-/, 'T$1:$2:$3.'));
}
