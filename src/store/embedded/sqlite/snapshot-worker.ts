/** Thread that writes a snapshot while the store answers. */
import { parentPort, workerData } from 'node:worker_threads';
import { asPawdexError } from '../../../errors.js';
import { writeSnapshot } from './database-snapshot.js';
import Database from './sqlite.js';

const { database, file } = workerData as { database: string; file: string };
const db = new Database(database, { fileMustExist: true });
try {
  parentPort?.postMessage({ info: writeSnapshot(db, file) });
} catch (error) {
  parentPort?.postMessage({ error: asPawdexError(error).toWire() });
} finally {
  db.close();
}
