/**
 * Reads and writes a collection as a Parquet file with one row per item. Row groups have a limited size, so that files of
 * any length need the memory of one group. docs/guides/moving.md describes the columns.
 */
import { createHash } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { z } from 'zod';
import { PawdexError } from '../errors.js';
import { ASIDE } from '../files/replace-file.js';
import type { CollectionInfo, NewItem, Space } from '../store/store.js';
import { labelText, metadataObject, plainText, sourceText } from './item-fields.js';

/** Largest number of rows in a group, and the size from which a group is written, in bytes. */
const GROUP_ROWS = 1000;
const GROUP_BYTES = 32 * 1024 ** 2;
/** Largest uncompressed size of a group to read, in bytes. */
const MOST_GROUP_BYTES = 2 * 1024 ** 3;
/** Version of the file format. */
const FORMAT = '1';

const text = (name: string, repetition_type: 'OPTIONAL' | 'REQUIRED' = 'OPTIONAL') =>
  ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type }) as const;
const bytes = (name: string) => ({ name, type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' }) as const;

const COLUMNS = [
  ...['id', 'label', 'source', 'metadata', 'sha256', 'size', 'vector', 'thumbnail', 'original', 'checksum'],
] as const;
type Column = (typeof COLUMNS)[number];

const SCHEMA = [
  { name: 'root', num_children: COLUMNS.length },
  text('id', 'REQUIRED'),
  text('label'),
  text('source'),
  text('metadata', 'REQUIRED'),
  text('sha256', 'REQUIRED'),
  { name: 'size', type: 'INT64', repetition_type: 'REQUIRED' },
  { name: 'vector', converted_type: 'LIST', num_children: 1, repetition_type: 'REQUIRED' },
  { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
  { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
  bytes('thumbnail'),
  bytes('original'),
  text('checksum', 'REQUIRED'),
] as ConstructorParameters<typeof ParquetWriter>[0]['schema'];

/** An item as stored in a row. */
export type FileItem = Omit<NewItem, 'next' | 'original'> & { original: Uint8Array | null };

/** Hex digest of all other columns of the row. */
export function digestItem(item: FileItem): string {
  const { id, label, source, metadata, sha256, size, vector, thumbnail, original } = item;
  const hash = createHash('sha256').update(JSON.stringify([id, label, source, metadata, sha256, size]));
  for (const part of [vector, thumbnail, original]) {
    hash.update(`\n${part?.byteLength ?? -1}\n`);
    if (part !== null) {
      hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    }
  }
  return hash.digest('hex').slice(0, 32);
}

/** Writes a collection's file. */
export class CollectionFileWriter {
  readonly #file: string;
  readonly #writer: ParquetWriter;
  #group: FileItem[] = [];
  #groupBytes = 0;

  /**
   * Creates a temporary file beside the one that it will replace.
   *
   * @throws the file system's error
   */
  constructor(file: string, info: CollectionInfo) {
    this.#file = file;
    const { name, model, fingerprint, dimension, description = '', originals } = info;
    const about = { format: FORMAT, collection: name, model, fingerprint, dimension, description, originals };
    this.#writer = new ParquetWriter({
      writer: fileWriter(file + ASIDE),
      schema: SCHEMA,
      statistics: false,
      createdBy: 'pawdex',
      kvMetadata: Object.entries(about).map(([key, value]) => ({
        key: `pawdex.${key}`,
        value: String(value),
      })),
    });
  }

  add(item: FileItem): void {
    this.#group.push(item);
    this.#groupBytes += item.vector.byteLength + (item.thumbnail?.length ?? 0) + (item.original?.length ?? 0);
    if (this.#group.length >= GROUP_ROWS || this.#groupBytes >= GROUP_BYTES) {
      this.#writeGroup();
    }
  }

  /** Completes the file, and renames it once it is on disk. @returns its size in bytes */
  async finish(): Promise<number> {
    this.#writeGroup();
    await this.#writer.finish();
    const handle = await open(this.#file + ASIDE, 'r+');
    await handle.sync().finally(() => handle.close());
    await rename(this.#file + ASIDE, this.#file);
    return (await stat(this.#file)).size;
  }

  /** Removes the unfinished file. */
  async abandon(): Promise<void> {
    await rm(this.#file + ASIDE, { force: true });
  }

  #writeGroup(): void {
    const group = this.#group;
    if (group.length === 0) {
      return;
    }
    this.#group = [];
    this.#groupBytes = 0;
    const column = (name: Column, read: (item: FileItem) => unknown) => ({
      name,
      data: group.map(read),
      offsetIndex: false,
      // Pictures and vectors do not compress, and a dictionary of them would be useless.
      ...(name === 'vector' || name === 'thumbnail' || name === 'original'
        ? { encoding: 'PLAIN' as const, codec: 'UNCOMPRESSED' as const }
        : {}),
    });
    this.#writer.write({
      rowGroupSize: group.length,
      columnData: [
        column('id', ({ id }) => id),
        column('label', ({ label }) => label),
        column('source', ({ source }) => source),
        column('metadata', ({ metadata }) => JSON.stringify(metadata)),
        column('sha256', ({ sha256 }) => sha256),
        column('size', ({ size }) => BigInt(size)),
        column('vector', ({ vector }) => Array.from(vector)),
        column('thumbnail', ({ thumbnail }) => thumbnail),
        column('original', ({ original }) => original),
        column('checksum', digestItem),
      ],
    });
  }
}

const invalid = (detail: string, cause?: unknown) => new PawdexError('export_invalid', { detail, cause });

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

/** An unreadable row. */
interface BadRow {
  row: number;
  id: string | null;
  detail: string;
}

/** A file that is read group by group. */
export class CollectionFileReader {
  readonly info: CollectionFileInfo;
  readonly #buffer: Awaited<ReturnType<typeof asyncBufferFromFile>>;
  readonly #metadata: FileMetaData;

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
    const found = await stat(file).catch((cause) => {
      throw new PawdexError('file_unreadable', { detail: `Cannot read ${file}.`, cause });
    });
    if (!found.isFile()) {
      throw new PawdexError('file_unreadable', { detail: `${file} is not a file.` });
    }
    const buffer = await asyncBufferFromFile(file);
    const metadata = await parquetMetadataAsync(buffer).catch((cause) => {
      throw invalid(`${file} is not a complete Parquet file.`, cause);
    });
    if (!metadata.schema.some(({ name }) => name === 'sha256')) {
      throw invalid(`${file} has no column sha256.`);
    }
    return new CollectionFileReader(buffer, metadata);
  }

  /**
   * Reads the rows, one group at a time.
   *
   * @param from the first row needed; groups that end before it are skipped
   * @throws PawdexError export_invalid if a group cannot be read
   */
  async *groups(from = 0): AsyncGenerator<{ firstRow: number; items: FileRow[]; bad: BadRow[] }> {
    let row = 0;
    for (const { num_rows, total_byte_size } of this.#metadata.row_groups) {
      if (Number(total_byte_size) > MOST_GROUP_BYTES) {
        throw new PawdexError('export_invalid', {
          detail: `The rows from ${row} are in a group of ${total_byte_size} bytes.`,
          hint: 'Write the file with smaller row groups, such as row_group_size=1000.',
        });
      }
      const rowEnd = row + Number(num_rows);
      if (rowEnd <= from) {
        row = rowEnd;
        continue;
      }
      const part = { file: this.#buffer, metadata: this.#metadata, rowStart: row, rowEnd };
      const read = { ...part, utf8: false, compressors };
      const rows = await parquetReadObjects(read).catch((cause: Error) => {
        throw invalid(`The rows ${row} to ${rowEnd - 1} cannot be read: ${cause.message}`, cause);
      });
      const items: FileRow[] = [];
      const bad: BadRow[] = [];
      for (const [i, each] of rows.entries()) {
        const item = this.#parseRow(each);
        if (typeof item === 'string') {
          bad.push({ row: row + i, id: typeof each.id === 'string' ? each.id : null, detail: item });
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
    const trouble = space === null ? null : findVectorTrouble(vector, space.dimension);
    if (trouble !== null) {
      return `vector: ${trouble}.`;
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
function findVectorTrouble(vector: Float32Array, dimension: number): string | null {
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
