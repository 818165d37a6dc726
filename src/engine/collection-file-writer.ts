/**
 * Writes a collection to a Parquet file with one row per item. Row groups have a limited size, so that files of any length
 * need the memory of one group.
 */
import { rename, stat } from 'node:fs/promises';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { syncFile, TEMPORARY_SUFFIX } from '../files/replace-file.js';
import type { CollectionInfo } from '../store/store.js';
import { digestItem, type FileItem } from './file-item.js';

/** Largest number of rows in a group, and the size from which a group is written, in bytes. */
const GROUP_ROWS = 1000;
const GROUP_BYTES = 32 * 1024 ** 2;
/** Version of the file format. */
const FORMAT = '1';

const text = (name: string, repetition_type: 'OPTIONAL' | 'REQUIRED' = 'OPTIONAL') =>
  ({ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type }) as const;
const bytes = (name: string) => ({ name, type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' }) as const;

const SCHEMA = [
  { name: 'root', num_children: 10 },
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

export class CollectionFileWriter {
  readonly #file: string;
  readonly #writer: ParquetWriter;
  #group: FileItem[] = [];
  #groupBytes = 0;

  /**
   * Creates a temporary file next to the one that it will replace.
   *
   * @throws the file system's error
   */
  constructor(file: string, info: CollectionInfo) {
    this.#file = file;
    const { name, model, fingerprint, dimension, description = '', originals } = info;
    const about = { format: FORMAT, collection: name, model, fingerprint, dimension, description, originals };
    this.#writer = new ParquetWriter({
      writer: fileWriter(file + TEMPORARY_SUFFIX),
      schema: SCHEMA,
      statistics: false,
      createdBy: 'pawdex',
      kvMetadata: Object.entries(about).map(([key, value]) => ({
        key: `pawdex.${key}`,
        value: String(value),
      })),
    });
  }

  add(items: readonly FileItem[]): void {
    for (const item of items) {
      const { vector, thumbnail, original } = item;
      this.#group.push(item);
      this.#groupBytes += vector.byteLength + (thumbnail?.length ?? 0) + (original?.length ?? 0);
      if (this.#group.length >= GROUP_ROWS || this.#groupBytes >= GROUP_BYTES) {
        this.#writeGroup();
      }
    }
  }

  /**
   * Completes the file, and renames it once it is on disk.
   *
   * @returns its size in bytes
   */
  async finish(): Promise<number> {
    this.#writeGroup();
    await this.#writer.finish();
    await syncFile(this.#file + TEMPORARY_SUFFIX);
    await rename(this.#file + TEMPORARY_SUFFIX, this.#file);
    return (await stat(this.#file)).size;
  }

  #writeGroup(): void {
    const group = this.#group;
    if (group.length === 0) {
      return;
    }
    this.#group = [];
    this.#groupBytes = 0;
    const column = (name: string, read: (item: FileItem) => unknown) => ({
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
