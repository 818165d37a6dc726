/**
 * Reads files, and files inside archives by paths such as `photos.zip/beagle/1.jpg`, without unpacking to disk. All photos
 * are read through this module, so an archive can be used like a folder.
 */
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { PawdexError } from '../errors.js';
import type { Archive } from './archives/archive.js';
import { openTar } from './archives/tar-archive.js';
import { openZip } from './archives/zip-archive.js';

export interface FileFacts {
  size: number;
  /** Milliseconds since 1970. */
  modifiedMs: number;
}

const ARCHIVE = /\.(zip|tar|tar\.gz|tgz)$/i;
const INSIDE = /^(.+?\.(?:zip|tar|tar\.gz|tgz))[\\/](.+)$/is;

/** Opening a named pipe would otherwise block a thread of Node until somebody writes to the pipe. */
const READ_NON_BLOCKING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Largest file or entry to read into memory, in bytes. No photo is that large. */
const MAX_BYTES = 512 * 1024 ** 2;

/** Number of archives to keep open. A command reads from one or two. */
const KEPT_OPEN = 4;

interface OpenArchive {
  version: string;
  archive: Promise<Archive>;
}

const opened = new Map<string, OpenArchive>();

/** Whether a path is named like an archive. */
export function hasArchiveName(file: string): boolean {
  return ARCHIVE.test(file);
}

/** Whether a name says nothing about the content, so that the listing must keep the first bytes. */
const isUninformative = (name: string) => !/\.(jpe?g|png|webp|gif|avif|tiff?|bmp|hei[cf])$/i.test(name);

/**
 * Opens an archive, or returns it if it is open and unchanged.
 *
 * @throws Error if it cannot be read or is damaged
 */
export async function openArchive(file: string): Promise<Archive> {
  const stats = await stat(file);
  const { size, mtimeMs } = stats;
  if (!stats.isFile()) {
    throw new Error('it is not a file');
  }
  const version = `${size} ${mtimeMs}`;
  const before = opened.get(file);
  if (before?.version === version) {
    return before.archive;
  }
  if (before !== undefined) {
    await forget(file);
  }
  const archive = /\.zip$/i.test(file) ? openZip(file) : openTar(file, isUninformative);
  opened.set(file, { version, archive });
  archive.catch(() => opened.delete(file));
  const oldest = [...opened.keys()][0]!;
  if (opened.size > KEPT_OPEN) {
    await forget(oldest);
  }
  return archive;
}

async function forget(file: string): Promise<void> {
  const kept = opened.get(file);
  opened.delete(file);
  await kept?.archive.then((archive) => archive.close()).catch(() => {});
}

/** Splits a path into an archive and the name of an entry; null if it is not inside an archive. */
async function enterArchive(file: string): Promise<{ archive: Archive; name: string } | null> {
  const [, outer, name] = INSIDE.exec(file) ?? [];
  if (outer === undefined || name === undefined) {
    return null;
  }
  const stats = await stat(outer).catch(() => null);
  return stats?.isFile() ? { archive: await openArchive(outer), name } : null;
}

/**
 * Reads the first bytes of a regular file, and no more than the file has when it is opened: it may be growing, or be a
 * kernel file such as /proc/kmsg that never ends.
 *
 * @throws Error
 */
async function readRegularFile(file: string, maxBytes: number): Promise<Buffer> {
  const handle = await open(file, READ_NON_BLOCKING);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) {
      throw new Error('it is not a file');
    }
    const length = Math.min(stats.size, maxBytes);
    if (length > MAX_BYTES) {
      throw new Error('the file is too large');
    }
    const buffer = Buffer.allocUnsafeSlow(length);
    let filled = 0;
    let bytesRead = length;
    while (bytesRead > 0) {
      ({ bytesRead } = await handle.read(buffer, filled, length - filled, filled));
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

/** Reads a file, or an entry of an archive, into memory. Throws Error, also if it is not a regular file. */
export async function readWholeFile(file: string): Promise<Buffer> {
  const inside = await enterArchive(file);
  if (inside === null) {
    return readRegularFile(file, Number.POSITIVE_INFINITY);
  }
  const { archive, name } = inside;
  // A small archive may claim to contain terabytes.
  if ((archive.entries.get(name)?.size ?? 0) > MAX_BYTES) {
    throw new Error('the entry is too large');
  }
  return archive.read(name);
}

/** Reads the first bytes of a file or an entry. Throws Error. */
export async function readHead(file: string, bytes: number): Promise<Buffer> {
  const inside = await enterArchive(file);
  if (inside !== null) {
    return inside.archive.read(inside.name, bytes);
  }
  return readRegularFile(file, bytes);
}

/** Returns size and time of a file or an entry. Throws Error, also if it is not a regular file. */
export async function readFileFacts(file: string): Promise<FileFacts> {
  const inside = await enterArchive(file);
  if (inside === null) {
    const stats = await stat(file);
    if (!stats.isFile()) {
      throw new Error('it is not a file');
    }
    return { size: stats.size, modifiedMs: stats.mtimeMs };
  }
  const entry = inside.archive.entries.get(inside.name);
  if (entry === undefined) {
    throw new Error('there is no such entry in the archive');
  }
  return entry;
}

/** Creates the error for a file that cannot be read, from what the functions above throw. */
export function createUnreadableError(cause: unknown): PawdexError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const problem = {
    ENOENT: 'There is no such file.',
    EACCES: 'You do not have permission to read this file.',
  }[code ?? ''];
  return new PawdexError('file_unreadable', {
    detail: problem ?? `The file cannot be read: ${message}.`,
    cause,
  });
}
