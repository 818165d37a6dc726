/** A network cut in two gives what the whole gives. */
import { expect, it } from 'vitest';
import { createRandom } from '../../../src/math/random.js';
import { GraphBuilder } from '../../../src/training/autodiff/graph-builder.js';
import { GraphSession } from '../../../src/training/autodiff/graph-session.js';
import { importModel } from '../../../src/training/autodiff/import/import-model.js';
import { createSmallNetwork } from '../../../src/training/network/backbone.js';
import { selectTrainableWeights } from '../../../src/training/network/layers.js';
import { splitModel } from '../../../src/training/network/network-cut.js';
import { completeRecipe } from '../../../src/training/recipe/load-recipe.js';

const model = createSmallNetwork(32, 1);
const recipe = (freeze: Record<string, unknown>, optimiser: Record<string, unknown> = {}) =>
  completeRecipe(
    {
      name: 'test',
      backbone: { file: 'builtin:small-cnn', size: 32, pixels: { mean: 0, std: 1 } },
      losses: [{ kind: 'sup-con' }],
      freeze,
      optimiser,
    },
    'The test',
  );
const trained = (freeze: Record<string, unknown>) => selectTrainableWeights(model, recipe(freeze));

it('freezes by count and by name, with a rate per layer', () => {
  expect([...trained({ layers: 3 }).keys()]).toEqual(['layer3.weight', 'layer3.bias']);
  expect([...trained({ names: ['bias$', '^layer[01]'] }).keys()]).toEqual(['layer2.weight', 'layer3.weight']);
  const rates = selectTrainableWeights(model, recipe({}, { layerDecay: 0.5 }));
  expect(rates.get('layer3.bias')).toBe(1);
  expect(rates.get('layer1.weight')).toBe(0.25);
  expect(() => trained({ names: ['^nothing'] })).toThrow(expect.objectContaining({ code: 'config_invalid' }));
  expect(() => trained({ names: ['('] })).toThrow(expect.objectContaining({ code: 'config_invalid' }));
});

it('gives the same in two parts as the whole', async () => {
  const split = splitModel(model, new Set(trained({ layers: 2 }).keys()));
  if (split === null) {
    throw new Error('there is something to cut');
  }
  expect([...split.trained.initialisers.keys()]).toEqual([
    'layer2.weight',
    'layer2.bias',
    'layer3.weight',
    'layer3.bias',
  ]);
  const random = createRandom(3);
  const data = Float32Array.from({ length: 2 * 3 * 32 * 32 }, random);
  const outputs = async (parts: boolean) => {
    const g = new GraphBuilder();
    const pixels = g.input('pixels', 'float32', [2, 3, 32, 32]);
    const first = await importModel(g, parts ? split.frozen : model, { inputs: { pixel_values: pixels } });
    const last = parts ? await importModel(g, split.trained, { inputs: Object.fromEntries(first) }) : first;
    g.output('features', [...last.values()][0]!);
    const session = await GraphSession.open(g.toBytes(), { threads: 1 });
    const { features } = await session.run({
      pixels: { dtype: 'float32', shape: [2, 3, 32, 32], data },
    });
    await session.close();
    return features!.data;
  };
  expect(await outputs(true)).toEqual(await outputs(false));
});

it('splits nothing if everything is trained', () => {
  expect(splitModel(model, new Set(trained({}).keys()))).toBeNull();
});
