/** Maps of several depths, pooled side by side. */
import { describe, expect, it } from 'vitest';
import { withCells } from '../../../src/encoder/cells/graph.js';
import { type Model, writeModel } from '../../../src/onnx/model.js';
import { floatTensor } from '../../../src/onnx/tensor.js';
import { GraphBuilder } from '../../../src/training/autodiff/builder.js';
import { Session } from '../../../src/training/autodiff/session.js';
import { readBackbone, SMALL_NETWORK, smallNetwork } from '../../../src/training/network/backbone.js';
import { besideStart } from '../../../src/training/network/beside.js';
import { cutOf } from '../../../src/training/network/kept.js';
import { pooledFirst, withLevels } from '../../../src/training/network/levels.js';
import { appendBackbone } from '../../../src/training/network/network.js';
import { randomFloats } from '../../../src/training/random.js';
import { completeRecipe } from '../../../src/training/recipe/load.js';

const SIZE = 32;
const start = smallNetwork(SIZE, 1);
const other = smallNetwork(SIZE, 2);
/** The start with the last layer of another network. */
const trained: Model = {
  ...start,
  initialisers: new Map(
    [...start.initialisers].map(([name, tensor]) => [
      name,
      name.startsWith('layer3') ? other.initialisers.get(name)! : tensor,
    ]),
  ),
};
/** The last convolution, of which the last map is what is above 0. */
const LEVEL = 'conv_6';
const random = randomFloats(3);
const pixels = Float32Array.from({ length: 2 * 3 * SIZE * SIZE }, () => 2 * random() - 1);

async function outputs(model: Model): Promise<Record<string, { shape: readonly number[]; data: number[] }>> {
  const session = await Session.open(writeModel(model), { threads: 1 });
  const results = await session.run({
    pixel_values: { dtype: 'float32', shape: [2, 3, SIZE, SIZE], data: pixels },
  });
  await session.close();
  return Object.fromEntries(
    Object.entries(results).map(([name, { shape, data }]) => [
      name,
      { shape, data: Array.from(data as Float32Array) },
    ]),
  );
}

/** Rows [2, F] of a model's features. */
async function featuresOf(model: Model): Promise<number[][]> {
  const { data, shape } = (await outputs(model)).features!;
  const width = shape[1]!;
  return [data.slice(0, width), data.slice(width)];
}

/** Means [2, C] of a map within a model. */
async function meansOf(model: Model, map: string): Promise<number[][]> {
  const seen = await outputs({ ...model, outputs: [{ name: map, dtype: 'float32', shape: [''] }] });
  const { data, shape } = seen[map]!;
  const [, channels, height, width] = shape as [number, number, number, number];
  const cells = height * width;
  return [0, 1].map((row) =>
    Array.from({ length: channels }, (_, c) => {
      const at = (row * channels + c) * cells;
      return data.slice(at, at + cells).reduce((sum, x) => sum + x, 0) / cells;
    }),
  );
}

function expectClose(actual: number[][], expected: number[][]): void {
  actual.forEach((row, i) => {
    expect(row).toHaveLength(expected[i]!.length);
    row.forEach((value, j) => {
      expect(value).toBeCloseTo(expected[i]![j]!, 5);
    });
  });
}

const joined = (...parts: number[][][]) => [0, 1].map((row) => parts.flatMap((part) => part[row]!));

/** The model with a map, `halved`, of the last one's size below the last layer, and nothing that reads it. */
function withHalved(model: Model): Model {
  const pool = {
    ...{ op: 'AveragePool', domain: '', name: 'halved', inputs: ['relu_5'], outputs: ['halved'] },
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
  };
  const at = model.nodes.findIndex(({ outputs }) => outputs[0] === 'relu_5') + 1;
  return { ...model, nodes: [...model.nodes.slice(0, at), pool, ...model.nodes.slice(at)] };
}

describe('withLevels', () => {
  it('gives the features of the last map, then those of each level', async () => {
    const expected = joined(await featuresOf(start), await meansOf(start, LEVEL));
    expect(expected[0]).toHaveLength(512);
    expectClose(await featuresOf(withLevels(start, [LEVEL])), expected);
  });

  it.each([
    ['left alone', 'halved'],
    ['changed', LEVEL],
  ])('has a level that training %s before the start’s last map, and cells of all three', async (_, level) => {
    const both = besideStart(
      withLevels(withHalved(trained), [level]),
      withLevels(withHalved(start), [level]),
    );
    const expected = joined(
      await featuresOf(trained),
      await meansOf(withHalved(trained), level),
      await featuresOf(start),
    );
    expectClose(await featuresOf(both), expected);
    expect(both.nodes.filter(({ op }) => op === 'Concat')).toHaveLength(1);
    expect(() => withCells(both, 'features')).not.toThrow();
  });

  it('is what a recipe asks for', async () => {
    const source = { file: SMALL_NETWORK, size: SIZE, levels: [LEVEL] };
    expectClose(
      await featuresOf(await readBackbone(source, 1)),
      await featuresOf(withLevels(start, [LEVEL])),
    );
  });

  it.each([
    ['a name that is none', 'conv_99'],
    ['the last map', 'relu_7'],
    ['the pooled map', 'globalaveragepool_8'],
  ])('refuses %s', (_, name) => {
    expect(() => withLevels(start, [name])).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  });

  it('refuses a map of another size, by name', async () => {
    const g = new GraphBuilder();
    const image = g.input('x', 'float32', [1, 3, SIZE, SIZE]);
    await expect(appendBackbone(g, withLevels(start, ['relu_5']), image)).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining('relu_5'),
    });
  });
});

describe('pooledFirst', () => {
  it('changes nothing of the features', async () => {
    const model = withLevels(start, [LEVEL]);
    expectClose(await featuresOf(pooledFirst(model)), await featuresOf(model));
  });

  it('leaves a network without levels as it is', () => {
    expect(pooledFirst(start)).toEqual(start);
  });

  it('lets a frozen level cross the cut as one number a channel', async () => {
    const recipe = completeRecipe(
      {
        name: 'test',
        backbone: { file: SMALL_NETWORK, size: 64, pixels: { mean: 127, std: 128 } },
        losses: [{ kind: 'sup-con' }],
        freeze: { names: ['^layer[012]'] },
      },
      'The recipe',
    );
    const head = { matrix: floatTensor([0], [1, 1]), offset: floatTensor([0]) };
    const backbone = withLevels(withHalved(smallNetwork(64, 1)), ['halved']);
    const { ports } = await cutOf({ backbone, head, size: 64, pixels: { mean: 127, std: 128 } }, recipe);
    expect(ports).toEqual([
      { name: 'relu_5', shape: [128, 8, 8] },
      { name: 'globalaveragepool_8 of halved', shape: [128, 1, 1] },
    ]);
  });
});
