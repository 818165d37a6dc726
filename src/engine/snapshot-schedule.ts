/**
 * Writes snapshots at intervals while the server runs. The age of the newest snapshot decides, so restarts do not matter.
 */
import { asPawdexError, type PawdexError } from '../errors.js';
import type { Store, StoredSnapshot } from '../store/store.js';

/** Milliseconds between two checks of the newest snapshot's age. */
const CHECK_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Receives the outcome of each snapshot. */
export interface SnapshotWatcher {
  onWritten(snapshot: StoredSnapshot): void;
  onFailed(error: PawdexError): void;
}

/**
 * Writes snapshots at an interval until `stop` is aborted. A failed snapshot is retried at the next check.
 *
 * @param hours above 0
 */
export function scheduleSnapshots(
  store: Pick<Store, 'createSnapshot' | 'listSnapshots'>,
  hours: number,
  watcher: SnapshotWatcher,
  stop: AbortSignal,
): void {
  let isWriting = false;
  const check = async () => {
    if (isWriting) {
      return;
    }
    isWriting = true;
    try {
      const [newest] = await store.listSnapshots();
      const age = newest === undefined ? Number.POSITIVE_INFINITY : Date.now() - Date.parse(newest.createdAt);
      // If the newest is from the future, the clock was set back, and its age is unknown.
      if (age >= hours * HOUR_MS || age < -CHECK_MS) {
        watcher.onWritten(await store.createSnapshot());
      }
    } catch (error) {
      if (!stop.aborted) {
        watcher.onFailed(asPawdexError(error));
      }
    } finally {
      isWriting = false;
    }
  };
  const timer = setInterval(check, CHECK_MS);
  timer.unref();
  stop.addEventListener('abort', () => clearInterval(timer), { once: true });
  void check();
}
