/** Snapshots that a server writes by itself: one as soon as the newest is old enough, also after a restart. */
import { asPawdexError, type PawdexError } from '../errors.js';
import type { KeptSnapshot, Store } from '../store/store.js';

/** Milliseconds between two looks at the age of the newest snapshot. */
const LOOK_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Who hears of snapshots. */
export interface SnapshotWatcher {
  onWritten(snapshot: KeptSnapshot): void;
  onFailed(error: PawdexError): void;
}

/**
 * Writes a snapshot at a fixed interval, in hours, until `stop` is aborted. One that fails is tried again at the next look.
 *
 * @param hours above 0
 * @param lookMs for tests
 */
export function scheduleSnapshots(
  store: Pick<Store, 'createSnapshot' | 'listSnapshots'>,
  hours: number,
  watcher: SnapshotWatcher,
  stop: AbortSignal,
  lookMs = LOOK_MS,
): void {
  let isWriting = false;
  const look = async () => {
    if (isWriting) {
      return;
    }
    isWriting = true;
    try {
      const [newest] = await store.listSnapshots();
      const age = newest === undefined ? Number.POSITIVE_INFINITY : Date.now() - Date.parse(newest.createdAt);
      if (age >= hours * HOUR_MS) {
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
  const timer = setInterval(look, lookMs);
  timer.unref();
  stop.addEventListener('abort', () => clearInterval(timer), { once: true });
  void look();
}
