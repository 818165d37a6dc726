/** Encoders from elsewhere: how they are fed and read is found out, and what cannot be one is refused. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEncoder } from '../../src/encoder/open-encoder.js';
import { addEncoder } from '../../src/engine/add-encoder.js';
import { listAddedEncoders } from '../../src/engine/encoders.js';
import { computeDot, computeLength } from '../../src/math/vectors.js';
import { cnn, vit } from '../helpers/tiny-encoders.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pawdex-encoders-'));
});
afterEach(() => rm(folder, { recursive: true }));

const add = async (
  bytes: Uint8Array,
  options: Parameters<typeof addEncoder>[2] = {},
  name = 'model.onnx',
) => {
  const file = path.join(folder, name);
  await writeFile(file, bytes);
  return addEncoder(path.join(folder, 'data'), file, options);
};
const code = (expected: string) => expect.objectContaining({ name: 'PawdexError', code: expected });
const picture = (seed: number, size: number) =>
  Uint8Array.from({ length: size * size * 3 }, (_, i) => (i * (seed + 3) + (i >> 5) * seed) % 256);

describe('addEncoder', () => {
  it('takes the embedding of a convolutional network', async () => {
    const { card, notes } = await add(cnn(), { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
    expect(card.input).toMatchObject({
      name: 'pixel_values',
      size: 32,
      type: 'float32',
      layout: 'NCHW',
      mean: [0.5, 0.5, 0.5],
    });
    expect(card.output).toEqual({ name: 'embedding', dimension: 16 });
    expect(notes).toEqual([]);
  });

  it('takes the class token of a vision transformer, or the mean of its tokens', async () => {
    const { card, notes } = await add(vit());
    expect(card.output).toEqual({ name: 'last_hidden_state', dimension: 24, pooling: 'first' });
    expect(notes.join(' ')).toMatch(/ImageNet.*17 vectors per image. Using the first \(CLS\)/);
    const mean = await add(vit(), { pooling: 'mean', name: 'mean' });
    expect(mean.card.output.pooling).toBe('mean');
  });

  it('prefers the projected embedding of CLIP to its tokens', async () => {
    expect((await add(vit({ isClip: true }))).card.output).toEqual({ name: 'image_embeds', dimension: 12 });
  });

  it('takes the mean of a feature map, channels last, and a model of one image at a time', async () => {
    const map = await add(cnn({ hasHead: false }), { name: 'map' });
    expect(map.card.output).toEqual({ name: 'feature_map', dimension: 8, pooling: 'map' });
    const last = await add(cnn({ layout: 'NHWC' }), { name: 'last' });
    expect(last.card.input).toMatchObject({ layout: 'NHWC', size: 32 });
    const single = await add(cnn({ batch: 1 }), { name: 'single' });
    expect(single.card.input.batch).toBe(1);
  });

  it('reads the preprocessing from the file beside the model', async () => {
    const preprocessing = {
      crop_size: { height: 32, width: 32 },
      size: { shortest_edge: 36 },
      resample: 3,
      image_mean: [0.48, 0.46, 0.41],
      image_std: [0.27, 0.26, 0.28],
    };
    await writeFile(path.join(folder, 'preprocessor_config.json'), JSON.stringify(preprocessing));
    const { card, notes } = await add(cnn({ size: 'side' }));
    expect(card.input).toMatchObject({ size: 32, mean: [0.48, 0.46, 0.41], resize: { kernel: 'cubic' } });
    expect(notes).toEqual([]);
  });

  it('lists added encoders, and reserves a name for one encoder', async () => {
    await add(cnn(), {}, 'small cnn.onnx');
    const [listed] = await listAddedEncoders(path.join(folder, 'data'));
    expect(listed).toMatchObject({ folder: 'small-cnn', model: 'small-cnn', dimension: 16 });
    await add(cnn(), {}, 'small cnn.onnx');
    await expect(add(cnn({ seed: 5 }), {}, 'small cnn.onnx')).rejects.toEqual(code('usage'));
  });
});

describe('embeddings of an added encoder', () => {
  it.each([
    ['a network', cnn()],
    ['a transformer', vit()],
    ['a network of one image at a time', cnn({ batch: 1 })],
    ['a feature map', cnn({ hasHead: false })],
  ])('are unit vectors that do not depend on the batch: %s', async (_, bytes) => {
    const { cardPath, card } = await add(bytes);
    const encoder = await openEncoder({ cardPath, threads: 2, maxQueue: 64 });
    try {
      const embed = (seed: number) => encoder.embed(picture(seed, card.input.size));
      const alone = await embed(1);
      const many = await Promise.all(Array.from({ length: 9 }, (_, i) => embed(i % 3)));
      expect(computeLength(alone)).toBeCloseTo(1, 5);
      expect(computeDot(alone, many[1]!)).toBeCloseTo(1, 5);
      expect(computeDot(many[1]!, many[4]!)).toBeCloseTo(1, 5);
      expect(computeDot(many[0]!, many[1]!)).toBeLessThan(0.99999);
    } finally {
      await encoder.close();
    }
  });
});

describe('addEncoder, given a bad model,', () => {
  it('refuses a file that is not a model', async () => {
    await expect(add(new TextEncoder().encode('not a model'))).rejects.toEqual(code('model_invalid'));
    await expect(addEncoder(folder, path.join(folder, 'none.onnx'), {})).rejects.toEqual(
      code('file_unreadable'),
    );
  });

  it('refuses a model whose weights are in a second file', async () => {
    const file = fileURLToPath(new URL('../fixtures/external-weights/model.onnx', import.meta.url));
    const data = path.join(folder, 'data');
    await expect(addEncoder(data, file, {})).rejects.toMatchObject({
      code: 'encoder_unsuitable',
      message: expect.stringContaining('another file'),
    });
    expect(await readdir(path.join(data, 'encoders'))).toEqual([]);
  });

  it('refuses a model that takes several images at a time and no fewer', async () => {
    await expect(add(cnn({ batch: 3 }))).rejects.toMatchObject({
      code: 'encoder_unsuitable',
      message: expect.stringContaining('exactly 3 images'),
    });
  });

  it('refuses a model without an embedding, or with one of a single number', async () => {
    await expect(add(cnn({ dimension: 1 }))).rejects.toEqual(code('encoder_unsuitable'));
    await expect(add(cnn(), { output: 'nothing' })).rejects.toEqual(code('encoder_unsuitable'));
  });
});
