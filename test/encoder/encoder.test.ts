import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/config.js';
import { openSession } from '../../src/encoder/encoder-session.js';
import { computeFingerprint, loadCard } from '../../src/encoder/model-card.js';
import { type OpenedEncoder, openEncoder } from '../../src/encoder/open-encoder.js';
import { decode } from '../../src/image/decode.js';
import { cosine, sceneJpeg, turnedJpeg } from '../helpers/images.js';

const cardPath = path.join(PACKAGE_ROOT, 'models/encoder.json');
const limits = { maxPixels: 1e8 };

describe('the shipped encoder', () => {
  let encoder: OpenedEncoder;
  beforeAll(async () => {
    encoder = await openEncoder({ cardPath, threads: 2, maxQueue: 64 });
  });
  afterAll(() => encoder.close());

  const embed = async (bytes: Buffer) => encoder.embed(await decode(bytes, encoder.info.resize, limits));

  it('gives unit vectors of the stated dimension', async () => {
    const vector = await embed(await sceneJpeg());
    expect(vector).toHaveLength(encoder.info.dimension);
    expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
  });

  it('gives the same embedding alone and in a batch', async () => {
    const photos = await Promise.all(Array.from({ length: 11 }, (_, seed) => sceneJpeg(300, 240, seed)));
    const together = await Promise.all(photos.map(embed));
    for (const [i, photo] of photos.entries()) {
      expect(cosine(await embed(photo), together[i]!)).toBeGreaterThan(0.9999);
    }
    expect(cosine(together[0]!, together[10]!)).toBeLessThan(0.9999);
  });

  it('continues with a photo that had its turn before it begins another batch', async () => {
    const pixels = await decode(await sceneJpeg(), encoder.info.resize, limits);
    const done: number[] = [];
    // Two lanes: four images each at once, and four that are ready for each.
    const others = Array.from({ length: 16 }, (_, n) =>
      encoder.embed(pixels.slice()).then(() => done.push(n)),
    );
    await Promise.resolve();
    await encoder.embed(pixels.slice(), 'next');
    expect(done).not.toContain(8);
    await Promise.all(others);
    expect(done).toHaveLength(16);
  });

  it('embeds all eight EXIF orientations alike', async () => {
    const upright = await embed(await turnedJpeg(1));
    for (let orientation = 2; orientation <= 8; orientation++) {
      expect(
        cosine(await embed(await turnedJpeg(orientation)), upright),
        `EXIF ${orientation}`,
      ).toBeGreaterThan(0.995);
    }
  });

  it('agrees with the offline session on the same bytes', async () => {
    const photo = await readFile(path.join(PACKAGE_ROOT, 'test/fixtures/chelsea/chelsea.png'));
    const session = await openSession(await loadCard(cardPath), 1);
    const offline = await session.run([await decode(photo, encoder.info.resize, limits)]);
    await session.release();
    expect(cosine(await embed(photo), offline)).toBeGreaterThanOrEqual(0.9999);
  });
});

describe('model cards', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'pawdex-test-'));
    await copyFile(path.join(PACKAGE_ROOT, 'models/encoder.onnx'), path.join(dir, 'encoder.onnx'));
    await copyFile(path.join(PACKAGE_ROOT, 'models/backbone.onnx'), path.join(dir, 'backbone.onnx'));
  });
  afterAll(() => rm(dir, { recursive: true }));

  const shipped = async () => JSON.parse(await readFile(cardPath, 'utf8'));
  const write = async (card: unknown) => {
    const file = path.join(dir, 'card.json');
    await writeFile(file, typeof card === 'string' ? card : JSON.stringify(card));
    return file;
  };

  it.each<[string, (card: Record<string, unknown>) => unknown]>([
    ['that is not JSON', () => '{'],
    ['without an input', ({ input, ...rest }) => rest],
    ['of another model file', (card) => ({ ...card, sha256: '0'.repeat(64) })],
    ['of a missing model file', (card) => ({ ...card, file: 'gone.onnx' })],
  ])('refuses a card %s', async (_name, change) => {
    const file = await write(change(await shipped()));
    await expect(loadCard(file)).rejects.toMatchObject({ code: 'model_invalid' });
  });

  it('refuses a model without the tensors in the card, and leaves no thread behind', async () => {
    const card = await shipped();
    const file = await write({ ...card, input: { ...card.input, name: 'picture' } });
    await expect(openEncoder({ cardPath: file, threads: 1, maxQueue: 4 })).rejects.toMatchObject({
      code: 'model_invalid',
    });
  });

  it('changes the fingerprint with the model and the preprocessing, but not with the description', async () => {
    const { card, fingerprint } = await loadCard(cardPath);
    expect(computeFingerprint({ ...card, description: 'other words', vote: { k: 3, temperature: 1 } })).toBe(
      fingerprint,
    );
    expect(computeFingerprint({ ...card, sha256: 'f'.repeat(64) })).not.toBe(fingerprint);
    expect(computeFingerprint({ ...card, input: { ...card.input, size: 224 } })).not.toBe(fingerprint);
  });

  it('runs a float encoder whose preprocessing is only in its card', async () => {
    const bytes = await readFile(path.join(dir, 'backbone.onnx'));
    const card = await shipped();
    const file = await write({
      ...card,
      name: 'bare-backbone',
      file: 'backbone.onnx',
      sha256: createHash('sha256').update(bytes).digest('hex'),
      input: {
        name: 'pixel_values',
        type: 'float32',
        layout: 'NCHW',
        size: 260,
        resize: card.input.resize,
        mean: [127 / 255, 127 / 255, 127 / 255],
        std: [128 / 255, 128 / 255, 128 / 255],
      },
      output: { name: 'embedding', dimension: 1280 },
    });
    const encoder = await openEncoder({ cardPath: file, threads: 2, maxQueue: 4 });
    const pixels = await decode(await sceneJpeg(), encoder.info.resize, limits);
    const vector = await encoder.embed(pixels);
    await encoder.close();
    expect(vector).toHaveLength(1280);
    expect(Math.hypot(...vector)).toBeCloseTo(1, 4);
  });
});
