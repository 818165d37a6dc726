/**
 * Writes, checks and restores snapshots: a database at one moment as a single file that ends with a checksum and a
 * list of contents. Graphs are not included, since they can be rebuilt. Writing uses a connection of its own and only
 * reads, so the store keeps working.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { PawdexError } from '../../../errors.js';
import { createFolder } from '../../../files/create-folder.js';
import { PRIVATE_FOLDER } from '../../../files/private-files.js';
import { TEMPORARY_SUFFIX } from '../../../files/replace-file.js';
import { type SnapshotInfo, snapshotInfoSchema } from '../../records.js';
import { findDamagedPictures } from './damaged-rows.js';
import { copyDatabase, openDatabaseFile, requireDatabase, syncFolder } from './database.js';
import { lockDirectory } from './directory-lock.js';
import { DATABASE_FILE, RESTORING } from './file-names.js';
import { checkDatabase, compareCounts, countItems, refuseMissingDatabase } from './integrity-check.js';
import { Ledger } from './ledger.js';
import Database, { type Db } from './sqlite.js';
import { createDamagedError, isBusy, toStorageError } from './storage-error.js';

/** A snapshot ends with these bytes and the length of the JSON before them, as 8 bytes. */
const MAGIC = Buffer.from('PAWDEXS1');
const FOOTER_BYTES = MAGIC.length + 8;
const CHUNK = 1024 ** 2;

function withFile<T>(file: string, flags: string, work: (fd: number) => T): T {
  const fd = openSync(file, flags, 0o600);
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}

/** Hashes the first `bytes` of a file and passes each part to `take`. Returns hex sha256. */
function hashFile(file: string, bytes: number, take: (part: Uint8Array) => void = () => {}): string {
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(CHUNK);
  withFile(file, 'r', (fd) => {
    for (let at = 0; at < bytes; ) {
      const read = readSync(fd, buffer, 0, Math.min(CHUNK, bytes - at), at);
      if (read === 0) {
        throw createInvalidError(file, 'it is truncated');
      }
      hash.update(buffer.subarray(0, read));
      take(buffer.subarray(0, read));
      at += read;
    }
  });
  return hash.digest('hex');
}

function createInvalidError(file: string, why: string): PawdexError {
  return new PawdexError('snapshot_invalid', { detail: `${file} is not a complete snapshot: ${why}.` });
}

/**
 * Writes a snapshot of a database. Changes made meanwhile are not included.
 *
 * @param db a connection that nothing else uses while this runs
 * @param file replaced if it exists
 * @throws PawdexError storage_full, storage_failed, data_damaged
 */
export function writeSnapshot(db: Db, file: string): SnapshotInfo {
  const temporary = file + TEMPORARY_SUFFIX;
  try {
    copyDatabase(db, temporary);
    const info: SnapshotInfo = {
      format: 1,
      createdAt: new Date().toISOString(),
      bytes: statSync(temporary).size,
      sha256: hashFile(temporary, statSync(temporary).size),
      collections: listContents(temporary),
    };
    const json = Buffer.from(JSON.stringify(info));
    const footer = Buffer.alloc(FOOTER_BYTES);
    MAGIC.copy(footer);
    footer.writeBigUInt64BE(BigInt(json.length), MAGIC.length);
    withFile(temporary, 'a', (fd) => {
      writeSync(fd, Buffer.concat([json, footer]));
      fsyncSync(fd);
    });
    renameSync(temporary, file);
    syncFolder(path.dirname(file));
    return info;
  } catch (error) {
    rmSync(temporary, { force: true });
    throw toStorageError(error);
  }
}

/** Lists the contents of a copy. Throws PawdexError data_damaged if items are missing. */
function listContents(file: string): SnapshotInfo['collections'] {
  const db = new Database(file, { readonly: true });
  try {
    const findings = compareCounts(db, new Ledger(db));
    if (findings.length > 0) {
      throw createDamagedError(findings);
    }
    return countItems(db).map(({ name, items }) => ({ name, items }));
  } finally {
    db.close();
  }
}

