/** The items in the file of a collection: one per row, with a checksum. docs/parquet.md describes the columns. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { NewItem } from '../store/store.js';
import { labelText, metadataObject, plainText, sourceText } from './item-fields.js';
import { sha256 } from './request-fields.js';

/** An item as stored in a row. */
export type FileItem = Omit<NewItem, 'successorVector' | 'original'> & { original: Uint8Array | null };

/** The buffers of items, to move them to another thread. */
export const listBuffers = (items: readonly FileItem[]) =>
  items.flatMap(({ vector, thumbnail, original }) =>
    [vector, thumbnail, original].flatMap((part) => (part === null ? [] : [part.buffer as ArrayBuffer])),
  );

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

const rowSchema = z.object({
  id: plainText(200),
  label: labelText.nullable().default(null),
  source: sourceText.nullable().default(null),
  metadata: metadataObject,
  sha256,
  size: z.int().min(0),
});

/**
 * Reads the item of a row. Rows of other programs may lack columns, and may name the vector `embedding`.
 *
 * @param dimension of the vectors; null if the file does not say it, and its vectors are not used
 * @returns the item, or a description of what is wrong with the row
 */
export function parseFileItem(row: Record<string, unknown>, dimension: number | null): FileItem | string {
  const { data, error } = rowSchema.safeParse({
    ...row,
    metadata: parseMetadata(row.metadata),
    id: row.id ?? String(row.sha256).slice(0, 32),
    size: Number(row.size ?? 0),
  });
  if (error !== undefined) {
    const issue = error.issues[0]!;
    return `${issue.path.join('.')}: ${issue.message}.`;
  }
  const vector = Float32Array.from((row.vector ?? row.embedding ?? []) as ArrayLike<number>);
  const problem = dimension === null ? null : findVectorProblem(vector, dimension);
  if (problem !== null) {
    return `vector: ${problem}.`;
  }
  const item = { ...data, vector, thumbnail: toBytes(row.thumbnail), original: toBytes(row.original) };
  if (typeof row.checksum === 'string' && row.checksum !== digestItem(item)) {
    return 'checksum: the row was changed after it was written.';
  }
  return item;
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
