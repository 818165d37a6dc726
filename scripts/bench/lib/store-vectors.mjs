/**
 * Generates any number of vectors that are distributed like the encoder's.
 *
 * A breed is a centre, and a photo is its breed's centre plus noise. Both are Gaussian. The standard deviation of
 * coordinate i is proportional to (i + 1)^-0.9, and 40 % of the variance lies within breeds. This imitates 7,681 embeddings
 * of the gallery: 37 % of their variance lies within breeds, and their intrinsic dimension is 12.4 (Levina and Bickel, NIPS
 * 2004, k = 20). Vectors without structure would have an intrinsic dimension near 256, where graphs fail and neighbours
 * mean nothing. `estimateIntrinsicDimension` measures both.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const EXPONENT = 0.9;
const WITHIN = 0.4;
const CHUNK_ROWS = 4096;

/** Generates numbers in [0, 1) from a seed (xoshiro128**). */
export function generator(seed) {
  const s = new Uint32Array(4);
  let x = seed >>> 0;
  for (let i = 0; i < 4; i++) {
    x = (x + 0x9e3779b9) >>> 0;
    let z = x;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    s[i] = z ^ (z >>> 16);
  }
  return () => {
    const m = Math.imul(s[1], 5);
    const result = Math.imul((m << 7) | (m >>> 25), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result / 4294967296;
  };
}

/** Returns a function that generates the next vector: unit length, float32 [dimension]. */
export function createVectorSource({ dimension, breeds, seed }) {
  const scales = Float64Array.from({ length: dimension }, (_, i) => (i + 1) ** -EXPONENT);
  const gaussians = (uniform) => {
    const values = new Float64Array(dimension);
    for (let i = 0; i < dimension; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      values[i] = scales[i] * radius * Math.cos(angle);
      if (i + 1 < dimension) {
        values[i + 1] = scales[i + 1] * radius * Math.sin(angle);
      }
    }
    return values;
  };
  // All seeds share the centres, so that queries come from stored breeds.
  const fixed = generator(1);
  const centres = Array.from({ length: breeds }, () => gaussians(fixed));
  const uniform = generator(seed);
  const [between, within] = [Math.sqrt(1 - WITHIN), Math.sqrt(WITHIN)];
  return () => {
    const centre = centres[Math.floor(uniform() * breeds)];
    const vector = gaussians(uniform);
    let squares = 0;
    for (let i = 0; i < dimension; i++) {
      vector[i] = between * centre[i] + within * vector[i];
      squares += vector[i] * vector[i];
    }
    return Float32Array.from(vector, (x) => x / Math.sqrt(squares));
  };
}

/** Creates the item of a row. @param own fields to set instead */
export function createItem(row, vector, own = {}) {
  const id = row.toString(16).padStart(32, '0');
  return {
    id,
    sha256: id.padStart(64, '0'),
    label: `breed-${row % 81}`,
    source: `photos/${row}.jpg`,
    size: 100_000,
    metadata: { species: row % 3 ? 'dog' : 'cat' },
    thumbnail: null,
    vector,
    ...own,
  };
}

/** Writes `count` vectors to a file of float32. */
export function writeVectors(file, count, spec) {
  const next = createVectorSource(spec);
  const handle = openSync(file, 'w');
  for (let at = 0; at < count; at += CHUNK_ROWS) {
    const rows = Math.min(CHUNK_ROWS, count - at);
    const chunk = new Float32Array(rows * spec.dimension);
    for (let i = 0; i < rows; i++) {
      chunk.set(next(), i * spec.dimension);
    }
    writeSync(handle, new Uint8Array(chunk.buffer));
  }
  closeSync(handle);
}

/** Reads the vectors of a file in chunks of at most `rows`, each float32 [n * dimension]. */
export function* readVectors(file, dimension, rows = CHUNK_ROWS) {
  const handle = openSync(file, 'r');
  try {
    for (;;) {
      const chunk = new Float32Array(rows * dimension);
      const bytes = readSync(handle, new Uint8Array(chunk.buffer));
      if (bytes === 0) {
        return;
      }
      yield chunk.subarray(0, bytes / 4);
    }
  } finally {
    closeSync(handle);
  }
}

/** Finds the rows of each query's k nearest vectors in the file, by comparing with all of them. */
export function findGroundTruth(file, queries, dimension, k) {
  const best = queries.map(() => []);
  let first = 0;
  for (const chunk of readVectors(file, dimension)) {
    const rows = chunk.length / dimension;
    for (const [q, query] of queries.entries()) {
      const top = best[q];
      for (let row = 0, o = 0; row < rows; row++, o += dimension) {
        let [a, b] = [0, 0];
        for (let i = 0; i < dimension; i += 2) {
          a += chunk[o + i] * query[i];
          b += chunk[o + i + 1] * query[i + 1];
        }
        if (top.length === k && a + b <= top[k - 1].score) {
          continue;
        }
        let at = top.length;
        while (at > 0 && top[at - 1].score < a + b) {
          at--;
        }
        top.splice(at, 0, { row: first + row, score: a + b });
        if (top.length > k) {
          top.pop();
        }
      }
    }
    first += rows;
  }
  return best.map((top) => top.map(({ row }) => row));
}

/** Waits until a collection's graph holds every item, or there will be none. @returns the kind of its index */
export async function waitForGraph(store, name) {
  for (;;) {
    const { index, count } = await store.getCollection(name);
    if (index.kind === 'exact' || index.indexed === count) {
      return index.kind;
    }
    await sleep(10);
  }
}

/** Computes the share of true neighbours that were found. */
export function recall(found, truth) {
  let hits = 0;
  for (const [i, rows] of truth.entries()) {
    hits += rows.filter((row) => found[i].includes(row)).length;
  }
  return hits / truth.flat().length;
}

/** Estimates the intrinsic dimension around `samples` of the vectors (Levina and Bickel 2004). */
export function estimateIntrinsicDimension(vectors, k = 20, samples = 200) {
  let sum = 0;
  for (let s = 0; s < samples; s++) {
    const query = vectors[Math.floor((s * vectors.length) / samples)];
    const distances = vectors
      .map((v) => Math.sqrt(v.reduce((d, x, i) => d + (x - query[i]) ** 2, 0)))
      .sort((a, b) => a - b)
      .slice(1, k + 1);
    const last = distances[k - 1];
    sum += distances.slice(0, -1).reduce((total, d) => total + Math.log(last / d), 0) / (k - 1);
  }
  return samples / sum;
}
