/** Creates the head and the proxies that training starts from. */
import type { Matrix } from '../../math/matrix.js';
import { createNormalRandom, drawDirections } from '../../math/random.js';
import { normalise } from '../../math/vectors.js';
import { createFloatTensor, type Tensor } from '../../onnx/tensor.js';
import type { Projection } from '../head/projection.js';

/** Creates a head that keeps lengths on average: entries of variance 1/F, no offset. */
export function createRandomHead(features: number, dimension: number, seed: number): Projection {
  const normal = createNormalRandom(seed);
  const scale = 1 / Math.sqrt(features);
  return {
    matrix: createFloatTensor(
      Float32Array.from({ length: features * dimension }, () => normal() * scale),
      [features, dimension],
    ),
    offset: createFloatTensor(new Float32Array(dimension)),
  };
}

/**
 * Computes proxies at the mean direction of each label's embeddings.
 *
 * @param embeddings float32 [photos, D], unit vectors
 * @param labels number of each photo's label
 * @returns float32 [count, D], unit vectors; a random direction for a label without photos
 */
export function computeMeanProxies(
  embeddings: Pick<Matrix, 'data' | 'dimension'>,
  labels: readonly number[],
  count: number,
): Tensor {
  const { data, dimension } = embeddings;
  const proxies = new Float32Array(count * dimension);
  labels.forEach((label, photo) => {
    for (let i = 0; i < dimension; i += 1) {
      proxies[label * dimension + i] = proxies[label * dimension + i]! + data[photo * dimension + i]!;
    }
  });
  const fallback = drawDirections(count, dimension, 1);
  for (let label = 0; label < count; label += 1) {
    const proxy = proxies.subarray(label * dimension, (label + 1) * dimension);
    if (normalise(proxy) === 0) {
      proxy.set(fallback.subarray(label * dimension, (label + 1) * dimension));
    }
  }
  return createFloatTensor(proxies, [count, dimension]);
}
