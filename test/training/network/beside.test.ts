/** A trained network with its start beside it gives what either gives alone. */
import { describe, expect, it } from 'vitest';
import { withCells } from '../../../src/encoder/cells/graph.js';
import type { Matrix } from '../../../src/evaluation/exact.js';
import { type Model, writeModel } from '../../../src/onnx/model.js';
import { floatTensor } from '../../../src/onnx/tensor.js';
import { Session } from '../../../src/training/autodiff/session.js';
import { project } from '../../../src/training/head/algebra.js';
import { smallNetwork } from '../../../src/training/network/backbone.js';
import { besideStart, ofTrainedPart, withStartOutput } from '../../../src/training/network/beside.js';
import { withWeights } from '../../../src/training/network/network.js';
import { randomFloats } from '../../../src/training/random.js';

const named = smallNetwork(32, 1);
/** Exporters need not name nodes. */
const start = { ...named, nodes: named.nodes.map((node) => ({ ...node, name: '' })) };
const other = smallNetwork(32, 2);
const head = { matrix: floatTensor(new Float32Array(256), [256, 1]), offset: floatTensor([0]) };
/** The start with the last two layers of another network. */
const trained = withWeights(
  { backbone: start, head, size: 32, pixels: { mean: 0, std: 1 } },
  Object.fromEntries([...other.initialisers].filter(([name]) => /^layer[23]/.test(name))),
).backbone;
const random = randomFloats(3);
const pixels = Float32Array.from({ length: 2 * 3 * 32 * 32 }, () => 2 * random() - 1);

async function featuresOf(model: Model): Promise<number[][]> {
  const session = await Session.open(writeModel(model), { threads: 1 });
  const { features } = await session.run({
    pixel_values: { dtype: 'float32', shape: [2, 3, 32, 32], data: pixels },
  });
  await session.close();
  const [rows, width] = features!.shape as [number, number];
  return Array.from({ length: rows }, (_, row) =>
    Array.from((features!.data as Float32Array).subarray(row * width, (row + 1) * width)),
  );
}

describe('besideStart', () => {
  it('gives the trained features and then the start’s', async () => {
    const both = await featuresOf(besideStart(trained, start));
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

  it('computes what is the same in both once', () => {
    const both = besideStart(trained, start);
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

  it('can still be taken apart by the cells of its map', () => {
    expect(() => withCells(besideStart(trained, start), 'features')).not.toThrow();
  });

  it('refuses a network that does not end in a mean over its map', () => {
    const ending = (model: Model): Model => ({
      ...model,
      nodes: model.nodes.map((node) =>
        node.op === 'GlobalAveragePool' ? { ...node, op: 'GlobalMaxPool' } : node,
      ),
    });
    expect(() => besideStart(ending(trained), ending(start))).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    );
  });
});

it('gives what the network gave before it is trained, beside what it gives', async () => {
  const trainable = new Set([...start.initialisers.keys()].filter((name) => /^layer[23]/.test(name)));
  const both = withStartOutput(start, trainable);
  const session = await Session.open(
    writeModel({
      ...both,
      initialisers: new Map(
        [...both.initialisers].map(([name, tensor]) => [name, trained.initialisers.get(name) ?? tensor]),
      ),
    }),
    { threads: 1 },
  );
  const results = await session.run({
    pixel_values: { dtype: 'float32', shape: [2, 3, 32, 32], data: pixels },
  });
  await session.close();
  const [now, before] = both.outputs.map(({ name }) => Array.from(results[name]!.data as Float32Array));
  expect(now).toEqual((await featuresOf(trained)).flat());
  expect(before).toEqual((await featuresOf(start)).flat());
  expect(both.nodes.filter(({ op }) => op === 'Conv')).toHaveLength(6);
});

it('projects the trained part as it was projected alone', () => {
  const unit = (row: number[]) => row.map((value) => value / Math.hypot(...row));
  const matrix = floatTensor(
    Float32Array.from({ length: 3 * 2 }, () => random() - 0.5),
    [3, 2],
  );
  const offset = floatTensor([0.1, -0.2]);
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
  const wide = ofTrainedPart({ matrix, offset }, both);
  expect(wide.matrix.shape).toEqual([6, 2]);
  const expected = project(as(rows), { matrix, offset }).data;
  project(both, wide).data.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 5);
  });
});
