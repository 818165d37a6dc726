/** The thread that reads a collection's file, because decoding a group takes a tenth of a second or more. */
import { serveCalls, transfer } from '../threads/rpc.js';
import { type CollectionFileInfo, CollectionFileReader, type RowGroup } from './collection-file-reader.js';

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
    const buffers = (value as RowGroup).items.flatMap(({ item }) =>
      [item.vector, item.thumbnail, item.original].flatMap((part) =>
        part === null ? [] : [part.buffer as ArrayBuffer],
      ),
    );
    return transfer(value as RowGroup, buffers);
  },
};

export type CollectionFileCalls = typeof calls;

serveCalls(calls);
