/** The thread that reads or writes a collection's file, because a group takes a tenth of a second or more. */
import { asPawdexError, PawdexError } from '../errors.js';
import type { CollectionInfo } from '../store/store.js';
import { serveCalls, transfer } from '../threads/rpc.js';
import { type CollectionFileInfo, CollectionFileReader, type RowGroup } from './collection-file-reader.js';
import { CollectionFileWriter } from './collection-file-writer.js';
import { type FileItem, listBuffers } from './file-item.js';

let writer: CollectionFileWriter;
let written: string;
let groups: AsyncGenerator<RowGroup, void>;

const calls = {
  /** @param from see `CollectionFileReader.groups` */
  open: (file: string, from: number): Promise<CollectionFileInfo> =>
    refuseOddFiles(async () => {
      const reader = await CollectionFileReader.open(file);
      groups = reader.groups(from);
      return reader.info;
    }),

  /** The next group, or null at the end. */
  async readGroup() {
    const { value: group } = await refuseOddFiles(() => groups.next());
    return group ? transfer(group, listBuffers(group.items.map(({ item }) => item))) : null;
  },

  /**
   * Begins to write a file.
   *
   * @throws PawdexError storage_full, file_unreadable
   */
  create: (file: string, info: CollectionInfo) =>
    convertErrors(() => {
      written = file;
      writer = new CollectionFileWriter(file, info);
    }),
  add: (items: FileItem[]) => convertErrors(() => writer.add(items)),
  finish: () => convertErrors(() => writer.finish()),
};

/** A damaged file can contain anything. So errors that the parser did not expect are the file's fault, too. */
async function refuseOddFiles<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const coded = asPawdexError(error);
    if (coded.code !== 'internal') {
      throw coded;
    }
    const detail = `The file cannot be read: ${(error as Error).message}`;
    throw new PawdexError('export_invalid', { detail, cause: error });
  }
}

/** Converts errors of the file system. */
async function convertErrors<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (error instanceof PawdexError || code === undefined) {
      throw error;
    }
    throw asPawdexError(error).code === 'storage_full'
      ? new PawdexError('storage_full', { detail: `The disk of ${written} is full.`, cause: error })
      : new PawdexError('file_unreadable', {
          detail: `${written} cannot be written: ${message}.`,
          cause: error,
        });
  }
}

export type CollectionFileCalls = typeof calls;

serveCalls(calls);
// The columns of a group are read in parallel and awaited in turn. If several of them are damaged, the first error is the
// answer; without this, any other would end the thread.
process.on('unhandledRejection', () => {});
