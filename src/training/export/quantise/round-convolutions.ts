/**
 * Rounds the weights of a quantised model, one convolution after the other. The inputs of each come from the layers that
 * are already rounded, so later layers see the error of earlier ones. The bias then corrects the remaining error in the
 * mean of each channel (Nagel et al. 2019, arXiv 1906.04721).
 */
import { invertCholeskyFactor } from '../../../math/decompositions.js';
import { createRandom } from '../../../math/random.js';
import { createNode, type ModelNode } from '../../../onnx/onnx-model.js';
import type { Tensor } from '../../../onnx/tensor.js';
import { computeMoments } from './moments.js';
import type { Feed } from './observe-activations.js';
import { Segments } from './segments.js';
import { MAX_WEIGHT, type QuantisedConvolution, type QuantisedModel } from './write-qdq.js';

const MAX_INT32 = 2 ** 31 - 1;

/**
 * @param quantised changed in place
 * @param floats the float model's constants
 * @param means of the float convolutions' outputs over the same photos
 * @param seed of the choice of positions
 * @param onConvolution called after each
 */
export async function roundConvolutions(
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
    const maps = segments.getTensors(convolution.input);
    const { groups, size } = await computeMoments(node, exact.shape, maps, affine.zero, random);
    const rounded = roundGroups(exact, groups, size, convolution.scales);
    quantised.initialisers.set(convolution.weight, { dtype: 'int8', shape: exact.shape, data: rounded });
    const target = means.get(node.outputs[0] ?? '') as Float64Array;
    const actual = await measureMeanWithoutBias(segments, quantised, convolution, feeds.length);
    const bias = Int32Array.from(target, (mean, f) => {
      const steps = Math.round((mean - actual[f]!) / (affine.scale * convolution.scales[f]!));
      return Math.max(-MAX_INT32, Math.min(MAX_INT32, steps));
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
    const groupScales = scales.subarray(first, first + filters);
    rounded.set(roundFilters({ weights, moments, size, scales: groupScales }), first * size);
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
    for (let f = 0; f < means.length; f++) {
      means[f]! += Number(data[f]) / photos;
    }
  });
  return means;
}

/** Share of the mean diagonal that is added to the second moments to make them invertible. */
const DAMPING = 0.01;

/** Filters that read the same inputs. */
export interface FilterGroup {
  /** float [filters, size], row-major. */
  readonly weights: Float32Array;
  /** Second moments of the inputs about their mean, [size, size]. They are changed. */
  readonly moments: Float64Array;
  readonly size: number;
  /** Value of one integer step of each filter's weights, [filters]. */
  readonly scales: Float32Array;
}

/**
 * Rounds the weights so that the outputs stay close, rather than each single weight: GPTQ (Frantar et al. 2022, arXiv
 * 2210.17323; after Hassibi and Stork 1993, "Optimal Brain Surgeon"). Rounding to nearest would cause most of the error
 * of an int8 encoder with 7-bit weights. Weights are rounded input by input, and the rest of each filter compensates for
 * the error so far. Inputs that vary most come first.
 *
 * @returns integers [filters, size], none larger than {@link MAX_WEIGHT}
 */
export function roundFilters({ weights, moments, size, scales }: FilterGroup): Int8Array {
  damp(moments, size);
  // Ascending, because the last row of the inverse factor says how the other inputs compensate for the last one.
  const order = [...Array(size).keys()].sort(
    (a, b) => moments[a * size + a]! - moments[b * size + b]! || b - a,
  );
  const factor = invertCholeskyFactor(size, (row, column) => moments[order[row]! * size + order[column]!]!);
  const rounded = new Int8Array(weights.length);
  const rest = new Float64Array(size);
  scales.forEach((scale, f) => {
    const from = f * size;
    for (let i = 0; i < size; i++) {
      rest[i] = weights[from + order[i]!]!;
    }
    for (let i = size - 1; i >= 0; i--) {
      const integer = Math.max(-MAX_WEIGHT, Math.min(MAX_WEIGHT, Math.round(rest[i]! / scale)));
      rounded[from + order[i]!] = integer;
      const row = i * size;
      const error = (rest[i]! - integer * scale) / factor[row + i]!;
      for (let j = 0; j < i; j++) {
        rest[j]! -= error * factor[row + j]!;
      }
    }
  });
  return rounded;
}

function damp(moments: Float64Array, size: number): void {
  let trace = 0;
  for (let i = 0; i < size; i++) {
    trace += moments[i * size + i]!;
  }
  const added = (DAMPING * trace) / size + 1e-9;
  for (let i = 0; i < size; i++) {
    moments[i * size + i]! += added;
  }
}
