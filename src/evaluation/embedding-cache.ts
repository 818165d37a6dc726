/** Keeps embeddings between evaluations, by model fingerprint and content hash. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createFolder } from '../files/create-folder.js';
import { PRIVATE_FILE, PRIVATE_FOLDER } from '../files/private-files.js';
import type { Views } from '../image/decode-views.js';

const HASH_BYTES = 32;

/**
 * A file of records, each a sha256 and a float32 vector in the byte order of the machine. Since it is only a cache, a
 * damaged file costs nothing but time.
 */
export class EmbeddingCache {
  readonly #file: string;
  readonly #dimension: number;
  readonly #vectors = new Map<string, Float32Array>();
  #changed = false;

  private constructor(file: string, dimension: number) {
    this.#file = file;
    this.#dimension = dimension;
  }

  /**
   * @param dir folder of caches, created if missing; it has a file per model and kind of views
   * @param model fingerprint and dimension of the encoder
   * @param views views of a photo whose embeddings are averaged
   */
  static async open(
    dir: string,
    model: { fingerprint: string; dimension: number },
    views: Views,
  ): Promise<EmbeddingCache> {
    createFolder(dir, PRIVATE_FOLDER);
    const name = views === '1' ? model.fingerprint : `${model.fingerprint}.views-${views}`;
    const cache = new EmbeddingCache(path.join(dir, `${name}.embeddings`), model.dimension);
    await cache.#load();
    return cache;
  }

  async #load(): Promise<void> {
    const bytes = await readFile(this.#file).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') {
        return Buffer.alloc(0);
      }
      throw error;
    });
    const record = HASH_BYTES + 4 * this.#dimension;
    for (let start = 0; start + record <= bytes.length; start += record) {
      const vector = new Float32Array(this.#dimension);
      new Uint8Array(vector.buffer).set(bytes.subarray(start + HASH_BYTES, start + record));
      this.#vectors.set(bytes.toString('hex', start, start + HASH_BYTES), vector);
    }
  }

  /** @param sha256 hex content hash of the photo's file */
  get(sha256: string): Float32Array | undefined {
    return this.#vectors.get(sha256);
  }

  /** @param vector float32 [dimension] */
  set(sha256: string, vector: Float32Array): void {
    this.#vectors.set(sha256, vector);
    this.#changed = true;
  }

  /**
   * Saves the cache if anything was added. The temporary name is per process, since several evaluations may save at
   * once.
   */
  async save(): Promise<void> {
    if (!this.#changed) {
      return;
    }
    const parts = [...this.#vectors].flatMap(([sha256, vector]) => [
      Buffer.from(sha256, 'hex'),
      Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength),
    ]);
    const temporary = `${this.#file}.${process.pid}`;
    await writeFile(temporary, Buffer.concat(parts), { mode: PRIVATE_FILE });
    await rename(temporary, this.#file);
    this.#changed = false;
  }
}
