/** What distillation adds to a training step. */
import { expect, it } from 'vitest';
import { createFloatTensor } from '../../../src/onnx/tensor.js';
import { GraphBuilder } from '../../../src/training/autodiff/graph-builder.js';
import { GraphSession } from '../../../src/training/autodiff/graph-session.js';
import { createSmallNetwork } from '../../../src/training/network/backbone.js';
import { cutNetwork, openFrozenPart } from '../../../src/training/network/network-cut.js';
import { createDistillation, createObjective } from '../../../src/training/network/objective.js';
import { completeRecipe } from '../../../src/training/recipe/load-recipe.js';
import { createRandomHead } from '../../../src/training/run/prepare-start.js';

/** A head of two learned numbers and two components, of three features. */
const head = {
  matrix: createFloatTensor([9, 9, 1, 0, 9, 9, 0, 2, 9, 9, 1, 1], [3, 4]),
  offset: createFloatTensor([9, 9, 0.5, -1]),
};
const network = { backbone: createSmallNetwork(32, 1), head, size: 32, pixels: { mean: 0, std: 1 } };
const recipeWith = (general: Record<string, unknown>) =>
  completeRecipe(
    {
      name: 'test',
      backbone: { file: 'x.onnx', size: 32, pixels: { mean: 0, std: 1 } },
      head: { dimension: 5, general: { dimension: 3, ...general } },
      losses: [{ kind: 'sup-con' }],
    },
    'r',
  );

it('is the weighted mean squared distance from the projection of the start’s features', async () => {
  const distillation = createDistillation(network, recipeWith({ features: 'distilled', weight: 3 }))!;
  const g = new GraphBuilder();
  const embeddings = g.input('embeddings', 'float32', [2, 4]);
  const before = g.input('before', 'float32', [2, 3]);
  const { learned, loss } = distillation.split(g, distillation.withTarget(g, embeddings, before));
  g.output('learned', learned);
  g.output('loss', loss);
  const session = await GraphSession.open(g.toBytes(), { threads: 1 });
  const results = await session.run({
    // Projected by the last two columns: [1, 0, 0] to [1.5, -1], [0, 1, 1] to [1.5, 2].
    before: createFloatTensor([1, 0, 0, 0, 1, 1], [2, 3]),
    embeddings: createFloatTensor([7, 8, 1.5, 0, 5, 6, 0.5, 2], [2, 4]),
  });
  await session.close();
  expect(Array.from(results.learned!.data as Float32Array)).toEqual([7, 8, 5, 6]);
  // Squared distances 1 and 1.
  expect(results.loss!.data[0]).toBeCloseTo(3, 5);
});

it('is absent unless a recipe asks for it', () => {
  expect(createDistillation(network, recipeWith({ features: 'start' }))).toBeNull();
});

it.each([
  { frozen: [], what: 'some layers are trained' },
  { frozen: ['.'], what: 'only the head is' },
])('starts at its target if $what, whatever else the backbone gives', async ({ frozen }) => {
  const small = createSmallNetwork(32, 1);
  const counted = {
    op: 'Shape',
    domain: '',
    name: 'shape',
    inputs: [small.inputs[0]!.name],
    outputs: ['shape'],
  };
  const backbone = {
    ...small,
    nodes: [...small.nodes, { ...counted, attributes: {} }],
    outputs: [...small.outputs, { name: 'shape', dtype: 'int64' as const, shape: [4] }],
  };
  const wide = createRandomHead(256, 4, 1);
  const recipe = { ...recipeWith({ features: 'distilled' }), freeze: { layers: 0, names: frozen } };
  const objective = createObjective({ ...network, backbone, head: wide }, null, recipe);
  const g = new GraphBuilder();
  g.output('embeddings', await objective.encoder(g, 2));
  const session = await GraphSession.open(g.toBytes(), { threads: 1 });
  const weights = {
    ...Object.fromEntries(backbone.initialisers),
    'head.matrix': wide.matrix,
    'head.offset': wide.offset,
  };
  const pixels = Uint8Array.from({ length: 2 * 32 * 32 * 3 }, (_, i) => (i * 37) % 256);
  const { embeddings } = await session.run({
    ...weights,
    pixels: { dtype: 'uint8', shape: [2, 32, 32, 3], data: pixels },
  });
  await session.close();
  expect(embeddings!.shape).toEqual([2, 6]);
  const rows = [0, 6].map((at) => Array.from(embeddings!.data as Float32Array).slice(at, at + 6));
  for (const row of rows) {
    for (const i of [2, 3]) {
      expect(row[i]!).toBeCloseTo(row[i + 2]!, 5);
    }
  }
});

it('is the same for cached views as for pixels', async () => {
  const wide = createRandomHead(256, 4, 1);
  const whole = { ...network, head: wide };
  const recipe = { ...recipeWith({ features: 'distilled' }), freeze: { layers: 2, names: [] } };
  const other = createSmallNetwork(32, 2).initialisers;
  // As after some training: the last two layers and the head are no longer the start's.
  const weights = {
    ...Object.fromEntries([...other].filter(([name]) => /^layer[23]/.test(name))),
    'head.matrix': createRandomHead(256, 4, 2).matrix,
    'head.offset': wide.offset,
  };
  const pixels = Uint8Array.from({ length: 2 * 32 * 32 * 3 }, (_, i) => (i * 37) % 256);
  const fed = { pixels: { dtype: 'uint8' as const, shape: [2, 32, 32, 3], data: pixels } };
  const cut = await cutNetwork(whole, recipe);
  const frozen = await openFrozenPart(cut, whole, 2);
  const kept = await frozen.run(fed);
  await frozen.close();
  const embeddings = async (objective: ReturnType<typeof createObjective>, feeds: typeof kept) => {
    const g = new GraphBuilder();
    g.output('embeddings', await objective.encoder(g, 2));
    const session = await GraphSession.open(g.toBytes(), { threads: 1 });
    const results = await session.run({ ...weights, ...feeds });
    await session.close();
    return Array.from(results.embeddings!.data as Float32Array);
  };
  const expected = await embeddings(createObjective(whole, null, recipe), fed);
  const found = await embeddings(createObjective(whole, null, recipe, cut), kept);
  expect(found.length).toBe(12);
  // Kept as float16.
  for (const [i, value] of found.entries()) {
    expect(value).toBeCloseTo(expected[i]!, 2);
  }
  expect(Math.abs(expected[2]! - expected[4]!)).toBeGreaterThan(0.01);
});
