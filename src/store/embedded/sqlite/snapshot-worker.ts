/** Thread that writes a snapshot while the store answers. */
import { parentPort, workerData } from 'node:worker_threads';
import { asPawdexError } from '../../../errors.js';
import { writeSnapshot } from './database-snapshot.js';
import Database from './sqlite.js';
import { toStorageError } from './storage-error.js';

const { database, file } = workerData as { database: string; file: string };
try {
  const db = new Database(database, { fileMustExist: true });
  try {
    parentPort?.postMessage({ info: writeSnapshot(db, file) });
  } finally {
    db.close();
  }
} catch (error) {
  parentPort?.postMessage({ error: asPawdexError(toStorageError(error)).toWire() });
}
