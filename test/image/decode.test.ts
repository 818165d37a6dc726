import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.js';
import { decode, type ResizeRule } from '../../src/image/decode.js';
import { heicHeader, pngBomb, scene, sceneJpeg, turnedJpeg } from '../helpers/images.js';

const rule: ResizeRule = { size: 64, fit: 'cover', kernel: 'lanczos3' };
const limits = { maxPixels: 100_000_000 };
const pixelsOf = (bytes: Uint8Array) => decode(bytes, rule, limits);

/** Mean absolute difference of two images, 0..255. */
function difference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    sum += Math.abs(a[i]! - b[i]!);
  }
  return sum / a.length;
}

const pixelAt = (pixels: Uint8Array, x: number, y: number) => [
  ...pixels.slice((y * 64 + x) * 3, (y * 64 + x) * 3 + 3),
];

describe('decode: odd images', () => {
  it('gives [size, size, 3] bytes whatever the format', async () => {
    const reference = await pixelsOf(await scene().png().toBuffer());
    expect(reference).toHaveLength(64 * 64 * 3);
    const variants = {
      jpeg: await sceneJpeg(),
      progressive: await scene().jpeg({ quality: 92, progressive: true }).toBuffer(),
      webp: await scene().webp({ quality: 92 }).toBuffer(),
      avif: await scene().avif({ quality: 80 }).toBuffer(),
      tiff: await scene().tiff().toBuffer(),
      gif: await scene().gif().toBuffer(),
      png16: await scene().toColourspace('rgb16').png().toBuffer(),
      cmyk: await scene().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer(),
    };
    for (const [name, bytes] of Object.entries(variants)) {
      const pixels = await pixelsOf(bytes);
      expect(pixels, name).toHaveLength(64 * 64 * 3);
      expect(difference(pixels, reference), name).toBeLessThan(name === 'cmyk' ? 14 : 4);
    }
  });

  it('makes grey three equal channels', async () => {
    const pixels = await pixelsOf(await scene().greyscale().jpeg().toBuffer());
    for (let i = 0; i < pixels.length; i += 3) {
      expect(
        Math.max(pixels[i]!, pixels[i + 1]!, pixels[i + 2]!) -
          Math.min(pixels[i]!, pixels[i + 1]!, pixels[i + 2]!),
      ).toBeLessThanOrEqual(2);
    }
  });

  it('lays transparent parts over white', async () => {
    const clear = sharp({
      create: { width: 80, height: 80, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0 } },
    });
    expect(pixelAt(await pixelsOf(await clear.png().toBuffer()), 32, 32)).toEqual([255, 255, 255]);
  });

  it('takes the first frame of an animation', async () => {
    const frame = (colour: string) =>
      sharp({ create: { width: 60, height: 60, channels: 3, background: colour } })
        .png()
        .toBuffer();
    const frames = [await frame('#ff0000'), await frame('#0000ff')];
    for (const format of ['gif', 'webp'] as const) {
      const animation = await sharp(frames, { join: { animated: true } })
        .toFormat(format)
        .toBuffer();
      expect((await sharp(animation).metadata()).pages).toBe(2);
      const [r, , b] = pixelAt(await pixelsOf(animation), 30, 30);
      expect(r, format).toBeGreaterThan(200);
      expect(b, format).toBeLessThan(60);
    }
  });

  it('turns every EXIF orientation upright', async () => {
    const upright = await pixelsOf(await scene().jpeg({ quality: 95 }).toBuffer());
    for (let orientation = 1; orientation <= 8; orientation++) {
      expect(
        difference(await pixelsOf(await turnedJpeg(orientation)), upright),
        `EXIF ${orientation}`,
      ).toBeLessThan(3);
    }
  });

  it('crops the centre of a wide picture', async () => {
    const wide = await sharp({ create: { width: 300, height: 60, channels: 3, background: '#00ff00' } })
      .composite([
        {
          input: { create: { width: 60, height: 60, channels: 3, background: '#ff00ff' } },
          left: 120,
          top: 0,
        },
      ])
      .png()
      .toBuffer();
    expect(pixelAt(await pixelsOf(wide), 2, 32)[0]).toBeGreaterThan(200);
  });

  it('gives the same pixels every time', async () => {
    const bytes = await sceneJpeg(900, 700);
    const [a, b] = await Promise.all([pixelsOf(bytes), pixelsOf(bytes)]);
    expect(Buffer.compare(a, b)).toBe(0);
  });
});

describe('decode: bad images', () => {
  const refused: [string, ErrorCode, () => Promise<Buffer> | Buffer][] = [
    ['no bytes', 'image_empty', () => Buffer.alloc(0)],
    ['text', 'image_unsupported', () => Buffer.from('this is not a photo, whatever its name says')],
    [
      'an SVG',
      'image_unsupported',
      () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90"/>'),
    ],
    ['a PDF', 'image_unsupported', () => Buffer.from(`%PDF-1.7\n${'x'.repeat(100)}`)],
    ['HEIC', 'image_heic', heicHeader],
    ['1 x 1', 'image_too_small', () => scene(1, 1).png().toBuffer()],
    ['one side of 15', 'image_too_small', () => scene(300, 15).jpeg().toBuffer()],
    ['a JPEG cut short', 'image_corrupt', async () => (await sceneJpeg()).subarray(0, 3000)],
    ['a JPEG of a header only', 'image_corrupt', async () => (await sceneJpeg()).subarray(0, 20)],
    ['a PNG cut short', 'image_corrupt', async () => (await scene().png().toBuffer()).subarray(0, 4000)],
    ['a WebP cut short', 'image_corrupt', async () => (await scene().webp().toBuffer()).subarray(0, 900)],
    ['a bomb of 30,000 x 30,000', 'image_too_large', () => pngBomb(30_000, 30_000)],
  ];

  it.each(refused)('refuses %s with %s', async (_name, code, make) => {
    await expect(pixelsOf(await make())).rejects.toMatchObject({ name: 'PawdexError', code });
  });

  it('refuses a bomb without decoding it', async () => {
    const bomb = pngBomb(30_000, 30_000);
    const before = process.memoryUsage().rss;
    await expect(pixelsOf(bomb)).rejects.toMatchObject({ code: 'image_too_large' });
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
  });

  it('throws only errors with codes on damaged files', async () => {
    const good = [await sceneJpeg(), await scene().png().toBuffer(), await scene().webp().toBuffer()];
    let random = 12345;
    const next = (below: number) => {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      return random % below;
    };
    for (let round = 0; round < 60; round++) {
      const bytes = Buffer.from(good[round % good.length]!);
      for (let flips = 0; flips < 12; flips++) {
        bytes[next(bytes.length)] = next(256);
      }
      const outcome = await pixelsOf(bytes).catch((error) => error);
      if (outcome instanceof Uint8Array) {
        expect(outcome).toHaveLength(64 * 64 * 3);
      } else {
        expect(outcome.code).toMatch(/^image_/);
      }
    }
  });
});
