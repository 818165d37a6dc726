/** Whole training runs on a small network and drawn pictures. */
import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeModel } from '../../../src/onnx/onnx-model.js';
import type { Tensor } from '../../../src/onnx/tensor.js';
import { createSmallNetwork } from '../../../src/training/network/backbone.js';
import { completeRecipe } from '../../../src/training/recipe/load-recipe.js';
import { findReadablePhotos } from '../../../src/training/run/readable-photos.js';
import { readTensors } from '../../../src/training/run/safetensors.js';
import { type RunOptions, type RunReport, runTraining } from '../../../src/training/run/training-run.js';
import { type TrainingPhoto, TrainingSet } from '../../../src/training/run/training-set.js';
import { drawSet } from '../drawn-set.js';

let root: string;
let photos: TrainingPhoto[];
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'pawdex-run-'));
  photos = await drawSet(path.join(root, 'set'), 4, 10);
});
afterAll(() => rm(root, { recursive: true }));

const recipe = (settings: Record<string, unknown> = {}) =>
  completeRecipe(
    {
      name: 'drawn',
      backbone: { file: 'builtin:small-cnn', size: 32, pixels: { mean: 128, std: 64 } },
      head: { dimension: 16, start: 'random' },
      losses: [{ kind: 'sup-con', temperature: 0.2 }],
      batch: { labels: 4, photos: 3 },
      epochs: 2,
      optimiser: { learningRate: 1e-3 },
      ema: 0.8,
      ...settings,
    },
    'The test',
  );

const silent: RunReport = {
  beginPhase() {},
  updatePhase() {},
  reportStep() {},
  reportEvaluation() {},
  reportSkipped() {},
};

function run(name: string, settings: Record<string, unknown>, options: Partial<RunOptions> = {}) {
  const set = new TrainingSet(photos, null, (settings.evaluation as { holdOut?: string[] })?.holdOut ?? []);
  return runTraining({
    recipe: recipe(settings),
    set,
    out: path.join(root, name),
    resume: false,
    maxPixels: 1e6,
    session: { threads: 1 },
    report: silent,
    ...options,
  });
}

/** Runs until a step, as Ctrl-C there would, and then to the end. */
async function inTwoParts(name: string, settings: Record<string, unknown>, stopAt: number) {
  const stop = new AbortController();
  const report: RunReport = { ...silent, reportStep: ({ step }) => step === stopAt && stop.abort() };
  const first = await run(name, settings, { signal: stop.signal, report });
  expect(first).toEqual({ finished: false, steps: stopAt });
  return run(name, settings, { resume: true });
}

