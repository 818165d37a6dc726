/** Computes second moments of the inputs of a convolution, which show where the rounding of its weights matters. */
import { drawDistinct } from '../../../math/random.js';
import { readInt } from '../../../onnx/attributes.js';
import type { ModelNode } from '../../../onnx/onnx-model.js';
import { computeWindow, type Window, type WindowAxis } from '../../../onnx/shapes/window-shapes.js';
import { countElements, type Tensor } from '../../../onnx/tensor.js';
import { GraphBuilder } from '../../autodiff/graph-builder.js';
import { GraphSession } from '../../autodiff/graph-session.js';

/** Positions to sample in each feature map. */
const MAX_POSITIONS = 200;
/** Floats to multiply at once: 32 MB. */
const MAX_FLOATS_PER_RUN = 8e6;

/** Moments of every group of a convolution. */
export interface Moments {
  /** About the mean, one [size, size] for each group, in squared integer steps of the input. */
  readonly groups: readonly Float64Array[];
  /** Inputs of one filter: channels of its group x height x width. */
  readonly size: number;
}

/** The geometry of a convolution's patches. */
interface Patches {
  readonly window: Window;
  readonly groups: number;
  /** Channels per group. */
  readonly channels: number;
  readonly size: number;
}

/**
 * Gathers patches at random positions of each photo's feature map and multiplies them with themselves.
 *
 * @param node the convolution
 * @param kernel shape of its weights
 * @param maps uint8 [1, channels, height, width] each
 * @param zero the integer that stands for 0
 * @param random floats in [0, 1)
 */
export async function computeMoments(
  node: ModelNode,
  kernel: readonly number[],
  maps: readonly Tensor[],
  zero: number,
  random: () => number,
): Promise<Moments> {
  const [, channels = 0, ...spatial] = kernel;
  const groups = readInt(node.attributes, 'group', 1);
  const [, , ...inputSize] = maps[0]?.shape ?? [];
  const window = computeWindow(node.attributes, inputSize, spatial);
  const size = channels * countElements(spatial);
  const patches: Patches = { window, groups, channels, size };
  const area = countElements(window.map(({ output }) => output));
  const perMap = Math.min(MAX_POSITIONS, area);
  const mapsAtOnce = Math.max(
    1,
    Math.min(maps.length, Math.floor(MAX_FLOATS_PER_RUN / (groups * size * perMap))),
  );
  const rows = mapsAtOnce * perMap;
  const products = new Float64Array(groups * size * size);
  const sums = new Float64Array(groups * size);
  await GraphSession.use(buildProductGraph(groups, rows, size), {}, async (session) => {
    for (let first = 0; first < maps.length; first += mapsAtOnce) {
      // Rows that stay zero contribute nothing.
      const data = new Float32Array(groups * rows * size);
      maps.slice(first, first + mapsAtOnce).forEach((map, m) => {
        drawDistinct([...Array(area).keys()], perMap, random).forEach((position, p) => {
          gatherPatch({ map, position, zero }, patches, { data, row: m * perMap + p, rows });
        });
      });
      const results = await session.run({ x: { dtype: 'float32', shape: [groups, rows, size], data } });
      addTo(products, results.products?.data as Float32Array);
      addTo(sums, results.sums?.data as Float32Array);
    }
  });
  return { groups: centreMoments(products, sums, maps.length * perMap, groups, size), size };
}

/** x [groups, rows, size] -> products x^T x [groups, size, size] and sums [groups, 1, size]. */
function buildProductGraph(groups: number, rows: number, size: number): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [groups, rows, size]);
  g.output('products', g.matMul(g.transposeLast(x), x));
  g.output('sums', g.reduceSum(x, [1]));
  return g.toBytes();
}

/** Writes the patch at an output position as row `row` of each group. Padding is 0. */
function gatherPatch(
  { map, position, zero }: { map: Tensor; position: number; zero: number },
  { window, groups, channels, size }: Patches,
  { data, row, rows }: { data: Float32Array; row: number; rows: number },
): void {
  const pixels = map.data as Uint8Array;
  const [down, across] = window as [WindowAxis, WindowAxis];
  const top = Math.floor(position / across.output) * down.stride - down.begin;
  const left = (position % across.output) * across.stride - across.begin;
  for (let group = 0; group < groups; group++) {
    let at = (group * rows + row) * size;
    for (let c = group * channels; c < (group + 1) * channels; c++) {
      for (let ky = 0; ky < down.kernel; ky++) {
        const y = top + ky * down.dilation;
        for (let kx = 0; kx < across.kernel; kx++, at++) {
          const x = left + kx * across.dilation;
          if (y >= 0 && y < down.length && x >= 0 && x < across.length) {
            data[at] = pixels[(c * down.length + y) * across.length + x]! - zero;
          }
        }
      }
    }
  }
}

function addTo(sums: Float64Array, values: Float32Array): void {
  for (let i = 0; i < sums.length; i++) {
    sums[i]! += values[i]!;
  }
}

/** E[x x^T] - E[x] E[x]^T, group by group. */
function centreMoments(
  products: Float64Array,
  sums: Float64Array,
  count: number,
  groups: number,
  size: number,
): Float64Array[] {
  return Array.from({ length: groups }, (_, group) => {
    const moments = products.slice(group * size * size, (group + 1) * size * size);
    const mean = sums.subarray(group * size, (group + 1) * size).map((sum) => sum / count);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        moments[i * size + j] = moments[i * size + j]! / count - mean[i]! * mean[j]!;
      }
    }
    return moments;
  });
}
