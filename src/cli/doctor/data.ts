/** Checks of the data directory: who has it, whether the database is sound, what the indexes are worth. */
import { existsSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../config.js';
import { asPawdexError } from '../../errors.js';
import { DATABASE_FILE } from '../../store/embedded/database.js';
import { damagedError } from '../../store/embedded/disk.js';
import { openEmbeddedStore } from '../../store/embedded/open.js';
import { checkPages, refuseMissingDatabase } from '../../store/embedded/soundness.js';
import Database from '../../store/embedded/sqlite.js';
import type { Store } from '../../store/store.js';
import { runningServer } from '../server-file.js';
import { type Check, failed, ok, warning } from './check.js';

/** Looks into the data directory the way a start does; a running server is asked how it is. */
export async function checkData({ DATA_DIR }: Config): Promise<Check[]> {
  const running = await runningServer(DATA_DIR);
  if (running !== null) return [await checkServed(DATA_DIR, running.url)];
  if (existsSync(path.join(DATA_DIR, DATABASE_FILE))) return checkStore(DATA_DIR);
  try {
    refuseMissingDatabase(DATA_DIR, DATABASE_FILE);
    return [await checkNewDirectory(DATA_DIR)];
  } catch (error) {
    const { message, hint } = asPawdexError(error);
    return [failed('database', message, hint)];
  }
}

async function checkServed(dataDir: string, url: string): Promise<Check> {
  const found = ok('data directory', `${dataDir}, in use by ${url}`);
  const answer = await fetch(`${url}/readyz`).catch(() => null);
  const state: unknown = await answer?.json().catch(() => null);
  const { status, detail, hint } = (state ?? {}) as Record<string, unknown>;
  return status === 'damaged' ? failed('data directory', `${found.detail}: ${detail}`, String(hint)) : found;
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

async function checkStore(dataDir: string): Promise<Check[]> {
  const file = path.join(dataDir, DATABASE_FILE);
  try {
    const store = await openEmbeddedStore({ dataDir });
    try {
      await store.ready();
      const problems = checkFile(file);
      if (problems.length > 0) throw damagedError(problems);
      return [ok('database', `${file} is sound`), ...(await describeStore(store))];
    } finally {
      await store.close();
    }
  } catch (error) {
    const { code, message, hint } = asPawdexError(error);
    if (code === 'storage_failed')
      return [
        failed(
          'database',
          `${file}: ${message}`,
          'Let this user write to the data directory, or run as the one who may.',
        ),
      ];
    return [failed('database', `${file}: ${message}`, hint)];
  }
}

/** Every page, and whether indexes agree with their tables. */
function checkFile(file: string): string[] {
  const db = new Database(file, { readonly: true });
  try {
    return checkPages(db, 'full');
  } finally {
    db.close();
  }
}

async function describeStore(store: Store): Promise<Check[]> {
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
}
