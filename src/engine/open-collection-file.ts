/** Reads and writes collections' files in threads. Reading is one group ahead of the caller. */
import { rm } from 'node:fs/promises';
import type { ResourceLimits } from 'node:worker_threads';
import { asPawdexError, PawdexError } from '../errors.js';
import { TEMPORARY_SUFFIX } from '../files/replace-file.js';
import type { CollectionInfo } from '../store/store.js';
import { limitTime } from '../threads/limit-time.js';
import { transfer, WorkerClient } from '../threads/rpc.js';
import { type CollectionFileInfo, type RowGroup, SMALLER_GROUPS } from './collection-file-reader.js';
import type { CollectionFileCalls } from './collection-file-worker.js';
import { type FileItem, listBuffers } from './file-item.js';

/** Ten times the time for the largest group, in milliseconds. */
const GROUP_MS = 60_000;
/** Heap of a thread that reads. A group that needs more ends the thread, not the process. */
const READING = { maxOldGenerationSizeMb: 512 };
/** Heap of a thread that writes. Groups are small, but with room to spare the thread would let its garbage grow. */
const WRITING = { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 8 };

export interface OpenCollectionFile {
  info: CollectionFileInfo;
  /**
   * See `CollectionFileReader.groups`.
   *
   * @throws also the signal's reason
   */
  groups(signal?: AbortSignal): AsyncGenerator<RowGroup>;
  close(): Promise<void>;
}

/**
 * Opens a file.
 *
 * @param from the first row needed
 * @param groupMs time limit for decoding a group, in milliseconds: a damaged or hostile file may take forever
 * @throws PawdexError export_invalid, file_unreadable
 */
export async function openCollectionFile(
  file: string,
  from: number,
  groupMs = GROUP_MS,
): Promise<OpenCollectionFile> {
  const worker = startThread(READING);
  try {
    return {
      info: await limitCall(worker, worker.calls.open(file, from), groupMs),
      groups: (signal) => readGroups(worker, groupMs, signal),
      close: () => worker.terminate(),
    };
  } catch (error) {
    await worker.terminate();
    throw explainMemory(error);
  }
}

/** A file that is being written. */
export interface NewCollectionFile {
  /** Adds items. Their buffers are moved away. */
  add(items: FileItem[]): Promise<void>;
  /**
   * Completes the file, and renames it once it is on disk.
   *
   * @returns its size in bytes
   */
  finish(): Promise<number>;
  /** Ends the thread, and removes an unfinished file. */
  close(): Promise<void>;
}

/**
 * Begins to write the file of a collection.
 *
 * @throws PawdexError storage_full, file_unreadable
 */
export async function createCollectionFile(file: string, info: CollectionInfo): Promise<NewCollectionFile> {
  const worker = startThread(WRITING);
  const { calls } = worker;
  const close = async () => {
    await worker.terminate();
    await rm(file + TEMPORARY_SUFFIX, { force: true });
  };
  try {
    await calls.create(file, info);
  } catch (error) {
    await close();
    throw error;
  }
  return { add: (items) => calls.add(transfer(items, listBuffers(items))), finish: calls.finish, close };
}

function startThread(limits: ResourceLimits): WorkerClient<CollectionFileCalls> {
  const entry = new URL('./collection-file-worker.js', import.meta.url);
  return new WorkerClient(entry, null, () => {}, limits);
}

async function* readGroups(
  worker: WorkerClient<CollectionFileCalls>,
  groupMs: number,
  signal?: AbortSignal,
): AsyncGenerator<RowGroup> {
  const stop = () => void worker.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    let ahead = limitCall(worker, worker.calls.readGroup(), groupMs);
    for (let group = await ahead; group !== null; group = await ahead) {
      ahead = limitCall(worker, worker.calls.readGroup(), groupMs);
      // Its error is thrown when it is awaited, if it ever is.
      ahead.catch(() => {});
      yield group;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw explainMemory(error);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}

/** Ends the thread if a call takes too long. */
function limitCall<T>(worker: WorkerClient<CollectionFileCalls>, call: Promise<T>, ms: number): Promise<T> {
  const createError = () =>
    new PawdexError('export_invalid', {
      detail: 'The rows of a group cannot be decoded in time.',
      hint: SMALLER_GROUPS,
    });
  return limitTime(call, ms, createError, () => void worker.terminate());
}

function explainMemory(error: unknown): PawdexError {
  const coded = asPawdexError(error);
  const { code } = (coded.cause ?? {}) as NodeJS.ErrnoException;
  return code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? new PawdexError('export_invalid', {
        detail: 'A group of rows needs too much memory.',
        hint: SMALLER_GROUPS,
        cause: error,
      })
    : coded;
}
