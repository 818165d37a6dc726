/**
 * Reads a collection from a Parquet file, group by group. collection-file.ts writes such files, and so do other programs.
 */
import { stat } from 'node:fs/promises';
import {
  asyncBufferFromFile,
  type Compressors,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
} from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { z } from 'zod';
import { PawdexError } from '../errors.js';
import type { Space } from '../store/store.js';
import { digestItem, type FileItem } from './collection-file.js';
import { labelText, metadataObject, plainText, sourceText } from './item-fields.js';

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
  originals: string | undefined;
}

const rowSchema = z.object({
  id: plainText(200),
  label: labelText.nullish(),
  source: sourceText.nullish(),
  metadata: metadataObject,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits'),
  size: z.int().min(0),
});

/** A readable row, with its position in the file. */
export interface FileRow {
  row: number;
  item: FileItem;
}

interface BadRow {
  row: number;
  id: string | null;
  detail: string;
}

export interface RowGroup {
  /** Position of the first of them in the file. */
  firstRow: number;
  items: FileRow[];
  bad: BadRow[];
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
      detail: `The rows from ${row} are in a group of ${num_rows} rows with ${values} values and ${total_byte_size} bytes.`,
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

/** A file that is read group by group. */
export class CollectionFileReader {
  readonly #buffer: Awaited<ReturnType<typeof asyncBufferFromFile>>;
  readonly #metadata: FileMetaData;
  readonly info: CollectionFileInfo;

  private constructor(buffer: Awaited<ReturnType<typeof asyncBufferFromFile>>, metadata: FileMetaData) {
    this.#buffer = buffer;
    this.#metadata = metadata;
    const entries = new Map(metadata.key_value_metadata?.map(({ key, value }) => [key, value]));
    const about = (key: string) => entries.get(`pawdex.${key}`) ?? undefined;
    const fingerprint = about('fingerprint');
    const dimension = Number(about('dimension'));
    const space =
      fingerprint === undefined || !Number.isInteger(dimension)
        ? null
        : { fingerprint, dimension, model: about('model') ?? 'unknown' };
    const description = about('description') || undefined;
    this.info = { rows: Number(metadata.num_rows), space, description, originals: about('originals') };
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
  async *groups(from = 0): AsyncGenerator<RowGroup> {
    let row = 0;
    for (const group of this.#metadata.row_groups) {
      checkGroup(group, row);
      const { num_rows } = group;
      const rowEnd = row + Number(num_rows);
      if (rowEnd <= from) {
        row = rowEnd;
        continue;
      }
      const part = { file: this.#buffer, metadata: this.#metadata, rowStart: row, rowEnd };
      const read = { ...part, utf8: false, compressors: limitDecompression() };
      const rows = await parquetReadObjects(read).catch((cause: Error) => {
        throw createInvalidError(`The rows ${row} to ${rowEnd - 1} cannot be read: ${cause.message}`, cause);
      });
      const items: FileRow[] = [];
      const bad: BadRow[] = [];
      for (const [i, columns] of rows.entries()) {
        const item = this.#parseRow(columns);
        if (typeof item === 'string') {
          bad.push({ row: row + i, id: typeof columns.id === 'string' ? columns.id : null, detail: item });
        } else {
          items.push({ row: row + i, item });
        }
      }
      yield { firstRow: row, items, bad };
      row = rowEnd;
    }
  }

  /** @returns the row, or a description of what is wrong with it */
  #parseRow(row: Record<string, unknown>): FileItem | string {
    const metadata = parseMetadata(row.metadata);
    const parsed = rowSchema.safeParse({
      ...row,
      metadata,
      id: row.id ?? String(row.sha256).slice(0, 32),
      size: Number(row.size ?? 0),
    });
    if (!parsed.success) {
      const issue = parsed.error.issues[0]!;
      return `${issue.path.join('.')}: ${issue.message}.`;
    }
    const { id, label = null, source = null, sha256, size } = parsed.data;
    const values = (row.vector ?? row.embedding ?? []) as ArrayLike<number>;
    const vector = Float32Array.from(values);
    const { space } = this.info;
    const problem = space === null ? null : findVectorProblem(vector, space.dimension);
    if (problem !== null) {
      return `vector: ${problem}.`;
    }
    const thumbnail = toBytes(row.thumbnail);
    const original = toBytes(row.original);
    const item = {
      id,
      label,
      source,
      metadata: parsed.data.metadata,
      sha256,
      size,
      vector,
      thumbnail,
      original,
    };
    if (typeof row.checksum === 'string' && row.checksum !== digestItem(item)) {
      return 'checksum: the row was changed after it was written.';
    }
    return item;
  }
}

/** Describes what is wrong with a vector, or returns null. */
function findVectorProblem(vector: Float32Array, dimension: number): string | null {
  if (vector.length !== dimension) {
    return `has ${vector.length} numbers; the file says ${dimension}`;
  }
  const bad = vector.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    return `number ${bad} is not finite`;
  }
  return vector.some((value) => value !== 0) ? null : 'all numbers are zero';
}

/** Metadata is JSON text. In files from other programs it may be missing, or be a structured column. */
function parseMetadata(value: unknown): unknown {
  if (typeof value !== 'string') {
    return JSON.parse(JSON.stringify(value ?? {}, toJson));
  }
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** Converts column types that JSON lacks: 64-bit integers to numbers if exact, bytes to base64. */
function toJson(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}

/** Copies the bytes, because those from the reader share the memory of a whole group. */
const toBytes = (value: unknown) => (value instanceof Uint8Array ? Uint8Array.from(value) : null);
