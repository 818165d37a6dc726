/**
 * Collections that are difficult for graphs: crowds of equal or nearly equal vectors, sorted vectors, and many deleted
 * items. All are derived from the vectors of store-vectors.mjs.
 */
import { createVectorSource, generator } from './store-vectors.mjs';

const DIMENSION = 256;
/** The standard deviation of coordinate i is proportional to (i + 1)^-0.9, also for re-encoded or cropped pictures. */
const EXPONENT = 0.9;

const source = (seed) => createVectorSource({ dimension: DIMENSION, breeds: 81, seed });
const ordinary = (count, seed = 2) => Array.from({ length: count }, source(seed));
const repeated = (count, vector) => Array.from({ length: count }, () => vector);

function shuffled(vectors) {
  const uniform = generator(1);
  for (let i = vectors.length - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1));
    [vectors[i], vectors[j]] = [vectors[j], vectors[i]];
  }
  return vectors;
}

/** Creates a function that draws vectors of a given cosine similarity to a centre, in random directions. */
function around(centre, cosine, seed, exponent = EXPONENT) {
  const uniform = generator(seed);
  const gaussian = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const length = Math.sqrt(1 / cosine ** 2 - 1);
  return () => {
    const noise = centre.map((_, i) => gaussian() * (i + 1) ** -exponent);
    const along = noise.reduce((sum, x, i) => sum + x * centre[i], 0);
    const across = noise.map((x, i) => x - along * centre[i]);
    const scale = length / Math.hypot(...across);
    const norm = Math.sqrt(1 + length ** 2);
    return centre.map((x, i) => (x + across[i] * scale) / norm);
  };
}

/** Draws `count` vectors around each of `centres` centres. */
const crowds = (centres, count, cosine, exponent) =>
  ordinary(centres, 99).flatMap((centre, seed) =>
    Array.from({ length: count }, around(centre, cosine, seed, exponent)),
  );

const [placeholder] = ordinary(1, 99);
const everyNth = (vectors, n) => vectors.map((_, row) => row).filter((row) => row % n !== 0);

/**
 * For each shape, the vectors in order of insertion, and the indices that are deleted afterwards, if any.
 *
 * @type {Record<string, () => { vectors: Float32Array[], deleted?: number[] }>}
 */
export const SHAPES = {
  'ordinary, 5,000': () => ({ vectors: ordinary(5000) }),
  'ordinary, 20,000': () => ({ vectors: ordinary(20_000) }),
  '300 equal of 2,000': () => ({ vectors: shuffled([...ordinary(1700), ...repeated(300, placeholder)]) }),
  '2,000 equal of 5,000': () => ({ vectors: shuffled([...ordinary(3000), ...repeated(2000, placeholder)]) }),
  '2,000 equal, put first': () => ({ vectors: [...repeated(2000, placeholder), ...ordinary(3000)] }),
  '2,000 equal, put last': () => ({ vectors: [...ordinary(3000), ...repeated(2000, placeholder)] }),
  '5,000 equal of 10,000': () => ({ vectors: shuffled([...ordinary(5000), ...repeated(5000, placeholder)]) }),
  '50 equal of each of 100': () => ({
    vectors: shuffled([...ordinary(3000), ...ordinary(100, 99).flatMap((v) => repeated(50, v))]),
  }),
  ...Object.fromEntries(
    [0.9999, 0.999, 0.99, 0.98, 0.97].map((cosine) => [
      `2,000 at cosine ${cosine}`,
      () => ({ vectors: shuffled([...ordinary(3000), ...crowds(1, 2000, cosine)]) }),
    ]),
  ),
  '2,000 at 0.97, all directions': () => ({
    vectors: shuffled([...ordinary(3000), ...crowds(1, 2000, 0.97, 0)]),
  }),
  '20 crowds of 200 at 0.995': () => ({ vectors: shuffled([...ordinary(3000), ...crowds(20, 200, 0.995)]) }),
  '40 breeds of 120 at 0.97, sorted': () => ({ vectors: crowds(40, 120, 0.97) }),
  'sorted by a coordinate': () => ({ vectors: ordinary(5000).sort((a, b) => a[0] - b[0]) }),
  '10 % deleted': () => {
    const vectors = ordinary(5000);
    return { vectors, deleted: vectors.map((_, row) => row).filter((row) => row % 10 === 0) };
  },
  '50 % deleted': () => {
    const vectors = ordinary(5000);
    return { vectors, deleted: everyNth(vectors, 2) };
  },
  '90 % deleted': () => {
    const vectors = ordinary(20_000);
    return { vectors, deleted: everyNth(vectors, 10) };
  },
  '2,000 equal, 90 % of them deleted': () => ({
    vectors: [...repeated(2000, placeholder), ...ordinary(3000)],
    deleted: Array.from({ length: 1800 }, (_, row) => row),
  }),
};

/** Draws unseen queries and stored ones. */
export function createQueries(vectors, count) {
  const uniform = generator(3);
  const stored = Array.from({ length: count }, () => vectors[Math.floor(uniform() * vectors.length)]);
  return { unseen: ordinary(count, 77), stored };
}