/** Reads the list of contents at the end of a snapshot. Throws PawdexError snapshot_invalid, file_unreadable. */
export function readSnapshotInfo(file: string): SnapshotInfo {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw new PawdexError('file_unreadable', { detail: `There is no file ${file}.` });
  }
  if (!stats.isFile()) {
    throw createInvalidError(file, 'it is not a file');
  }
  const { size } = stats;
  const read = (bytes: number, at: number) => {
    const buffer = Buffer.alloc(bytes);
    withFile(file, 'r', (fd) => readSync(fd, buffer, 0, bytes, at));
    return buffer;
  };
  if (size < FOOTER_BYTES) {
    throw createInvalidError(file, 'it is too short');
  }
  const footer = read(FOOTER_BYTES, size - FOOTER_BYTES);
  const length = Number(footer.readBigUInt64BE(MAGIC.length));
  if (!footer.subarray(0, MAGIC.length).equals(MAGIC) || length > size - FOOTER_BYTES) {
    throw createInvalidError(file, 'it is truncated, or another kind of file');
  }
  try {
    const info = snapshotInfoSchema.parse(JSON.parse(read(length, size - FOOTER_BYTES - length).toString()));
    if (info.bytes + length + FOOTER_BYTES === size) {
      return info;
    }
  } catch {
    // Reported below, like a wrong length.
  }
  throw createInvalidError(file, 'its list of contents is damaged');
}

/**
 * Checks a snapshot: its checksum, and everything in it.
 *
 * @throws PawdexError snapshot_invalid
 */
export function verifySnapshot(file: string): SnapshotInfo {
  const info = readSnapshotInfo(file);
  if (hashFile(file, info.bytes) !== info.sha256) {
    throw createInvalidError(file, 'its checksum is wrong');
  }
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    const findings = [...checkDatabase(db, 'full'), ...findDamagedPictures(db)];
    if (findings.length > 0) {
      throw createInvalidError(file, findings.join(' ').replace(/\.$/, ''));
    }
  } finally {
    db.close();
  }
  return info;
}

/**
 * Restores a snapshot into a data directory.
 *
 * @param dataDir created if missing; must not hold a database or parts of one
 * @throws PawdexError snapshot_invalid, data_dir_not_empty, data_dir_locked, storage_full, storage_failed
 */
export function restoreSnapshot(file: string, dataDir: string): SnapshotInfo {
  const info = readSnapshotInfo(file);
  const target = path.join(dataDir, DATABASE_FILE);
  const temporary = target + RESTORING;
  createFolder(dataDir, PRIVATE_FOLDER);
  const release = lockDirectory(dataDir);
  try {
    // Left over from an interrupted restore.
    rmSync(temporary, { force: true });
    requireEmpty(dataDir, target);
    const sha256 = withFile(temporary, 'wx', (fd) => {
      const hash = hashFile(file, info.bytes, (part) => writeSync(fd, part));
      fsyncSync(fd);
      return hash;
    });
    if (sha256 !== info.sha256) {
      throw createInvalidError(file, 'its checksum is wrong');
    }
    renameSync(temporary, target);
    syncFolder(dataDir);
    return info;
  } catch (error) {
    rmSync(temporary, { force: true });
    throw toStorageError(error);
  } finally {
    release?.();
  }
}

function requireEmpty(dataDir: string, target: string): void {
  let obstacle = existsSync(target) ? `${DATABASE_FILE}.` : null;
  try {
    refuseMissingDatabase(dataDir);
  } catch (error) {
    obstacle = (error as Error).message;
  }
  if (obstacle !== null) {
    throw new PawdexError('data_dir_not_empty', { detail: `${dataDir} is in use: ${obstacle}` });
  }
}

/**
 * Writes a snapshot of a data directory, whether or not a server is using it.
 *
 * @throws PawdexError storage_failed, storage_full, data_dir_locked, data_damaged
 */
export function snapshotDirectory(dataDir: string, file: string): SnapshotInfo {
  const database = path.join(dataDir, DATABASE_FILE);
  requireDatabase(dataDir);
  try {
    const release = tryLock(dataDir);
    // If no server is running, migrate a database of an earlier version first.
    if (release !== null) {
      openDatabaseFile(database, true).db.close();
    }
    release?.();
    const db = new Database(database, { timeout: 5000 });
    try {
      return writeSnapshot(db, path.resolve(file));
    } finally {
      db.close();
    }
  } catch (error) {
    if (isBusy(error)) {
      throw new PawdexError('data_dir_locked', { cause: error });
    }
    throw toStorageError(error);
  }
}

function tryLock(dataDir: string): (() => void) | null {
  try {
    return lockDirectory(dataDir);
  } catch {
    return null; // A server is using it, and has migrated it.
  }
}
