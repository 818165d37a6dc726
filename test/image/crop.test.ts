import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { cropPhoto, mapToPhoto } from '../../src/image/crop.js';

const LIMITS = { maxPixels: 1e7 };
/** 80 x 40, the right half red, the rest blue; with an orientation that turns it upright to 40 x 80, red below. */
const photo = (orientation?: number) =>
  sharp({ create: { width: 80, height: 40, channels: 3, background: '#0000ff' } })
    .composite([
      { input: { create: { width: 40, height: 40, channels: 3, background: '#ff0000' } }, left: 40, top: 0 },
    ])
    .withMetadata(orientation === undefined ? {} : { orientation })
    .png()
    .toBuffer();

async function colourOf(bytes: Uint8Array): Promise<{ width: number; height: number; red: number }> {
  const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, red: data[0]! };
}

describe('a part of a photo', () => {
  it('is cut out by fractions of its sides', async () => {
    const right = await cropPhoto(await photo(), { left: 0.5, top: 0, width: 0.5, height: 0.5 }, LIMITS);
    expect(await colourOf(right)).toEqual({ width: 40, height: 20, red: 255 });
    const left = await cropPhoto(await photo(), { left: 0, top: 0, width: 0.5, height: 1 }, LIMITS);
    expect(await colourOf(left)).toEqual({ width: 40, height: 40, red: 0 });
  });

  it('is that of the upright photo', async () => {
    const turned = await photo(6);
    const below = await cropPhoto(turned, { left: 0, top: 0.5, width: 1, height: 0.5 }, LIMITS);
    expect(await colourOf(below)).toEqual({ width: 40, height: 40, red: 255 });
    const above = await cropPhoto(turned, { left: 0, top: 0, width: 1, height: 0.5 }, LIMITS);
    expect(await colourOf(above)).toEqual({ width: 40, height: 40, red: 0 });
  });

  it('must be inside the photo and not empty', async () => {
    for (const region of [
      { left: 0.6, top: 0, width: 0.5, height: 1 },
      { left: 0, top: 0, width: 1, height: 0.1 },
      { left: -0.1, top: 0, width: 1, height: 1 },
    ]) {
      await expect(cropPhoto(await photo(), region, LIMITS)).rejects.toMatchObject({
        code: 'region_invalid',
      });
    }
  });

  it('maps rectangles to the whole photo', () => {
    const part = { left: 0.5, top: 0.2, width: 0.5, height: 0.4 };
    expect(mapToPhoto({ left: 0.5, top: 0, width: 0.5, height: 1 }, part)).toEqual({
      left: 0.75,
      top: 0.2,
      width: 0.25,
      height: 0.4,
    });
  });
});
