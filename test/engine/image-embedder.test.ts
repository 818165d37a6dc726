import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Encoder } from '../../src/encoder/encoder.js';
import { embedCloseUp } from '../../src/engine/close-up.js';
import { ImageEmbedder } from '../../src/engine/image-embedder.js';
import { PawdexError } from '../../src/errors.js';

const size = { width: 90, height: 60 };
const photo = () =>
  sharp({ create: { ...size, channels: 3, background: '#654' } })
    .png()
    .toBuffer();

/** An embedder whose encoder sees nothing, and fails to explain with an error. */
const embedderFailingWith = (code: 'explain_unavailable' | 'shutting_down') =>
  new ImageEmbedder(
    {
      info: {
        name: 'blind',
        fingerprint: 'f',
        dimension: 2,
        resize: { size: 32, fit: 'cover', kernel: 'cubic' },
      },
      embed: () => Promise.resolve(Float32Array.of(1, 0)),
      embedCells: () => Promise.reject(new PawdexError(code)),
      pending: 0,
      close: () => Promise.resolve(),
    } satisfies Encoder,
    { limits: { maxPixels: 1e6 }, decoders: 1, maxQueue: 4 },
  );

describe('a close-up', () => {
  it('is not taken if the encoder cannot explain', async () => {
    const embedder = embedderFailingWith('explain_unavailable');
    const embedded = await embedder.embed(await photo());
    expect(await embedCloseUp(embedder, embedded, size, Float32Array.of(1, 0))).toBeNull();
    expect(embedder.pending).toBe(0);
  });

  it('fails with the error of an encoder that is closing', async () => {
    const embedder = embedderFailingWith('shutting_down');
    const embedded = await embedder.embed(await photo());
    await expect(embedCloseUp(embedder, embedded, size, Float32Array.of(1, 0))).rejects.toMatchObject({
      code: 'shutting_down',
    });
  });
});

describe('a part of a photo', () => {
  it('counts as waiting work while it is cut out, and is refused like a whole photo', async () => {
    const embedder = embedderFailingWith('shutting_down');
    const region = { left: 0, top: 0, width: 0.5, height: 1 };
    const bytes = await photo();
    const parts = Array.from({ length: 5 }, () => embedder.embed(bytes, { region }));
    expect(embedder.pending).toBe(4);
    const outcomes = await Promise.allSettled(parts);
    expect(outcomes.map(({ status }) => status)).toEqual([
      ...new Array<string>(4).fill('fulfilled'),
      'rejected',
    ]);
    expect(outcomes.at(-1)).toMatchObject({ reason: { code: 'overloaded' } });
  });
});
