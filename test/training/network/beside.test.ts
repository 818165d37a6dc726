/** A trained network with its start beside it gives what either gives alone. */
import { describe, expect, it } from 'vitest';
import { addCells } from '../../../src/encoder/cells/add-cells.js';
import type { Matrix } from '../../../src/math/matrix.js';
import { createRandom } from '../../../src/math/random.js';
import { type Model, writeModel } from '../../../src/onnx/onnx-model.js';
import { createFloatTensor } from '../../../src/onnx/tensor.js';
import { GraphSession } from '../../../src/training/autodiff/graph-session.js';
import { projectFeatures } from '../../../src/training/head/projection.js';
import { createSmallNetwork } from '../../../src/training/network/backbone.js';
import { replaceWeights } from '../../../src/training/network/network.js';
import { addStartFeatures, widenProjection } from '../../../src/training/network/start-features.js';

const named = createSmallNetwork(32, 1);
/** Exporters need not name nodes. */
const start = { ...named, nodes: named.nodes.map((node) => ({ ...node, name: '' })) };
const other = createSmallNetwork(32, 2);
const head = { matrix: createFloatTensor(new Float32Array(256), [256, 1]), offset: createFloatTensor([0]) };
/** The start with the last two layers of another network. */
const trained = replaceWeights(
  { backbone: start, head, size: 32, pixels: { mean: 0, std: 1 } },
  Object.fromEntries([...other.initialisers].filter(([name]) => /^layer[23]/.test(name))),
).backbone;
const random = createRandom(3);
const pixels = Float32Array.from({ length: 2 * 3 * 32 * 32 }, () => 2 * random() - 1);

async function featuresOf(model: Model): Promise<number[][]> {
  const session = await GraphSession.open(writeModel(model), { threads: 1 });
  const { features } = await session.run({
    pixel_values: { dtype: 'float32', shape: [2, 3, 32, 32], data: pixels },
  });
  await session.close();
  const [rows, width] = features!.shape as [number, number];
  return Array.from({ length: rows }, (_, row) =>
    Array.from((features!.data as Float32Array).subarray(row * width, (row + 1) * width)),
  );
}

describe('addStartFeatures', () => {
  it('gives the trained features followed by those of the start', async () => {
    const both = await featuresOf(addStartFeatures(trained, start));
    const parts = [await featuresOf(trained), await featuresOf(start)] as const;
    expect(parts[0][0]).not.toEqual(parts[1][0]);
    both.forEach((row, i) => {
      const expected = [...parts[0][i]!, ...parts[1][i]!];
      expect(row).toHaveLength(512);
      row.forEach((value, j) => {
        expect(value).toBeCloseTo(expected[j]!, 5);
      });
    });
  });

  it('computes what both share once', () => {
    const both = addStartFeatures(trained, start);
    const convolutions = both.nodes.filter(({ op }) => op === 'Conv').map(({ inputs }) => inputs[1]);
    expect(convolutions).toEqual([
      'layer0.weight',
      'layer1.weight',
      'layer2.weight',
      'layer3.weight',
      'start layer2.weight',
      'start layer3.weight',
    ]);
    expect(both.outputs[0]?.shape).toEqual(['batch', 512]);
  });

  it('can still be explained by the cells of its map', () => {
    expect(() => addCells(addStartFeatures(trained, start), 'features')).not.toThrow();
  });

  it('refuses a network that does not end in a mean over its map', () => {
    const ending = (model: Model): Model => ({
      ...model,
      nodes: model.nodes.map((node) =>
        node.op === 'GlobalAveragePool' ? { ...node, op: 'GlobalMaxPool' } : node,
      ),
    });
    expect(() => addStartFeatures(ending(trained), ending(start))).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    );
  });
});

it('projects the trained part as before', () => {
  const unit = (row: number[]) => row.map((value) => value / Math.hypot(...row));
  const matrix = createFloatTensor(
    Float32Array.from({ length: 3 * 2 }, () => random() - 0.5),
    [3, 2],
  );
  const offset = createFloatTensor([0.1, -0.2]);
  const rows = Array.from({ length: 5 }, () => unit([random(), random(), random()]));
  const as = (values: number[][]): Matrix => ({
    data: Float32Array.from(values.flat()),
    rows: values.length,
    dimension: values[0]!.length,
  });
  // Both parts of the same length, as those of real networks nearly are.
  const both = as(
    rows.map((row) => [...row, ...unit([random(), random(), random()])].map((x) => x / Math.SQRT2)),
  );
  const wide = widenProjection({ matrix, offset }, both);
  expect(wide.matrix.shape).toEqual([6, 2]);
  const expected = projectFeatures(as(rows), { matrix, offset }).data;
  projectFeatures(both, wide).data.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 5);
  });
});
