/** Checks and copies the database in a thread of its own, so that the store can answer meanwhile. */
import { statSync } from 'node:fs';
import { WorkerClient } from '../../../threads/rpc.js';
import type { Thoroughness } from './damaged-rows.js';
import { checkDatabase } from './integrity-check.js';
import type { MaintenanceCalls } from './maintenance-worker.js';
import type { Db } from './sqlite.js';

/** Largest database that is checked before start if no second connection can check it afterwards, in bytes. */
const MAX_CHECKED_BEFORE_START = 256 * 1024 ** 2;
/** Starting a thread takes longer than checking a database of this many bytes. */
const LESS_THAN_A_THREAD = 1024 ** 2;

/** Starts the thread. Terminate it after the call, or to stop the call. */
export function startMaintenance(): WorkerClient<MaintenanceCalls> {
  return new WorkerClient(new URL('./maintenance-worker.js', import.meta.url), null, () => {});
}

/** A check of the database that is in progress. */
export interface DatabaseCheck {
  /** Resolves with the findings, in sentences. Rejects with PawdexError `shutting_down` if the check was stopped. */
  done: Promise<string[]>;
  stop(): Promise<void>;
}

/**
 * Checks a database in a separate thread, unless it is very small. If no other connection may read, it is checked in this
 * thread unless that takes long.
 */
export function startCheck(db: Db, isShared: boolean, thoroughness: Thoroughness): DatabaseCheck {
  const { size } = statSync(db.name);
  if (!isShared || size <= LESS_THAN_A_THREAD) {
    const isSmall = size <= MAX_CHECKED_BEFORE_START || thoroughness === 'full';
    return { done: Promise.resolve(isSmall ? checkDatabase(db, thoroughness) : []), stop: async () => {} };
  }
  const thread = startMaintenance();
  const done = thread.calls.check(db.name, thoroughness).finally(() => thread.terminate());
  return { done, stop: () => thread.terminate() };
}
