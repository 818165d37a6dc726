import { createHash } from 'node:crypto';
import sharp from 'sharp';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { PawdexError } from '../../../src/errors.js';
import { openPhoto, type ResizeRule } from '../../../src/image/decode.js';
import { createRandom, mixSeed } from '../../../src/math/random.js';
import type { Batch } from '../../../src/training/data/batch-maker.js';
import { type LoadOptions, loadBatches } from '../../../src/training/data/load-batches.js';
import { PhotoCache } from '../../../src/training/data/photo-cache.js';
import { renderView } from '../../../src/training/data/render-view.js';
import { drawLabelBatches, type PlannedBatch, planRun } from '../../../src/training/data/sampler.js';
import type { BadPhoto } from '../../../src/training/data/substitutes.js';
import { drawView } from '../../../src/training/data/view-parameters.js';
import { viewSettings } from '../../../src/training/data/view-settings.js';
import { sceneJpeg } from '../../helpers/images.js';

const rule: ResizeRule = { size: 32, fit: 'cover', kernel: 'cubic' };
const IMAGE = 32 * 32 * 3;
const limits = { maxPixels: 1e8 };
const views = viewSettings.parse({});
const SEED = 11;
const labels = Int32Array.from([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
let files: Uint8Array[];

beforeAll(async () => {
  files = await Promise.all(Array.from(labels, (_, i) => sceneJpeg(60 + i, 50, i)));
});

afterEach(() => {
  vi.restoreAllMocks();
});

const plan = (firstStep = 0, epochs = 2) =>
  planRun(
    (epoch) => drawLabelBatches(labels, { labelsPerBatch: 2, photosPerLabel: 2, seed: SEED, epoch }),
    epochs,
    firstStep,
  );

function setUp(
  read: (photo: number) => Promise<Uint8Array> | Uint8Array = (photo) => files[photo]!,
  more: Partial<LoadOptions> = {},
) {
  const bad: BadPhoto[] = [];
  const photos = new PhotoCache(async (photo) => read(photo), { maxBytes: 1e7, limits });
  const options: LoadOptions = {
    photos,
    labels,
    rule,
    views,
    seed: SEED,
    onBadPhoto: (one) => bad.push(one),
    ...more,
  };
  return { bad, options };
}

async function all(planned: Iterable<PlannedBatch>, options: LoadOptions): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of loadBatches(planned, options)) {
    batches.push(batch);
  }
  return batches;
}

/** A batch to compare; its pixels as a digest. */
const without = ({ waitedMs: _, pixels, ...batch }: Batch) => ({
  ...batch,
  pixels: createHash('sha256').update(pixels).digest('hex'),
});
const row = ({ pixels }: Batch, i: number) => pixels.subarray(i * IMAGE, (i + 1) * IMAGE);

describe('loadBatches', () => {
  it('gives the planned views in order', async () => {
    const planned = [...plan()];
    const batches = await all(planned, setUp(undefined, { viewsPerPhoto: 2 }).options);
    expect(batches).toHaveLength(planned.length);
    for (const [b, batch] of batches.entries()) {
      const { step, epoch, photos, turns } = planned[b]!;
      expect([batch.step, batch.epoch]).toEqual([step, epoch]);
      expect([...batch.photos]).toEqual([...photos, ...photos]);
      expect([...batch.labels]).toEqual(Array.from(batch.photos, (photo) => labels[photo]!));
      expect(batch.waitedMs).toBeGreaterThanOrEqual(0);
      for (const v of [0, 1]) {
        for (const [i, photo] of photos.entries()) {
          const seed = mixSeed(SEED, epoch, photo, turns[i]! * 2 + v, photo);
          const opened = await openPhoto(files[photo]!, limits);
          const expected = await renderView(opened, rule, drawView(views, createRandom(seed)));
          expect(Buffer.compare(row(batch, v * photos.length + i), expected)).toBe(0);
        }
      }
    }
  });

  it('resumes in the middle with the same bytes', async () => {
    const whole = (await all(plan(), setUp().options)).map(without);
    expect(whole.length).toBeGreaterThan(4);
    for (const first of [1, 4]) {
      const rest = await all(plan(first), setUp().options);
      expect(rest.map(without)).toEqual(whole.slice(first));
    }
  });

  it('has started the native work of exactly the next batch when it returns one', async () => {
    const rendered = vi.spyOn(sharp.prototype, 'toBuffer');
    const read = vi.fn((photo: number) => files[photo]!);
    const photos = new PhotoCache(async (photo) => read(photo), { maxBytes: 0, limits });
    let handed = 0;
    for await (const batch of loadBatches(plan(0, 1), setUp(undefined, { photos }).options)) {
      handed++;
      const rows = batch.photos.length;
      expect(rendered).toHaveBeenCalledTimes(rows * Math.min(handed + 1, 3));
      // The photos of the one after are being opened.
      expect(read).toHaveBeenCalledTimes(rows * Math.min(handed + 2, 3));
    }
    expect(handed).toBe(3);
  });

  it('caches what fits and reads the rest again', async () => {
    const read = vi.fn(async (photo: number) => files[photo]!);
    await all(plan(0, 3), setUp(read).options);
    expect(read).toHaveBeenCalledTimes(labels.length);
    const small = new PhotoCache(read, { maxBytes: files[0]!.length + files[1]!.length, limits });
    for (const photo of [0, 1, 2, 0, 1, 2]) {
      await small.get(photo);
    }
    expect(read).toHaveBeenCalledTimes(labels.length + 4);
  });

  it('stops at a signal with its reason, and leaves no work running', async () => {
    const abort = new AbortController();
    const { options } = setUp(undefined, { signal: abort.signal });
    const batches = loadBatches(plan(), options);
    await batches.next();
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(batches.next()).rejects.toBe(reason);
    expect(sharp.counters()).toEqual({ queue: 0, process: 0 });
    expect(await batches.next()).toEqual({ done: true, value: undefined });
  });

  it('leaves no work running when the consumer stops', async () => {
    for await (const _ of loadBatches(plan(), setUp().options)) {
      break;
    }
    expect(sharp.counters()).toEqual({ queue: 0, process: 0 });
  });
});

