/** Thread that checks a database while the store answers. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Thoroughness } from './damaged-rows.js';
import { checkDatabase } from './soundness.js';
import Database from './sqlite.js';

const { file, thoroughness } = workerData as { file: string; thoroughness: Thoroughness };
const db = new Database(file, { readonly: true, fileMustExist: true });
const findings = checkDatabase(db, thoroughness);
db.close();
parentPort?.postMessage(findings);
