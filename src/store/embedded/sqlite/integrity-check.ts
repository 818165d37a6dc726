/**
 * Checks that a data directory is complete and undamaged. Findings are sentences for the log and for `/readyz`.
 * Nothing is repaired here.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { findDamagedRows, type Thoroughness } from './damaged-rows.js';
import { DATABASE_FILE, GRAPH_FOLDER, LEDGER_FILE, RESTORING } from './file-names.js';
import { type LastKnown, type Ledger, readLastKnown } from './ledger.js';
import type { Db } from './sqlite.js';
import { createDamagedError } from './storage-error.js';

/** Maximum number of problems to list. */
const MAX_NAMED = 5;

/**
 * Refuses to start with an empty database in a directory that held items before.
 *
 * @throws PawdexError data_damaged
 */
export function refuseMissingDatabase(dataDir: string): void {
  const size = (name: string) => statSync(path.join(dataDir, name), { throwIfNoEntry: false })?.size ?? 0;
  if (size(DATABASE_FILE) > 0) {
    return;
  }
  const collections = readLastKnown(dataDir)?.collections.filter(({ items }) => items > 0) ?? [];
  const graphs = listFiles(path.join(dataDir, GRAPH_FOLDER)).filter((name) => name.endsWith('.json'));
  const remains = [
    ...(existsSync(path.join(dataDir, DATABASE_FILE + RESTORING))
      ? ['an interrupted restore, which can be run again']
      : []),
    ...(size(`${DATABASE_FILE}-wal`) > 0 ? [`its log ${DATABASE_FILE}-wal`] : []),
    ...(collections.length > 0 ? [`${LEDGER_FILE}, which lists ${formatCounts(collections)}`] : []),
    ...(graphs.length > 0 ? [`${graphs.length} search graphs`] : []),
  ];
  if (remains.length > 0) {
    throw createDamagedError([`${DATABASE_FILE} is missing or empty beside ${remains.join(' and ')}.`]);
  }
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // The first graph creates the folder.
  }
}

const formatCounts = (collections: LastKnown['collections']) =>
  collections.map(({ name, items }) => `${items} items in ${name}`).join(', ');

/** The outcome of comparing a database with the last recorded state. */
export interface Comparison {
  findings: string[];
  /**
   * Whether the files were copied while pawdex was writing them. Only a full check can tell whether they are
   * consistent.
   */
  isLiveCopy: boolean;
}

/** Compares an open database with the state recorded next to it. */
export function compareWithLastKnown(db: Db, ledger: Ledger): Comparison {
  const lastKnown = readLastKnown(path.dirname(db.name));
  if (lastKnown === null) {
    return { findings: [], isLiveCopy: false };
  }
  if (lastKnown.store !== ledger.store) {
    return {
      findings: [
        `This is not the database that ${LEDGER_FILE} describes (${formatCounts(lastKnown.collections)}).`,
      ],
      isLiveCopy: false,
    };
  }
  const inode = String(statSync(db.name, { bigint: true }).ino);
  const isLiveCopy = lastKnown.open && lastKnown.inode !== inode;
  const behind = lastKnown.revision - ledger.revision;
  const why = isLiveCopy ? ' The directory was copied while pawdex was using it.' : '';
  const finding = `The database lacks the last ${behind} changes: it was replaced by an older copy, or lost its log.${why}`;
  return { findings: behind > 0 ? [finding] : [], isLiveCopy };
}

/** Compares the number of items in each collection with the expected number. */
export function compareCounts(db: Db, ledger: Ledger): string[] {
  const expected = ledger.getCounts();
  const findings = countItems(db).flatMap(({ id, name, items }) => {
    const expectedItems = expected.get(id);
    expected.delete(id);
    return items === expectedItems
      ? []
      : [`Collection ${name} holds ${items} items instead of ${expectedItems ?? 'none'}.`];
  });
  return [
    ...findings,
    ...Array.from(expected.values(), (items) => `A collection of ${items} items is missing.`),
  ];
}

export function countItems(db: Db): { id: number; name: string; items: number }[] {
  const sql = `SELECT id, name, (SELECT count(*) FROM items WHERE collection = collections.id) AS items
               FROM collections ORDER BY name`;
  return db.prepare<[], { id: number; name: string; items: number }>(sql).all();
}

/** Lets SQLite check every page of a database. Returns findings, in sentences. */
function checkPages(db: Db, thoroughness: Thoroughness): string[] {
  const pragma = thoroughness === 'full' ? 'integrity_check' : 'quick_check';
  try {
    const lines = db.prepare<[], string>(`PRAGMA ${pragma}(${MAX_NAMED})`).pluck().all();
    const problems = lines.filter((line) => line !== 'ok').map((line) => line.replaceAll('\n', ' '));
    return problems.length === 0 ? [] : [`The database is damaged: ${problems.join('; ')}.`];
  } catch (error) {
    return [`The database is damaged (${(error as Error).message}).`];
  }
}

/**
 * Checks pages and checksums of rows. A thorough check also reads vectors, and compares indexes with their source.
 *
 * @returns findings, in sentences
 */
export function checkDatabase(db: Db, thoroughness: Thoroughness): string[] {
  const findings = checkPages(db, thoroughness);
  if (findings.length > 0) {
    return findings;
  }
  try {
    // A transaction, so that everything is read at one moment.
    return db.transaction(() => findDamagedRows(db, thoroughness))();
  } catch (error) {
    return [`The database is damaged (${(error as Error).message}).`];
  }
}
