/** Checks the data directory: who uses it, and whether database and indexes are sound. */
import { existsSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Config } from '../../config.js';
import { loadCard } from '../../encoder/model-card.js';
import { listAddedEncoders } from '../../engine/encoders.js';
import { adviseOnMissingEncoder } from '../../engine/spaces.js';
import { asPawdexError, PawdexError } from '../../errors.js';
import { openEmbeddedStore } from '../../store/embedded/open-embedded-store.js';
import { findDamagedPictures } from '../../store/embedded/sqlite/damaged-rows.js';
import { DATABASE_FILE } from '../../store/embedded/sqlite/file-names.js';
import { checkDatabase, refuseMissingDatabase } from '../../store/embedded/sqlite/integrity-check.js';
import Database from '../../store/embedded/sqlite/sqlite.js';
import { createDamagedError } from '../../store/embedded/sqlite/storage-error.js';
import type { CollectionInfo, IndexState, Store } from '../../store/store.js';
import { formatMiB } from '../print.js';
import { findRunningServer } from '../server-file.js';
import { type Check, findExistingFolder, reportFailure, reportOk, reportWarning } from './check-result.js';

/** Milliseconds to wait for the graphs to check their recall. It usually takes one or two seconds. */
const RECALL_WAIT_MS = 15_000;

/** Opens the data directory like a server would. If a server has it open, asks that server instead. */
export async function checkData({ DATA_DIR, MODEL }: Config): Promise<Check[]> {
  const running = await findRunningServer(DATA_DIR);
  if (running !== null) {
    return [await checkServed(DATA_DIR, running.url)];
  }
  if (existsSync(path.join(DATA_DIR, DATABASE_FILE))) {
    return checkStore(DATA_DIR, MODEL);
  }
  try {
    refuseMissingDatabase(DATA_DIR);
    return [await checkNewDirectory(DATA_DIR)];
  } catch (error) {
    const { message, hint } = asPawdexError(error);
    return [reportFailure('database', message, hint)];
  }
}

async function checkServed(dataDir: string, url: string): Promise<Check> {
  const inUse = reportOk('data directory', `${dataDir}, in use by ${url}`);
  const response = await fetch(`${url}/readyz`).catch(() => null);
  const state: unknown = await response?.json().catch(() => null);
  const { status, detail, hint } = (state ?? {}) as Record<string, unknown>;
  const problem = `${inUse.detail}: ${detail}`;
  if (status === 'damaged') {
    return reportFailure('data directory', problem, String(hint));
  }
  return detail === undefined ? inUse : reportWarning('data directory', problem, String(hint));
}

async function checkNewDirectory(dataDir: string): Promise<Check> {
  const folder = findExistingFolder(dataDir);
  return access(folder, constants.W_OK | constants.X_OK).then(
    () => reportOk('data directory', `${dataDir} will be created at the first start`),
    (error: Error) =>
      reportFailure(
        'data directory',
        error.message,
        `Make ${folder} writable, or choose another --data-dir.`,
      ),
  );
}

/** Lists the collections once each graph has checked its recall, which a store does when it is opened. */
async function listCheckedCollections(store: Store): Promise<CollectionInfo[]> {
  const deadline = performance.now() + RECALL_WAIT_MS;
  for (;;) {
    const collections = await store.listCollections();
    const isUnchecked = ({ index }: CollectionInfo) => index.kind !== 'exact' && index.sampledRecall === null;
    if (performance.now() > deadline || !collections.some(isUnchecked)) {
      return collections;
    }
    await setTimeout(100);
  }
}

function formatIndex({ kind, sampledRecall }: IndexState): string {
  return sampledRecall === null ? kind : `${kind}, recall ${sampledRecall.toFixed(3)}`;
}

async function checkStore(dataDir: string, model: string): Promise<Check[]> {
  const file = path.join(dataDir, DATABASE_FILE);
  try {
    const store = await openEmbeddedStore({ dataDir });
    try {
      await store.ready();
      const { problems, pictures } = checkFile(file);
      if (problems.length > 0) {
        throw createDamagedError(problems);
      }
      const { hint } = new PawdexError('picture_damaged');
      return [
        reportOk('database', `${file} is sound`),
        ...pictures.map((finding) => reportWarning('pictures', finding, hint)),
        ...(await checkCollections(store)),
        ...(await checkSpaces(store, dataDir, model)),
      ];
    } finally {
      await store.close();
    }
  } catch (error) {
    const { message, hint } = asPawdexError(error);
    return [reportFailure('database', `${file}: ${message}`, hint)];
  }
}

/** Checks everything stored, and whether indexes agree with their tables. */
function checkFile(file: string): { problems: string[]; pictures: string[] } {
  const db = new Database(file, { readonly: true });
  try {
    const problems = checkDatabase(db, 'full');
    return { problems, pictures: problems.length > 0 ? [] : findDamagedPictures(db) };
  } finally {
    db.close();
  }
}

/** Warns about collections that were embedded with a missing encoder. */
async function checkSpaces(store: Store, dataDir: string, model: string): Promise<Check[]> {
  const loaded = await loadCard(model).catch(() => null);
  // Problems with the model are reported by its own check.
  if (loaded === null) {
    return [];
  }
  const added = await listAddedEncoders(dataDir);
  const available = new Set([loaded.fingerprint, ...added.map(({ fingerprint }) => fingerprint)]);
  const foreign = (await store.listCollections()).filter(({ fingerprint }) => !available.has(fingerprint));
  return foreign.map((info) =>
    reportWarning(
      'model of a collection',
      `${info.name} was embedded with ${info.model}, but this pawdex runs ${loaded.card.name} and cannot search it.`,
      adviseOnMissingEncoder(info, loaded.card.name),
    ),
  );
}

async function checkCollections(store: Store): Promise<Check[]> {
  const collections = await listCheckedCollections(store);
  const { notices, graphUnavailable, diskBytes } = await store.stats();
  const summary = collections.map(({ name, count, index }) => `${name} (${count}, ${formatIndex(index)})`);
  const checks = [reportOk('collections', `${summary.join(', ') || 'none'}; ${formatMiB(diskBytes)}`)];
  for (const notice of notices) {
    checks.push(reportWarning('data directory', notice));
  }
  if (graphUnavailable !== null) {
    checks.push(
      reportWarning('graph index', graphUnavailable, 'Searches are exact until hnswlib-node can be loaded.'),
    );
  }
  return checks;
}
