import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { decode, openPhoto, type ResizeRule } from '../../../src/image/decode.js';
import { drawView, PLAIN_VIEW } from '../../../src/training/data/view-parameters.js';
import { viewSettings } from '../../../src/training/data/view-settings.js';
import { renderView } from '../../../src/training/data/views.js';
import { mixSeed, randomFloats } from '../../../src/training/random.js';
import { scene, sceneJpeg, turnedJpeg } from '../../helpers/images.js';

const rule: ResizeRule = { size: 64, fit: 'cover', kernel: 'cubic' };
const limits = { maxPixels: 100_000_000 };
const settings = viewSettings.parse({});

describe('renderView: the plain view', () => {
  it('gives the bytes that the encoder is given, whatever the file', async () => {
    const files: Record<string, Uint8Array> = {
      chelsea: await readFile('test/fixtures/chelsea/chelsea.png'),
      jpeg: await sceneJpeg(),
      'small jpeg': await sceneJpeg(60, 40),
      'large jpeg': await sceneJpeg(1600, 1200),
      clear: await scene().ensureAlpha(0.5).png().toBuffer(),
      grey: await scene().greyscale().jpeg().toBuffer(),
      png16: await scene().toColourspace('rgb16').png().toBuffer(),
      cmyk: await scene().toColourspace('cmyk').jpeg().toBuffer(),
    };
    for (let turn = 1; turn <= 8; turn++) files[`orientation ${turn}`] = await turnedJpeg(turn);
    for (const [name, bytes] of Object.entries(files)) {
      const view = await renderView(await openPhoto(bytes, limits), rule, PLAIN_VIEW);
      expect(Buffer.compare(view, await decode(bytes, rule, limits)), name).toBe(0);
    }
  });
});

describe('drawView', () => {
  it('gives the same bytes for a seed', async () => {
    const photo = await openPhoto(await sceneJpeg(), limits);
    const of = (seed: number) => renderView(photo, rule, drawView(settings, randomFloats(seed)));
    for (let seed = 0; seed < 10; seed++) expect(await of(seed)).toEqual(await of(seed));
    expect(await of(mixSeed(1, 0, 5, 0))).not.toEqual(await of(mixSeed(1, 0, 5, 1)));
  });
});
