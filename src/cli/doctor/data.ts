/** Checks of the data directory: who has it, whether the database is sound, what the indexes are worth. */
import { existsSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import type { Database as SqliteDatabase } from 'better-sqlite3';
import type { Config } from '../../config.js';
import { asPawdexError } from '../../errors.js';
import { DATABASE_FILE } from '../../store/embedded/database.js';
import { openEmbeddedStore } from '../../store/embedded/open.js';
import Database from '../../store/embedded/sqlite.js';
import { runningServer } from '../server-file.js';
import { type Check, failed, ok, warning } from './check.js';

/** Looks into the data directory the way a start does; a running server's is left alone. */
export async function checkData({ DATA_DIR }: Config): Promise<Check[]> {
  const running = await runningServer(DATA_DIR);
  if (running !== null) return [ok('data directory', `${DATA_DIR}, in use by ${running.url}`)];
  const file = path.join(DATA_DIR, DATABASE_FILE);
  if (!existsSync(file)) return [await checkNewDirectory(DATA_DIR)];
  const database = checkDatabase(file);
  return database.status === 'failed' ? [database] : [database, ...(await checkStore(DATA_DIR))];
}

async function checkNewDirectory(dataDir: string): Promise<Check> {
  let folder = path.resolve(dataDir);
  while (!existsSync(folder)) folder = path.dirname(folder);
  return access(folder, constants.W_OK | constants.X_OK).then(
    () => ok('data directory', `${dataDir} will be created at the first start`),
    (error: Error) =>
      failed('data directory', error.message, `Make ${folder} writable, or name another --data-dir.`),
  );
}

function checkDatabase(file: string): Check {
  let db: SqliteDatabase | undefined;
  try {
    db = new Database(file, { fileMustExist: true, timeout: 500 });
    const found = db.pragma('quick_check(10)') as { quick_check: string }[];
    const problems = found.map((row) => row.quick_check).filter((line) => line !== 'ok');
    if (problems.length === 0) return ok('database', `${file} is sound`);
    const detail = `${file} is damaged: ${problems.join('; ')}`;
    return failed('database', detail, 'Restore the data directory from a backup, or index the photos again.');
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code?.startsWith('SQLITE_BUSY'))
      return failed(
        'database',
        `${file} is in use by another pawdex process.`,
        'Run doctor again when it is done.',
      );
    if (/^SQLITE_(READONLY|CANTOPEN|IOERR_LOCK)/.test(code ?? ''))
      return failed(
        'database',
        `${file}: ${message}`,
        'Let this user write to the data directory, or run as the one who may.',
      );
    return failed('database', `${file}: ${message}`, 'Restore the data directory from a backup.');
  } finally {
    db?.close();
  }
}

async function checkStore(dataDir: string): Promise<Check[]> {
  try {
    const store = await openEmbeddedStore({ dataDir });
    try {
      const collections = await store.listCollections();
      const { repairs, graphUnavailable, diskBytes } = await store.stats();
      const size = `${(diskBytes / 1024 ** 2).toFixed(1)} MiB`;
      const held = collections.map(({ name, count, index }) => `${name} (${count}, ${index.kind})`);
      const checks = [ok('collections', `${held.join(', ') || 'none'}; ${size}`)];
      for (const repair of repairs)
        checks.push(warning('repaired', repair, 'Nothing to do; it was rebuilt from the database.'));
      if (graphUnavailable !== null)
        checks.push(warning('graph index', graphUnavailable, 'Searches are exact until hnswlib-node loads.'));
      return checks;
    } finally {
      await store.close();
    }
  } catch (error) {
    const { message, hint } = asPawdexError(error);
    return [failed('collections', message, hint)];
  }
}
