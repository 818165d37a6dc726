/** A collection's file that a thread reads, one group ahead of the caller. */
import { asPawdexError, PawdexError } from '../errors.js';
import { WorkerClient } from '../threads/rpc.js';
import { type CollectionFileInfo, type RowGroup, SMALLER_GROUPS } from './collection-file-reader.js';
import type { CollectionFileCalls } from './collection-file-worker.js';

/** Heap of the thread. A group that needs more ends the thread, not the process. */
const HEAP_MIB = 1536;

/** An open file. */
export interface OpenCollectionFile {
  info: CollectionFileInfo;
  /** See `CollectionFileReader.groups`. @throws also the signal's reason */
  groups(from: number, signal?: AbortSignal): AsyncGenerator<RowGroup>;
  close(): Promise<void>;
}

/** Opens a file. @throws PawdexError export_invalid, file_unreadable */
export async function openCollectionFile(file: string): Promise<OpenCollectionFile> {
  const entry = new URL('./collection-file-worker.js', import.meta.url);
  const limits = { maxOldGenerationSizeMb: HEAP_MIB };
  const worker = new WorkerClient<CollectionFileCalls>(entry, null, () => {}, limits);
  try {
    return {
      info: await worker.calls.open(file),
      groups: (from, signal) => readGroups(worker, from, signal),
      close: () => worker.terminate(),
    };
  } catch (error) {
    await worker.terminate();
    throw explainMemory(error);
  }
}

async function* readGroups(
  worker: WorkerClient<CollectionFileCalls>,
  from: number,
  signal?: AbortSignal,
): AsyncGenerator<RowGroup> {
  const stop = () => void worker.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    await worker.calls.startAt(from);
    let ahead = worker.calls.readGroup();
    for (let group = await ahead; group !== null; group = await ahead) {
      ahead = worker.calls.readGroup();
      // Its error is thrown when it is awaited, unless nobody wants more.
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
