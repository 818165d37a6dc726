import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { buildRecipe } from '../../../src/training/recipe/build-recipe.js';
import { RECIPE_FILE } from '../../../src/training/recipe/load-recipe.js';

const RECIPE = `
name: mine
backbone: { file: 'builtin:small-cnn', size: 64, pixels: { mean: 0, std: 1 } }
losses: [{ kind: nt-xent }]
batch: { labels: 8, photos: 4 }
epochs: 9
soup: 3
`;

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pawdex-recipe-'));
  file = path.join(folder, RECIPE_FILE);
  await writeFile(file, RECIPE);
});
afterEach(() => rm(folder, { recursive: true }));

it('applies overrides, and keeps every other setting of the recipe', async () => {
  const { recipe } = await buildRecipe({ file, name: 'x', overrides: { photos: 2, epochs: 1, freeze: 3 } });
  expect(recipe).toMatchObject({
    name: 'mine',
    batch: { labels: 8, photos: 2 },
    losses: [{ kind: 'nt-xent' }],
    epochs: 1,
    soup: 3,
    freeze: { layers: 3 },
  });
});

it('uses the recipe of the run to resume', async () => {
  const { recipe } = await buildRecipe({ resumed: folder, name: 'x', overrides: {} });
  expect(recipe).toMatchObject({ name: 'mine', epochs: 9 });
});

it('starts from the shipped recipe under the name of the new encoder, without settings that another loss cannot use', async () => {
  const shipped = await buildRecipe({ name: 'new', overrides: {} });
  expect(shipped.recipe).toMatchObject({ name: 'new', description: '' });
  const { recipe } = await buildRecipe({ name: 'new', overrides: { loss: 'proxy-nca', epochs: 2 } });
  expect(recipe).toMatchObject({ losses: [{ kind: 'proxy-nca' }], epochs: 2, soup: 1, keptViews: 0 });
});
