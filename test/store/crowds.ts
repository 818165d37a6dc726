/** Collections in which many vectors are equal or nearly so, beside embeddings of real photos from the shipped gallery. */
import { readFile } from 'node:fs/promises';
import { parquetReadObjects } from 'hyparquet';
import type { BareHit, NewItem } from '../../src/store/store.js';
import { item, random } from './items.js';

export const CROWD_DIMENSION = 256;

/** Embeddings of the photos that the gallery ships, float32 [256] each. */
export async function galleryVectors(): Promise<Float32Array[]> {
  const { buffer } = new Uint8Array(await readFile(new URL('../../models/gallery.parquet', import.meta.url)));
  const rows = await parquetReadObjects({ file: buffer, columns: ['embedding'] });
  return rows.map(({ embedding }) => Float32Array.from(embedding as number[]));
}

/** A vector of the given cosine similarity to another, in a random direction. */
export function near(vector: Float32Array, similarity: number, next: () => number): Float32Array {
  const noise = vector.map((_, i) => (next() - 0.5) * (i + 1) ** -0.9);
  const along = noise.reduce((sum, x, i) => sum + x * vector[i]!, 0);
  const across = noise.map((x, i) => x - along * vector[i]!);
  const length = Math.hypot(...across);
  const tangent = Math.sqrt(1 / similarity ** 2 - 1);
  return vector.map((x, i) => x + (across[i]! / length) * tangent);
}

export function shuffled<T>(values: T[]): T[] {
  const next = random(1);
  const copy = [...values];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}

export const itemsOf = (vectors: Float32Array[]): NewItem[] =>
  vectors.map((vector, n) => item(n, vector.length, { vector, thumbnail: null }));

/** Share of the nearest items that were found; of equally near ones any will do. */
export function recallOf(hits: BareHit[], exact: BareHit[]): number {
  const last = exact.at(-1)!.similarity - 1e-5;
  return hits.filter(({ similarity }) => similarity >= last).length / exact.length;
}
