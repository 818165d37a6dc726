import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSession } from '../../../src/encoder/encoder-session.js';
import { loadCard } from '../../../src/encoder/model-card.js';
import { readModel } from '../../../src/onnx/onnx-model.js';
import { createFloatTensor } from '../../../src/onnx/tensor.js';
import { GraphBuilder } from '../../../src/training/autodiff/graph-builder.js';
import { GraphSession } from '../../../src/training/autodiff/graph-session.js';
import { importModel } from '../../../src/training/autodiff/import/import-model.js';
import { buildEncoderModel, type EncoderParts } from '../../../src/training/export/encoder-model.js';
import { type EncoderFacts, writeEncoder } from '../../../src/training/export/write-encoder.js';
import { appendUnitRows } from '../../../src/training/losses/contrast.js';
import { cosine } from '../../helpers/images.js';
import { mobileNet, node, noise } from '../autodiff/helpers.js';
import { noisePhotos } from './photos.js';

const SIZE = 24;
const facts: EncoderFacts = {
  name: 'test',
  description: '',
  licence: 'Apache-2.0',
  kernel: 'cubic',
  vote: { k: 20, temperature: 0.07 },
  training: {},
  quality: {},
};
const head = { matrix: noise(7, [6, 4]), offset: noise(8, [4]) };
const ours = { mean: 127, std: 128 };
const imageNet: EncoderParts['pixels'] = {
  mean: [123.675, 116.28, 103.53],
  std: [58.395, 57.12, 57.375],
};

/** What the trainer computes, in its own graph: scaling by Sub and Div, the imported backbone, the head. */
async function trainerEmbeddings(parts: EncoderParts, photos: Uint8Array[]): Promise<Float32Array[]> {
  const g = new GraphBuilder();
  const raw = g.input('raw', 'uint8', [photos.length, SIZE, SIZE, 3]);
  const constant = (value: number | readonly number[]) => g.constant(createFloatTensor([value].flat()));
  const { mean, std } = parts.pixels;
  const scaled = g.div(g.sub(g.cast(raw, 'float32'), constant(mean)), constant(std));
  const x = g.transpose(scaled, [0, 3, 1, 2]);
  const outputs = await importModel(g, parts.backbone, { inputs: { x } });
  const features = appendUnitRows(g, outputs.get('y')!);
  const weights = parts.head && [g.constant(parts.head.matrix), g.constant(parts.head.offset)];
  const embedding = weights ? appendUnitRows(g, g.op('Gemm', [features, ...weights])) : features;
  g.output('embedding', embedding);
  const session = await GraphSession.open(g.toBytes());
  const data = Uint8Array.from(photos.flatMap((photo) => [...photo]));
  const results = await session.run({ raw: { dtype: 'uint8', shape: raw.shape, data } });
  await session.close();
  const rows = results.embedding!.data as Float32Array;
  const dimension = rows.length / photos.length;
  return photos.map((_, i) => rows.slice(i * dimension, (i + 1) * dimension));
}

describe('the exported encoder', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'pawdex-test-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it.each([
    { what: 'one scale for all channels', pixels: ours, head },
    { what: 'mean and deviation per channel', pixels: imageNet, head },
    { what: 'no head', pixels: ours, head: undefined },
  ])('embeds the same in the server as in the trainer: $what', async ({ pixels, head }) => {
    const parts = { backbone: mobileNet(), size: SIZE, pixels, head };
    const photos = noisePhotos(3, SIZE);
    const loaded = await writeEncoder(dir, buildEncoderModel(parts), facts);
    const session = await openSession(loaded, 1);
    const served = await session.run(photos);
    await session.release();
    const trained = await trainerEmbeddings(parts, photos);
    const { dimension } = loaded.card.output;
    expect(dimension).toBe(head ? 4 : 6);
    for (const [i, vector] of trained.entries()) {
      expect(cosine(vector, served.subarray(i * dimension, (i + 1) * dimension))).toBeGreaterThan(0.9999);
    }
    expect(cosine(trained[0]!, trained[1]!)).toBeLessThan(0.9999);
  });

  it('is described by a card that the server accepts, and replaces an older one', async () => {
    const parts = { backbone: mobileNet(), size: SIZE, pixels: ours };
    await writeEncoder(dir, buildEncoderModel(parts), facts);
    const second = await writeEncoder(dir, buildEncoderModel({ ...parts, head }), {
      ...facts,
      name: 'second',
    });
    expect(await loadCard(path.join(dir, 'encoder.json'))).toEqual(second);
    expect(second.card).toMatchObject({
      name: 'second',
      file: 'encoder.onnx',
      input: { name: 'pixels', type: 'uint8', layout: 'NHWC', size: SIZE },
      output: { name: 'embedding', dimension: 4 },
    });
    expect((await readdir(dir)).sort()).toEqual(['encoder.json', 'encoder.onnx']);
    const { inputs } = readModel(await readFile(second.modelPath));
    expect(inputs[0]!.shape).toEqual(['batch', SIZE, SIZE, 3]);
  });

  it('keeps the old encoder if the new one does not run, or not with any batch size', async () => {
    const parts = { backbone: mobileNet(), size: SIZE, pixels: ours };
    const first = await writeEncoder(dir, buildEncoderModel(parts), facts);
    const { initialisers, nodes, ...backbone } = parts.backbone;
    const one = new Map(initialisers).set('one', {
      dtype: 'int64',
      shape: [2],
      data: BigInt64Array.of(1n, 6n),
    });
    const reshaped = nodes.map((n) => (n.op === 'Flatten' ? node('Reshape', ['pool', 'one'], ['y']) : n));
    const fixed = buildEncoderModel({
      ...parts,
      backbone: { ...backbone, nodes: reshaped, initialisers: one },
    });
    await expect(writeEncoder(dir, fixed, facts)).rejects.toMatchObject({
      code: 'model_invalid',
      hint: expect.stringContaining('batch axis'),
    });
    const batchwise = [
      ...nodes,
      node('ReduceMean', ['y'], ['mean'], { axes: [0], keepdims: 1 }),
      node('Sub', ['y', 'mean'], ['z']),
      node('Mul', ['z', 'six'], ['z6']),
      node('Add', ['z6', 'y'], ['apart']),
    ];
    const outputs = [{ name: 'apart', dtype: 'float32' as const, shape: ['n', 6] }];
    const dependent = buildEncoderModel({
      ...parts,
      backbone: { ...backbone, nodes: batchwise, initialisers, outputs },
    });
    await expect(writeEncoder(dir, dependent, facts)).rejects.toMatchObject({
      code: 'model_invalid',
      message: expect.stringContaining('depends on the other pictures in its batch'),
    });
    await expect(writeEncoder(dir, buildEncoderModel(parts), { ...facts, name: '' })).rejects.toMatchObject({
      code: 'model_invalid',
    });
    expect(await loadCard(path.join(dir, 'encoder.json'))).toEqual(first);
    expect(await readdir(dir)).toHaveLength(2);
  });

  it('refuses a head for other features, and a folder that cannot be written', async () => {
    const parts = { backbone: mobileNet(), size: SIZE, pixels: ours };
    expect(() => buildEncoderModel({ ...parts, head: { ...head, matrix: noise(1, [5, 4]) } })).toThrow(
      /needs \[batch, 5\]/,
    );
    const first = await writeEncoder(dir, buildEncoderModel(parts), facts);
    await expect(writeEncoder(first.modelPath, buildEncoderModel(parts), facts)).rejects.toMatchObject({
      code: 'storage_failed',
    });
  });
});
