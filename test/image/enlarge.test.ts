import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { computeSha256 } from '../../src/files/sha256.js';
import { decode } from '../../src/image/decode.js';
import { enlarge } from '../../src/image/enlarge.js';
import { createRandom } from '../../src/math/random.js';
import { scene } from '../helpers/images.js';

const square = (side: number) => scene(side, side).raw().toBuffer();

/** Mean and largest absolute difference, 0..255. */
function difference(a: Uint8Array, b: Uint8Array): { mean: number; most: number } {
  const off = Array.from(a, (value, i) => Math.abs(value - b[i]!));
  return {
    mean: off.reduce((sum, each) => sum + each, 0) / off.length,
    most: off.reduce((most, each) => Math.max(most, each), 0),
  };
}

describe('enlarge', () => {
  it.each([
    [224, 256],
    [224, 260],
    [16, 260],
    [259, 260],
    [37, 64],
    [100, 101],
  ])('enlarges %i to %i pixels as libvips does', async (side, size) => {
    const pixels = await square(side);
    const raw = { width: side, height: side, channels: 3 as const };
    const expected = await sharp(pixels, { raw }).resize(size, size, { kernel: 'cubic' }).raw().toBuffer();
    const { mean, most } = difference(enlarge(pixels, side, size), expected);
    // libvips knows 64 places between two pixels; near an edge that is a step or two.
    expect(mean).toBeLessThan(0.5);
    expect(most).toBeLessThan(6);
  });

  it('keeps a uniform colour uniform up to the border, even black and white', () => {
    for (const value of [0, 1, 127, 254, 255]) {
      const out = enlarge(new Uint8Array(20 * 20 * 3).fill(value), 20, 33);
      expect([Math.min(...out), Math.max(...out), out.length]).toEqual([value, value, 33 * 33 * 3]);
    }
  });

  it('clamps where the curve overshoots', () => {
    const pixels = new Uint8Array(32 * 32 * 3).map((_, i) => (Math.floor(i / 3) % 32 < 16 ? 0 : 255));
    const out = enlarge(pixels, 32, 90);
    for (let x = 0; x < 60; x++) {
      expect([0, 255]).toContain(out[x < 30 ? x * 3 : (x + 30) * 3]);
    }
  });

  it('gives the same bytes in every version, so that embeddings stay equal', () => {
    const random = createRandom(1);
    const digests = [
      [224, 256],
      [100, 256],
      [5, 37],
    ].map(([side, size]) => {
      const pixels = Uint8Array.from({ length: side! * side! * 3 }, () => random() * 256);
      return computeSha256(enlarge(pixels, side!, size!)).slice(0, 16);
    });
    expect(digests).toEqual(['c2b14d4e97445566', '7e7cfe179114bc0e', '1c761667e95cbd97']);
  });

  it('leaves earlier results alone when it is used again, even for a larger image', async () => {
    const first = enlarge(await square(50), 50, 80);
    const copy = first.slice();
    enlarge(await square(300), 300, 700);
    expect(first).toEqual(copy);
    expect(enlarge(await square(50), 50, 80)).toEqual(copy);
  });
});

describe('decode of photos smaller than the square', () => {
  const limits = { maxPixels: 1e8 };

  it.each(['lanczos3', 'cubic', 'mitchell', 'linear'] as const)(
    'gives what libvips alone does with the kernel %s',
    async (kernel) => {
      for (const [width, height] of [
        [120, 120],
        [200, 120],
        [90, 230],
      ] as const) {
        const bytes = await scene(width, height).png().toBuffer();
        const expected = await sharp(bytes).resize(160, 160, { fit: 'cover', kernel }).raw().toBuffer();
        const pixels = await decode(bytes, { size: 160, fit: 'cover', kernel }, limits);
        // The middle is cut out at whole pixels of the photo, not of the square.
        expect(difference(pixels, expected).mean, `${width} x ${height}`).toBeLessThan(2);
      }
    },
  );
});
