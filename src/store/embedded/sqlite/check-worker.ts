/** Thread that checks every page of a database while the store answers. */
import { parentPort, workerData } from 'node:worker_threads';
import { checkPages, type Thoroughness } from './soundness.js';
import Database from './sqlite.js';

const { file, thoroughness } = workerData as { file: string; thoroughness: Thoroughness };
const db = new Database(file, { readonly: true, fileMustExist: true });
const findings = checkPages(db, thoroughness);
db.close();
parentPort?.postMessage(findings);
