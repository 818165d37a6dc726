import { randomBytes } from 'node:crypto';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { cropPhoto } from '../../src/image/crop.js';
import { prepareImage, type ResizeRule } from '../../src/image/decode.js';
import type { Rectangle } from '../../src/image/regions.js';

const RULE: ResizeRule = { size: 64, fit: 'cover', kernel: 'cubic' };
const crop = async (bytes: Uint8Array, region: Rectangle) =>
  cropPhoto(await prepareImage(bytes, { maxPixels: 1e7 }), region, RULE);
/** Size of a part of a photo, and red in its first pixel. */
async function describePart(bytes: Uint8Array, region: Rectangle) {
  const { raw, input } = await crop(bytes, region);
  return { width: raw!.width, height: raw!.height, red: input[0]! };
}
/** 80 x 40, the right half red, the rest blue; with an orientation that turns it upright to 40 x 80, red below. */
const photo = (orientation?: number) =>
  sharp({ create: { width: 80, height: 40, channels: 3, background: '#0000ff' } })
    .composite([
      { input: { create: { width: 40, height: 40, channels: 3, background: '#ff0000' } }, left: 40, top: 0 },
    ])
    .withMetadata(orientation === undefined ? {} : { orientation })
    .png()
    .toBuffer();

describe('a part of a photo', () => {
  it('is cut out by fractions of its sides', async () => {
    const right = await describePart(await photo(), { left: 0.5, top: 0, width: 0.5, height: 0.5 });
    expect(right).toEqual({ width: 40, height: 20, red: 255 });
    const left = await describePart(await photo(), { left: 0, top: 0, width: 0.5, height: 1 });
    expect(left).toEqual({ width: 40, height: 40, red: 0 });
  });

  it('is that of the upright photo', async () => {
    const turned = await photo(6);
    const below = await describePart(turned, { left: 0, top: 0.5, width: 1, height: 0.5 });
    expect(below).toEqual({ width: 40, height: 40, red: 255 });
    const above = await describePart(turned, { left: 0, top: 0, width: 1, height: 0.5 });
    expect(above).toEqual({ width: 40, height: 40, red: 0 });
  });

  it('is refused if the photo is damaged elsewhere', async () => {
    const { data, info } = await sharp(randomBytes(100 * 100 * 3), {
      raw: { width: 100, height: 100, channels: 3 },
    })
      .png()
      .toBuffer({ resolveWithObject: true });
    const damaged = data.subarray(0, info.size / 2);
    await expect(crop(damaged, { left: 0, top: 0, width: 1, height: 0.2 })).rejects.toMatchObject({
      code: 'image_corrupt',
    });
  });

  it('is refused if it is too narrow once it is small enough', async () => {
    const wide = await sharp({ create: { width: 5000, height: 20, channels: 3, background: '#654' } })
      .png()
      .toBuffer();
    await expect(crop(wide, { left: 0, top: 0, width: 1, height: 1 })).rejects.toMatchObject({
      code: 'image_too_small',
    });
  });

  it('must be inside the photo and not empty', async () => {
    for (const region of [
      { left: 0.6, top: 0, width: 0.5, height: 1 },
      { left: 0, top: 0, width: 1, height: 0.1 },
      { left: -0.1, top: 0, width: 1, height: 1 },
    ]) {
      await expect(crop(await photo(), region)).rejects.toMatchObject({
        code: 'region_invalid',
      });
    }
  });
});