const checkpoint = (name: string) => readTensors(path.join(root, name, 'checkpoint.safetensors'));
const lines = async (name: string) =>
  (await readFile(path.join(root, name, 'log.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('a run', () => {
  it('learns: the loss falls, and validation photos find their label', async () => {
    const result = await run('learns', {
      epochs: 30,
      optimiser: { learningRate: 3e-3 },
      evaluation: { every: 10 },
    });
    if (!result.finished) {
      throw new Error('it was not stopped');
    }
    const losses = (await lines('learns')).flatMap(({ loss }) => (loss === undefined ? [] : [loss]));
    const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
    expect(mean(losses.slice(-6))).toBeLessThan(0.8 * mean(losses.slice(0, 6)));
    expect(result.quality.recallAt1).toBeGreaterThan(0.7);
    expect(result.val.items.map(({ label }) => label).sort()).toEqual([
      'label-0',
      'label-1',
      'label-2',
      'label-3',
    ]);
  });

  /** Settings, and the step after which the run is stopped: of the first, in its second epoch. */
  const variants: [string, Record<string, unknown>, number?][] = [
    ['sup-con', { epochs: 2 }, 5],
    ['chunks', { batch: { labels: 4, photos: 3, chunk: 4 } }],
    ['kept views', { keptViews: 3, freeze: { layers: 2 } }],
    ['proxies and a learned temperature', { losses: [{ kind: 'proxy-nca', temperature: { learned: 0.1 } }] }],
    ['info-nce', { losses: [{ kind: 'info-nce', hardness: 0.5 }], batch: { labels: 4, photos: 2 } }],
    ['nt-xent', { losses: [{ kind: 'nt-xent' }] }],
    [
      'a general part',
      { head: { dimension: 16, general: { dimension: 8 } }, freeze: { layers: 1 }, average: [0.5, 1] },
    ],
    ['moco', { losses: [{ kind: 'moco', queue: 24, momentum: 0.9 }] }],
    ['a soup of moco', { losses: [{ kind: 'moco', queue: 24, momentum: 0.9 }], soup: 3 }, 5],
  ];
  it.each(variants)(
    'resumes bit-identically with %s',
    async (name, settings, stopAt = 2) => {
      const short = { epochs: 1, ...settings };
      await run(`${name} whole`, short);
      await inTwoParts(`${name} parts`, short, stopAt);
      const [whole, parts] = [await checkpoint(`${name} whole`), await checkpoint(`${name} parts`)];
      expect(Object.keys(parts.tensors)).toEqual(Object.keys(whole.tensors));
      for (const [key, tensor] of Object.entries(whole.tensors)) {
        expect(parts.tensors[key], key).toEqual(tensor);
      }
      const taken = async (of: string) =>
        (await lines(of)).flatMap(({ step, loss }) => (loss === undefined ? [] : [[step, loss]]));
      expect(await taken(`${name} parts`)).toEqual(await taken(`${name} whole`));
    },
    240_000,
  );

  it('averages the results of several runs from one start', async () => {
    const settings = { epochs: 1, ema: 0.9, evaluation: { every: 9 } };
    await run('alone', settings);
    await run('soup', { ...settings, soup: 2 });
    const [alone, soup] = [await checkpoint('alone'), await checkpoint('soup')];
    const { tensors: best } = await readTensors(path.join(root, 'soup', 'best.safetensors'));
    const floats = (tensor: Tensor | undefined) => Array.from(tensor!.data as Float32Array);
    const name = 'head.matrix';
    const [start, first, mean] = [
      floats(soup.tensors[`start/${name}`]),
      floats(alone.tensors[`average/${name}`]),
      floats(best[name]),
    ];
    expect(floats(soup.tensors[`soup/${name}`])).toEqual(mean);
    // The second run began where the first did, and went another way.
    const second = mean.map((value, i) => 2 * value - first[i]!);
    const distance = (a: number[], b: number[]) => Math.hypot(...a.map((value, i) => value - b[i]!));
    expect(distance(second, first)).toBeGreaterThan(0.1 * distance(first, start));
    expect(distance(second, start)).toBeLessThan(2 * distance(first, start));
    const losses = (await lines('soup')).flatMap(({ loss }) => (loss === undefined ? [] : [loss]));
    const single = (await lines('alone')).flatMap(({ loss }) => (loss === undefined ? [] : [loss]));
    expect(losses.slice(0, single.length)).toEqual(single);
    expect(losses.length).toBe(2 * single.length);
  });

  it('takes the same steps in chunks as in whole batches', async () => {
    await run('one piece', { epochs: 1 });
    await run('pieces', { epochs: 1, batch: { labels: 4, photos: 3, chunk: 6 } });
    const [a, b] = [await lines('one piece'), await lines('pieces')];
    expect(b[0].loss).toBeCloseTo(a[0].loss, 4);
    expect(b[0].gradientNorm / a[0].gradientNorm).toBeCloseTo(1, 3);
  });

  it('resumes after a kill while caching views', async () => {
    const settings = { keptViews: 3, freeze: { layers: 2 }, epochs: 1 };
    const file = path.join(root, 'cut off', 'kept-views.f16');
    await run('cut off', settings);
    const whole = await readFile(file);
    await truncate(file, Math.floor(whole.length * 0.6));
    await rm(path.join(root, 'cut off', 'checkpoint.safetensors'));
    await run('cut off', settings);
    expect((await readFile(file)).equals(whole)).toBe(true);
    // Views of another seed are other views.
    await run('cut off', { ...settings, seed: 2 });
    expect((await readFile(file)).equals(whole)).toBe(false);
  });

  it('computes kept views again if the backbone of the same name is another one', async () => {
    const file = path.join(root, 'backbone.onnx');
    const backbone = { file, size: 32, pixels: { mean: 128, std: 64 } };
    const settings = { backbone, keptViews: 1, freeze: { layers: 2 }, epochs: 1 };
    const rows = [];
    for (const seed of [1, 2]) {
      await writeFile(file, writeModel(createSmallNetwork(32, seed)));
      await run('replaced backbone', settings);
      rows.push(await readFile(path.join(root, 'replaced backbone', 'kept-views.f16')));
    }
    expect(rows[1]!.equals(rows[0]!)).toBe(false);
  });

  it('reports quality on unseen labels', async () => {
    const settings = { epochs: 1, batch: { labels: 3, photos: 3 }, evaluation: { holdOut: ['label-3'] } };
    const result = await run('held out', settings);
    if (!result.finished) {
      throw new Error('it was not stopped');
    }
    expect(result.quality.unseenRecallAt1).toBeGreaterThanOrEqual(0);
    expect(result.val.items.map(({ label }) => label)).not.toContain('label-3');
  });

  it.each([
    { features: 'trained', width: 256 },
    { features: 'start', width: 512 },
  ])(
    'puts principal components of the $features features beside the learned part',
    async ({ features, width }) => {
      const general = { features, dimension: 6, share: 0.4, constant: 0 };
      const result = await run(`general ${features}`, {
        head: { dimension: 16, start: 'random', general },
        epochs: 1,
      });
      if (!result.finished) {
        throw new Error('it was not stopped');
      }
      expect((await checkpoint(`general ${features}`)).tensors['weights/head.matrix']?.shape).toEqual([
        256, 10,
      ]);
      const { matrix, offset } = result.network.head;
      expect([matrix.shape, offset.shape]).toEqual([[width, 16], [16]]);
      expect(result.val.vectors.dimension).toBe(16);
      // Unit vectors, of whose squared length the last six numbers make up two fifths on average.
      const { data, rows } = result.val.vectors;
      const squared = (from: number, to: number) =>
        data.reduce((sum, x, i) => sum + (i % 16 >= from && i % 16 < to ? x * x : 0), 0) / rows;
      expect(squared(0, 16)).toBeCloseTo(1, 4);
      expect(squared(10, 16)).toBeGreaterThan(0.25);
      expect(squared(10, 16)).toBeLessThan(0.6);
    },
  );

  it('refuses a head with nothing to learn', () => {
    const head = { dimension: 16, general: { dimension: 15 } };
    expect(() => recipe({ head })).toThrow(/of 16 numbers, 15 are general/);
  });

  it('stops when the loss is no longer a number', async () => {
    const backbone = { file: 'builtin:small-cnn', size: 32, pixels: { mean: 128, std: 1e-38 } };
    await expect(run('diverges', { backbone })).rejects.toMatchObject({ code: 'training_diverged' });
  });

  it('checks its photos first: unreadable ones are left out', async () => {
    const bad = path.join(root, 'bad.png');
    await writeFile(bad, 'not a picture');
    const out: [string, string][] = [];
    const all = [photos[0]!, { file: bad, label: 'label-0' }, photos[1]!];
    const readable = await findReadablePhotos(all, {
      rule: { size: 32, fit: 'cover', kernel: 'cubic' },
      maxPixels: 1e6,
      onBad: (file, { code }) => out.push([file, code]),
    });
    expect(readable).toEqual([photos[0], photos[1]]);
    expect(out).toEqual([[bad, 'image_unsupported']]);
  });
});

describe('a checkpoint', () => {
  it('is refused if it is of another recipe', async () => {
    await run('recipe', { epochs: 1 });
    await expect(run('recipe', { epochs: 2 }, { resume: true })).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });

  it('is refused if it is damaged', async () => {
    await run('damaged', { epochs: 1 });
    const file = path.join(root, 'damaged', 'checkpoint.safetensors');
    await truncate(file, 5000);
    await expect(run('damaged', { epochs: 1 }, { resume: true })).rejects.toMatchObject({
      code: 'model_invalid',
    });
  });

  it('drops later steps from the log', async () => {
    await inTwoParts('log', {}, 3);
    const steps = (await lines('log')).flatMap(({ step, loss }) => (loss === undefined ? [] : [step]));
    expect(steps).toEqual(steps.map((_, i) => i + 1));
    await appendFile(path.join(root, 'log', 'log.jsonl'), '{"step": 99, "lo');
    await run('log', {}, { resume: true });
    expect((await lines('log')).every(({ step }) => step <= steps.length)).toBe(true);
  });
});
