/**
 * Reads a collection from a Parquet file, group by group. collection-file-writer.ts writes such files, and so do other
 * programs.
 */
import { stat } from 'node:fs/promises';
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { PawdexError } from '../errors.js';
import { originalsSchema } from '../store/records.js';
import type { Originals, Space } from '../store/store.js';
import type { ImportOutcome } from './engine.js';
import { type FileItem, parseFileItem } from './file-item.js';

/** Largest uncompressed size of a group to read, in bytes. It takes about ten times as much memory. */
const MAX_GROUP_BYTES = 128 * 1024 ** 2;
/**
 * Largest numbers of rows and of values of all columns: a file of a few kilobytes may contain millions of equal values.
 * Decoding this many takes 410 MB.
 */
const MAX_GROUP_ROWS = 100_000;
const MAX_GROUP_VALUES = 2 ** 23;
/** Maximum number of bytes that the pages of a group may grow to, whatever the file declares. */
const MAX_PAGE_BYTES = 256 * 1024 ** 2;
export const SMALLER_GROUPS = 'Write the file with smaller row groups, such as row_group_size=1000.';

const createInvalidError = (detail: string, cause?: unknown) =>
  new PawdexError('export_invalid', { detail, cause });

/** The file's metadata. The space of its vectors is null if the metadata does not name it. */
export interface CollectionFileInfo {
  rows: number;
  space: Space | null;
  description: string | undefined;
  originals: Originals | undefined;
}

/** A readable row, with its position in the file. */
export interface FileRow {
  row: number;
  item: FileItem;
}

export interface RowGroup {
  /** Position of the first of them in the file. */
  firstRow: number;
  items: FileRow[];
  bad: ImportOutcome['failures'];
}

/** @throws PawdexError export_invalid if a group, which must fit in memory, is too large */
function checkGroup(
  { num_rows, total_byte_size, columns }: FileMetaData['row_groups'][number],
  row: number,
): void {
  const values = columns.reduce((sum, { meta_data }) => sum + Number(meta_data?.num_values ?? 0), 0);
  const isLarge = num_rows > 1 && total_byte_size > MAX_GROUP_BYTES;
  if (isLarge || num_rows > MAX_GROUP_ROWS || values > MAX_GROUP_VALUES) {
    throw new PawdexError('export_invalid', {
      detail: `Row ${row} begins a group of ${num_rows} rows with ${values} values and ${total_byte_size} bytes, which is too large to read.`,
      hint: SMALLER_GROUPS,
    });
  }
}

/** Creates decompressors for one group, which fail before they allocate too much. */
function limitDecompression(): Compressors {
  let left = MAX_PAGE_BYTES;
  const limited = Object.entries(compressors).map(([codec, decompress]) => [
    codec,
    (input: Uint8Array, bytes: number) => {
      left -= bytes;
      if (left < 0) {
        throw new Error(`its pages grow to more than ${MAX_PAGE_BYTES} bytes.`);
      }
      return decompress(input, bytes);
    },
  ]);
  return Object.fromEntries(limited);
}

/** Reads what the metadata says about the collection and its vectors. */
function readInfo({ key_value_metadata, num_rows }: FileMetaData): CollectionFileInfo {
  const entries = new Map(key_value_metadata?.map(({ key, value }) => [key, value]));
  const about = (key: string) => entries.get(`pawdex.${key}`) ?? undefined;
  const fingerprint = about('fingerprint');
  const dimension = Number(about('dimension'));
  const hasSpace = fingerprint !== undefined && Number.isInteger(dimension);
  return {
    rows: Number(num_rows),
    space: hasSpace ? { fingerprint, dimension, model: about('model') ?? 'unknown' } : null,
    description: about('description') || undefined,
    originals: originalsSchema.safeParse(about('originals')).data,
  };
}

/** A file that is read group by group. */
export class CollectionFileReader {
  readonly #buffer: AsyncBuffer;
  readonly #metadata: FileMetaData;
  readonly info: CollectionFileInfo;

  private constructor(buffer: AsyncBuffer, metadata: FileMetaData) {
    this.#buffer = buffer;
    this.#metadata = metadata;
    this.info = readInfo(metadata);
  }

  /** @throws PawdexError export_invalid, file_unreadable */
  static async open(file: string): Promise<CollectionFileReader> {
    const stats = await stat(file).catch((cause) => {
      throw new PawdexError('file_unreadable', { detail: `Cannot read ${file}.`, cause });
    });
    if (!stats.isFile()) {
      throw new PawdexError('file_unreadable', { detail: `${file} is not a file.` });
    }
    const buffer = await asyncBufferFromFile(file);
    const metadata = await parquetMetadataAsync(buffer).catch((cause) => {
      throw createInvalidError(`${file} is not a complete Parquet file.`, cause);
    });
    if (!metadata.schema.some(({ name }) => name === 'sha256')) {
      throw createInvalidError(`${file} has no column sha256.`);
    }
    return new CollectionFileReader(buffer, metadata);
  }

  /**
   * Reads the rows, one group at a time.
   *
   * @param from the first row needed; groups that end before it are skipped
   * @throws PawdexError export_invalid if a group cannot be read
   */
  async *groups(from: number): AsyncGenerator<RowGroup, void> {
    let row = 0;
    for (const group of this.#metadata.row_groups) {
      checkGroup(group, row);
      const rowEnd = row + Number(group.num_rows);
      if (rowEnd > from) {
        yield await this.#readGroup(row, rowEnd);
      }
      row = rowEnd;
    }
  }

  async #readGroup(firstRow: number, rowEnd: number): Promise<RowGroup> {
    const rows = await parquetReadObjects({
      file: this.#buffer,
      metadata: this.#metadata,
      rowStart: firstRow,
      rowEnd,
      utf8: false,
      compressors: limitDecompression(),
    }).catch((cause: Error) => {
      throw createInvalidError(
        `The rows ${firstRow} to ${rowEnd - 1} cannot be read: ${cause.message}`,
        cause,
      );
    });
    const group: RowGroup = { firstRow, items: [], bad: [] };
    for (const [i, columns] of rows.entries()) {
      const row = firstRow + i;
      const item = parseFileItem(columns, this.info.space?.dimension ?? null);
      if (typeof item === 'string') {
        group.bad.push({ row, id: typeof columns.id === 'string' ? columns.id : null, detail: item });
      } else {
        group.items.push({ row, item });
      }
    }
    return group;
  }
}
