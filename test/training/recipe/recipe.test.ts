import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/config.js';
import { adaptBackbone } from '../../../src/training/recipe/build-recipe.js';
import { completeRecipe, formatRecipe, readRecipe } from '../../../src/training/recipe/load-recipe.js';

const base = {
  name: 'test',
  backbone: { file: 'x.onnx', size: 64, pixels: { mean: 0, std: 1 } },
  losses: [{ kind: 'sup-con' }],
};
const invalid = (detail: RegExp) =>
  expect.objectContaining({ code: 'config_invalid', message: expect.stringMatching(detail) });

it('fills in defaults, and is the same after writing and reading', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pawdex-recipe-'));
  try {
    const recipe = completeRecipe(
      { ...base, backbone: { ...base.backbone, file: path.join(folder, 'x.onnx') } },
      'r',
    );
    expect(recipe).toMatchObject({ epochs: 4, batch: { labels: 32, photos: 2 }, head: { start: 'fitted' } });
    const file = path.join(folder, 'recipe.yaml');
    await writeFile(file, formatRecipe(recipe));
    expect(completeRecipe(await readRecipe(file), file)).toEqual(recipe);
    await writeFile(file, 'name: test\nbackbone: { file: net.onnx }\n');
    expect(await readRecipe(file)).toMatchObject({ backbone: { file: path.join(folder, 'net.onnx') } });
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('refuses unknown, wrong or contradictory settings', () => {
  const complete = (more: Record<string, unknown>) => () => completeRecipe({ ...base, ...more }, 'r');
  expect(complete({ epoch: 3 })).toThrow(invalid(/epoch/));
  expect(complete({ epochs: 0 })).toThrow(invalid(/epochs/));
  expect(complete({ losses: [] })).toThrow(invalid(/losses/));
  expect(complete({ losses: [{ kind: 'sup-con' }, { kind: 'nt-xent' }] })).toThrow(
    invalid(/cannot be combined/),
  );
  expect(complete({ losses: [{ kind: 'sup-con' }, { kind: 'sup-con' }] })).toThrow(invalid(/twice/));
  expect(complete({ losses: [{ kind: 'info-nce' }], batch: { photos: 3 } })).toThrow(invalid(/pairs/));
  expect(complete({ batch: { photos: 1 } })).toThrow(invalid(/no positives/));
  expect(complete({ batch: { labels: 4, photos: 3, chunk: 5 } })).toThrow(invalid(/chunk 5/));
  expect(complete({ losses: [{ kind: 'moco', queue: 100 }] })).toThrow(invalid(/queue of 100/));
  expect(complete({ losses: [{ kind: 'nt-xent' }], keptViews: 2 })).toThrow(invalid(/keptViews/));
  expect(complete({ head: { start: 'random' }, average: [0.5] })).toThrow(invalid(/average/));
  const removed = [
    complete({ losses: [{ kind: 'proxy-nca', rate: 2 }] }),
    complete({ head: { general: { dimension: 8, weight: 2 } } }),
    complete({ head: { general: { dimension: 8, features: 'distilled' } } }),
  ] as const;
  expect(removed[0]).toThrow(invalid(/losses\[0\]: .*rate/));
  expect(removed[1]).toThrow(invalid(/head.general: .*weight/));
  expect(removed[2]).toThrow(invalid(/start.*trained/));
});

it('lists every wrong setting, without line breaks in the message', () => {
  expect(() => completeRecipe({ ...base, epochs: 0, seed: -1 }, 'my.yaml')).toThrow(
    expect.objectContaining({
      message: expect.stringMatching(/^my\.yaml: [^\n]*$/),
      errors: [expect.objectContaining({ path: 'seed' }), expect.objectContaining({ path: 'epochs' })],
    }),
  );
});

it('cannot be read from something else', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pawdex-recipe-'));
  try {
    const file = path.join(folder, 'r.yaml');
    await expect(readRecipe(file)).rejects.toMatchObject({ code: 'config_invalid' });
    await writeFile(file, '- a list');
    await expect(readRecipe(file)).rejects.toMatchObject({ code: 'config_invalid' });
    await writeFile(file, 'a: [');
    await expect(readRecipe(file)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/^[^\n]* at line 1, column 5\.$/),
      hint: expect.stringContaining('docs/training.md'),
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

it.each([
  ['models/recipe.yaml', 'pawdex-lite2-256'],
  ['scripts/training/simclr.yaml', 'simclr-small'],
])('ships as %s', async (name, encoder) => {
  const file = path.join(PACKAGE_ROOT, name);
  expect(completeRecipe(await readRecipe(file), file).name).toBe(encoder);
});

it('pads another backbone as stored, and the same one as in the recipe', async () => {
  const { backbone } = await readRecipe(path.join(PACKAGE_ROOT, 'models/recipe.yaml'));
  const known = { ...(backbone as { file: string }), size: 256, padding: 'same' };
  expect(await adaptBackbone(known.file, known)).toEqual({ section: known, arePixelsAssumed: false });
  const { section } = await adaptBackbone('builtin:small-cnn', known);
  expect(section).toMatchObject({ file: 'builtin:small-cnn', pixels: { mean: 127, std: 128 } });
  expect(section).not.toHaveProperty('padding');
});
