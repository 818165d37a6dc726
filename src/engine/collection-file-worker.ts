/** The thread that reads or writes a collection's file, because a group takes a tenth of a second or more. */
import { asPawdexError, PawdexError } from '../errors.js';
import type { CollectionInfo } from '../store/store.js';
import { serveCalls, transfer } from '../threads/rpc.js';
import { CollectionFileWriter, type FileItem, listBuffers } from './collection-file.js';
import { type CollectionFileInfo, CollectionFileReader, type RowGroup } from './collection-file-reader.js';

let writer: CollectionFileWriter;
let written: string;
let reader: CollectionFileReader;
let groups: AsyncGenerator<RowGroup>;

const calls = {
  async open(file: string): Promise<CollectionFileInfo> {
    reader = await CollectionFileReader.open(file);
    return reader.info;
  },

  /** @param row see `CollectionFileReader.groups` */
  startAt(row: number): void {
    groups = reader.groups(row);
  },

  /** The next group, or null at the end. */
  async readGroup() {
    const { value, done } = await groups.next();
    if (done) {
      return null;
    }
    const { items } = value as RowGroup;
    return transfer(value as RowGroup, listBuffers(items.map(({ item }) => item)));
  },

  /** Begins to write a file. @throws PawdexError storage_full, file_unreadable */
  create: (file: string, info: CollectionInfo) =>
    describeErrors(() => {
      written = file;
      writer = new CollectionFileWriter(file, info);
    }),
  add: (items: FileItem[]) => describeErrors(() => writer.add(items)),
  finish: () => describeErrors(() => writer.finish()),
};

/** Converts errors of the file system. */
async function describeErrors<T>(work: () => T | Promise<T>): Promise<T> {
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