describe('loadBatches: unusable photos', () => {
  const unreadable = new PawdexError('file_unreadable', { detail: 'gone' });
  /** Photo 1 is cut short, which only decoding shows; 5 cannot be read; 9 is no image. */
  const damaged = (photo: number) => {
    if (photo === 1) {
      return files[1]!.subarray(0, files[1]!.length / 2);
    }
    if (photo === 5) {
      throw unreadable;
    }
    return photo === 9 ? Buffer.from('no image at all') : files[photo]!;
  };

  it('are reported once and replaced by others of their label', async () => {
    const { bad, options } = setUp(damaged);
    const planned = [...plan(0, 3)];
    const batches = await all(planned, options);
    expect(bad.map(({ photo, error }) => `${photo} ${error.code}`).sort()).toEqual([
      '1 image_corrupt',
      '5 file_unreadable',
      '9 image_unsupported',
    ]);
    let replaced = 0;
    for (const [b, { photos }] of planned.entries()) {
      for (const [i, photo] of photos.entries()) {
        const used = batches[b]!.photos[i]!;
        expect(labels[used]).toBe(labels[photo]);
        if ([1, 5, 9].includes(photo)) {
          replaced++;
        } else {
          expect(used).toBe(photo);
        }
        expect([1, 5, 9]).not.toContain(used);
      }
    }
    expect(replaced).toBeGreaterThanOrEqual(9);
  });

  it('are replaced in the same way when a run resumes', async () => {
    const whole = (await all(plan(), setUp(damaged).options)).map(without);
    const rest = await all(plan(3), setUp(damaged).options);
    expect(rest.map(without)).toEqual(whole.slice(3));
  });

  it('never bring the same view into a batch twice', async () => {
    // All but one photo of label 0 are bad, so that it stands in beside its own turn.
    const { options } = setUp((photo) => (photo < 3 ? Buffer.alloc(0) : files[photo]!));
    for (const batch of await all(plan(0, 4), options)) {
      const seen = new Set(Array.from(batch.photos, (_, i) => Buffer.from(row(batch, i)).toString('latin1')));
      expect(seen.size).toBe(batch.photos.length);
    }
  });

  it('end the run when no photo of a label is left', async () => {
    const { options, bad } = setUp((photo) => (photo < 4 ? Buffer.alloc(0) : files[photo]!));
    await expect(all(plan(), options)).rejects.toMatchObject({
      code: 'set_invalid',
      message: expect.stringContaining('empty'),
    });
    expect(bad).toHaveLength(4);
  });

  it('are not photos that failed for other reasons', async () => {
    const fault = new TypeError('a fault of the program');
    const { options, bad } = setUp(() => Promise.reject(fault));
    await expect(all(plan(), options)).rejects.toBe(fault);
    expect(bad).toHaveLength(0);
  });
});
