/**
 * Rounds the convolutions of a quantised model again, in order. The inputs of each come from the layers that are
 * already rounded, so later layers see the error of earlier ones. The bias then corrects the remaining error in the
 * mean of each channel (Nagel et al. 2019, arXiv 1906.04721).
 */
import { createRandom } from '../../../math/random.js';
import { createNode, type ModelNode } from '../../../onnx/onnx-model.js';
import type { Tensor } from '../../../onnx/tensor.js';
import { computeMoments } from './moments.js';
import type { Feed } from './observe-activations.js';
import { roundFilters } from './round-filters.js';
import { Segments } from './segments.js';
import { type QuantisedConvolution, type QuantisedModel, WEIGHT_LIMIT } from './write-qdq.js';

/** Largest int32. */
const LARGEST = 2 ** 31 - 1;

/**
 * @param quantised changed in place
 * @param floats the float model's constants
 * @param means of the float convolutions' outputs over the same photos
 * @param seed of the choice of positions
 * @param onConvolution called after each
 */
export async function refineRounding(
  quantised: QuantisedModel,
  floats: ReadonlyMap<string, Tensor>,
  means: ReadonlyMap<string, Float64Array>,
  feeds: readonly Feed[],
  seed: number,
  onConvolution: () => void,
): Promise<void> {
  const random = createRandom(seed);
  const segments = new Segments(quantised, feeds);
  for (const convolution of quantised.convolutions) {
    await segments.advance(convolution.start);
    const { node, affine } = convolution;
    const exact = floats.get(node.inputs[1] ?? '') as Tensor;
    const maps = segments.tensors(convolution.input);
    const { groups, size } = await computeMoments(node, exact.shape, maps, affine.zero, random);
    const rounded = roundGroups(exact, groups, size, convolution.scales);
    quantised.initialisers.set(convolution.weight, { dtype: 'int8', shape: exact.shape, data: rounded });
    const target = means.get(node.outputs[0] ?? '') as Float64Array;
    const given = await measureMeanWithoutBias(segments, quantised, convolution, feeds.length);
    const bias = Int32Array.from(target, (mean, f) => {
      const steps = Math.round((mean - given[f]!) / (affine.scale * convolution.scales[f]!));
      return Math.max(-LARGEST, Math.min(LARGEST, steps));
    });
    quantised.initialisers.set(convolution.bias, { dtype: 'int32', shape: [bias.length], data: bias });
    onConvolution();
  }
}

function roundGroups(
  exact: Tensor,
  groups: readonly Float64Array[],
  size: number,
  scales: Float32Array,
): Int8Array {
  const rounded = new Int8Array(exact.data.length);
  const filters = scales.length / groups.length;
  groups.forEach((moments, group) => {
    const first = group * filters;
    const weights = (exact.data as Float32Array).subarray(first * size, (first + filters) * size);
    const own = scales.subarray(first, first + filters);
    rounded.set(roundFilters({ weights, moments, size, scales: own, limit: WEIGHT_LIMIT }), first * size);
  });
  return rounded;
}

/** Measures the mean output of the rounded weights over photos and positions, for each filter. */
async function measureMeanWithoutBias(
  segments: Segments,
  { nodes }: QuantisedModel,
  { node, start, scales }: QuantisedConvolution,
  photos: number,
): Promise<Float64Array> {
  const [input, weight] = nodes.slice(start, start + 2) as [ModelNode, ModelNode];
  const inputs = [input.outputs[0] ?? '', weight.outputs[0] ?? ''];
  const convolution = { ...node, inputs, outputs: ['without bias'] };
  const average = createNode('GlobalAveragePool', ['without bias'], ['average']);
  const means = new Float64Array(scales.length);
  await segments.try([input, weight, convolution, average], 'average', ({ data }) => {
    for (let f = 0; f < means.length; f += 1) {
      means[f]! += Number(data[f]) / photos;
    }
  });
  return means;
}
