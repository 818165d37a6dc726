/**
 * Whether a data directory holds what it should. What is found is said in sentences, for the log and for whoever asks
 * why the server is not ready; nothing is repaired here.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { type LastKnown, LEDGER_FILE, type Ledger, readLastKnown } from './ledger.js';
import type { Db } from './sqlite.js';
import { createDamagedError } from './storage-error.js';

/** Ends the name of a database that is being restored from a snapshot. */
export const RESTORING = '.restoring';
/** Problems that are named; the rest are counted by whoever repairs. */
const MOST_NAMED = 5;
/** Bytes that are checked before a start where no second connection can do it meanwhile. */
const MOST_CHECKED_AT_ONCE = 256 * 1024 ** 2;

/**
 * An empty database beside what an earlier one left would answer that nothing was ever there.
 *
 * @throws PawdexError `data_damaged`
 */
export function refuseMissingDatabase(dataDir: string, databaseFile: string): void {
  const size = (name: string) => statSync(path.join(dataDir, name), { throwIfNoEntry: false })?.size ?? 0;
  if (size(databaseFile) > 0) {
    return;
  }
  const known = readLastKnown(dataDir)?.collections.filter(({ items }) => items > 0) ?? [];
  const graphs = listFiles(path.join(dataDir, 'graphs')).filter((name) => name.endsWith('.json'));
  const left = [
    ...(existsSync(path.join(dataDir, databaseFile + RESTORING))
      ? ['a restore that was cut off and can be run again']
      : []),
    ...(size(`${databaseFile}-wal`) > 0 ? [`its log ${databaseFile}-wal`] : []),
    ...(known.length > 0 ? [`${LEDGER_FILE}, which tells of ${describeCounts(known)}`] : []),
    ...(graphs.length > 0 ? [`${graphs.length} search graphs`] : []),
  ];
  if (left.length > 0) {
    throw createDamagedError([`${databaseFile} is missing or empty beside ${left.join(' and ')}.`]);
  }
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // Without a graph there is no folder of graphs.
  }
}

const describeCounts = (collections: LastKnown['collections']) =>
  collections.map(({ name, items }) => `${items} items in ${name}`).join(', ');

/** What a comparison with the last known state says. */
export interface Comparison {
  findings: string[];
  /** Whether these files were copied while a pawdex was writing them: only a full check shows whether they agree. */
  isLiveCopy: boolean;
}

/** Compares an open database with what was written beside it. */
export function compareWithLastKnown(db: Db, ledger: Ledger): Comparison {
  const known = readLastKnown(path.dirname(db.name));
  if (known === null) {
    return { findings: [], isLiveCopy: false };
  }
  if (known.store !== ledger.store) {
    return {
      findings: [
        `This is another database than the one that ${LEDGER_FILE} tells of (${describeCounts(known.collections)}).`,
      ],
      isLiveCopy: false,
    };
  }
  const inode = String(statSync(db.name, { bigint: true }).ino);
  const isLiveCopy = known.open && known.inode !== inode;
  const behind = known.revision - ledger.revision;
  if (behind <= 0) {
    return { findings: [], isLiveCopy };
  }
  const why = isLiveCopy ? ' The directory was copied while a pawdex was using it.' : '';
  return {
    findings: [
      `The database lacks the last ${behind} changes: an older one, or one without its log, is in its place.${why}`,
    ],
    isLiveCopy,
  };
}

/** Compares how many items there are in each collection with how many there should be. */
export function compareCounts(db: Db, ledger: Ledger): string[] {
  const expected = ledger.counts();
  const findings = countItems(db).flatMap(({ id, name, items }) => {
    const wanted = expected.get(id);
    expected.delete(id);
    return items === wanted
      ? []
      : [`Collection ${name} holds ${items} items; there should be ${wanted ?? 'none'}.`];
  });
  return [
    ...findings,
    ...Array.from(expected.values(), (items) => `A collection of ${items} items is missing.`),
  ];
}

/** How many items there are in each collection of a database. */
export function countItems(db: Db): { id: number; name: string; items: number }[] {
  const sql = `SELECT id, name, (SELECT count(*) FROM items WHERE collection = collections.id) AS items
               FROM collections ORDER BY name`;
  return db.prepare<[], { id: number; name: string; items: number }>(sql).all();
}

/** How thoroughly SQLite looks: `quick` skips whether indexes agree with their tables. */
export type Thoroughness = 'quick' | 'full';

/** What SQLite says of a database, looking into every page. */
export function checkPages(db: Db, thoroughness: Thoroughness): string[] {
  const pragma = thoroughness === 'full' ? 'integrity_check' : 'quick_check';
  try {
    const lines = db.prepare<[], string>(`PRAGMA ${pragma}(${MOST_NAMED})`).pluck().all();
    const problems = lines.filter((line) => line !== 'ok').map((line) => line.replaceAll('\n', ' '));
    return problems.length === 0 ? [] : [`The database is damaged: ${problems.join('; ')}.`];
  } catch (error) {
    return [`The database is damaged (${(error as Error).message}).`];
  }
}

/** A check of all pages that is under way. */
export interface PageCheck {
  /** Resolves with what was found; with nothing when it was stopped. */
  done: Promise<string[]>;
  stop(): Promise<void>;
}

/** Checks all pages in a thread of its own; where no other connection may read, here and now unless that takes long. */
export function startPageCheck(db: Db, isShared: boolean, thoroughness: Thoroughness): PageCheck {
  if (!isShared) {
    const isSmall = statSync(db.name).size <= MOST_CHECKED_AT_ONCE || thoroughness === 'full';
    return { done: Promise.resolve(isSmall ? checkPages(db, thoroughness) : []), stop: async () => {} };
  }
  const worker = new Worker(new URL('./check-worker.js', import.meta.url), {
    workerData: { file: db.name, thoroughness },
  });
  // A command that is done does not wait for it.
  worker.unref();
  const done = new Promise<string[]>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => resolve([]));
  });
  return { done, stop: async () => void (await worker.terminate()) };
}
