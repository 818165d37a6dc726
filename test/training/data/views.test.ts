import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decode, openPhoto, type ResizeRule } from '../../../src/image/decode.js';
import { createRandom } from '../../../src/math/random.js';
import { renderView } from '../../../src/training/data/render-view.js';
import { drawView, PLAIN_VIEW, type ViewParameters } from '../../../src/training/data/view-parameters.js';
import { viewSettings } from '../../../src/training/data/view-settings.js';
import { CAT } from '../../cli/sandbox.js';
import { scene, sceneJpeg, turnedJpeg } from '../../helpers/images.js';

const SIZE = 64;
const rule: ResizeRule = { size: SIZE, fit: 'cover', kernel: 'cubic' };
const limits = { maxPixels: 100_000_000 };
const settings = viewSettings.parse({});

const view = async (photo: Uint8Array | Sharp, change: Partial<ViewParameters> = {}) => {
  const bytes = photo instanceof Uint8Array ? photo : await photo.png().toBuffer();
  return renderView(await openPhoto(bytes, limits), rule, { ...PLAIN_VIEW, ...change });
};
const flat = (width: number, height: number, [r, g, b]: [number, number, number]) =>
  sharp({ create: { width, height, channels: 3, background: { r, g, b } } });
/** The photo's own pixels, with nothing resized. */
const cut = (photo: Sharp, left: number, top: number) =>
  photo.clone().extract({ left, top, width: SIZE, height: SIZE }).raw().toBuffer();
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
const pixelAt = (pixels: Uint8Array, x: number, y: number) => [
  ...pixels.subarray((y * SIZE + x) * 3, (y * SIZE + x) * 3 + 3),
];

describe('renderView: the plain view', () => {
  it("gives the same bytes as the encoder's preprocessing, whatever the file", async () => {
    const files: Record<string, Uint8Array> = {
      chelsea: await readFile(CAT),
      jpeg: await sceneJpeg(),
      'small jpeg': await sceneJpeg(60, 40),
      'large jpeg': await scene().resize(1600, 1200).jpeg().toBuffer(),
      clear: await scene().ensureAlpha(0.5).png().toBuffer(),
      grey: await scene().greyscale().jpeg().toBuffer(),
      png16: await scene().toColourspace('rgb16').png().toBuffer(),
      cmyk: await scene().toColourspace('cmyk').jpeg().toBuffer(),
    };
    for (let turn = 1; turn <= 8; turn++) {
      files[`orientation ${turn}`] = await turnedJpeg(turn);
    }
    for (const [name, bytes] of Object.entries(files)) {
      expect(
        same(
          await renderView(await openPhoto(bytes, limits), rule, PLAIN_VIEW),
          await decode(bytes, rule, limits),
        ),
        name,
      ).toBe(true);
    }
  });
});

describe('renderView: places', () => {
  const place = (area: number, x: number, y: number) => ({ crop: { area, ratio: 1, x, y } });

  it('mirrors exactly', async () => {
    // Twice as wide as the view: what is left over on both sides is equally much.
    const plain = await view(scene(128, 64));
    const expected = plain.map((_, i) => {
      const [x, rest] = [Math.floor(i / 3) % SIZE, i % 3];
      return plain[(Math.floor(i / 3 / SIZE) * SIZE + SIZE - 1 - x) * 3 + rest]!;
    });
    expect(same(await view(scene(128, 64), { flip: true }), expected)).toBe(true);
  });

  it('crops the given part', async () => {
    const photo = scene(128, 128);
    for (const [x, y] of [
      [0, 1],
      [1, 0],
      [0.25, 0.75],
    ] as const) {
      expect(same(await view(photo, place(0.25, x, y)), await cut(photo, x * 64, y * 64))).toBe(true);
    }
  });

  it('shrinks a crop that does not fit the photo', async () => {
    const photo = scene(128, 64);
    expect(same(await view(photo, place(1, 0.25, 0.9)), await cut(photo, 16, 0))).toBe(true);
  });

  it('crops mirrored photos as displayed', async () => {
    const photo = scene(128, 128);
    const flopped = sharp(await photo.clone().flop().png().toBuffer());
    const mirrored = await view(photo, { flip: true, ...place(0.25, 0.25, 0) });
    expect(same(mirrored, await cut(flopped, 16, 0))).toBe(true);
  });

  it('crops photos with an EXIF orientation as displayed', async () => {
    const crop = { area: 0.3, ratio: 1.2, x: 0.8, y: 0.1 };
    const upright = await view(await turnedJpeg(1), { crop });
    for (let turn = 2; turn <= 8; turn++) {
      const turned = await view(await turnedJpeg(turn), { crop });
      const error = turned.reduce((sum, value, i) => sum + Math.abs(value - upright[i]!), 0) / turned.length;
      expect(error, `orientation ${turn}`).toBeLessThan(3);
    }
  });

  it('rotates clockwise around the middle of the crop', async () => {
    // The box around the turned crop: 0.4 of the side, times cos + sin, with the margin of two pixels.
    const side = 240;
    const box = 0.4 * side * (Math.cos(Math.PI / 6) + Math.sin(Math.PI / 6) + 4 / SIZE);
    const [x, y] = [0.2, 0.7];
    const middle = { x: box / 2 + x * (side - box), y: box / 2 + y * (side - box) };
    const scale = SIZE / (0.4 * side);
    for (const away of [0, 30]) {
      const dot = await flat(9, 9, [255, 255, 255]).png().toBuffer();
      const at = { left: Math.round(middle.x + away) - 4, top: Math.round(middle.y) - 4 };
      const photo = flat(side, side, [0, 0, 0]).composite([{ input: dot, ...at }]);
      const pixels = await view(photo, { degrees: 30, crop: { area: 0.16, ratio: 1, x, y } });
      const sums = { x: 0, y: 0, all: 0 };
      for (let i = 0; i < SIZE * SIZE; i++) {
        sums.x += pixels[i * 3]! * ((i % SIZE) + 0.5);
        sums.y += pixels[i * 3]! * (Math.floor(i / SIZE) + 0.5);
        sums.all += pixels[i * 3]!;
      }
      const expected = SIZE / 2 + away * scale * Math.cos(Math.PI / 6);
      expect(Math.abs(sums.x / sums.all - expected)).toBeLessThan(1.5);
      expect(Math.abs(sums.y / sums.all - (SIZE / 2 + away * scale * 0.5))).toBeLessThan(1.5);
    }
  });

  it('shows nothing outside the photo, however it is rotated and cropped', async () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    const degrees = fc.oneof(
      fc.double({ min: -180, max: 180, noNaN: true }),
      fc.constantFrom(90, -90, 180, 45),
    );
    const crop = fc.record({
      area: fc.double({ min: 0.05, max: 1, noNaN: true }),
      ratio: fc.double({ min: 0.3, max: 3, noNaN: true }),
      x: unit,
      y: unit,
    });
    const side = fc.integer({ min: 16, max: 300 });
    await fc.assert(
      fc.asyncProperty(
        side,
        side,
        crop,
        degrees,
        fc.boolean(),
        async (width, height, crop, degrees, flip) => {
          const pixels = await view(flat(width, height, [200, 90, 30]), { crop, degrees, flip });
          expect(pixels.every((value, i) => value === [200, 90, 30][i % 3])).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('renderView: colours', () => {
  const colourOf = async (colour: [number, number, number], change: Partial<ViewParameters>) =>
    pixelAt(await view(flat(64, 64, colour), change), 20, 20);

  it('multiplies brightness, and spreads contrast around the middle', async () => {
    expect(await colourOf([100, 50, 201], { brightness: 1.2 })).toEqual([120, 60, 241]);
    expect(await colourOf([115, 15, 215], { contrast: 0.5 })).toEqual([115, 65, 165]);
    expect(await colourOf([250, 250, 4], { contrast: 1.5 })).toEqual([255, 255, 0]);
  });

  it('removes saturation, and rotates hues but not greys', async () => {
    const [r, g, b] = await colourOf([200, 90, 30], { saturation: 0 });
    expect([g, b]).toEqual([r, r]);
    expect(Math.abs(r! - (0.213 * 200 + 0.715 * 90 + 0.072 * 30))).toBeLessThanOrEqual(0.5);
    expect(await colourOf([80, 80, 80], { hue: 70 })).toEqual([80, 80, 80]);
    // By a third of the circle red becomes green.
    const turned = await colourOf([140, 60, 60], { hue: 120 });
    expect(Math.max(...turned)).toBe(turned[1]);
  });

  it('blurs, even grey photos', async () => {
    const steepness = (pixels: Uint8Array) => {
      let sum = 0;
      for (let i = 3; i < pixels.length; i++) {
        sum += Math.abs(pixels[i]! - pixels[i - 3]!);
      }
      return sum;
    };
    const photo = await scene(200, 200).greyscale().png().toBuffer();
    const sharpView = await view(photo, { brightness: 0.9 });
    const blurred = await view(photo, { brightness: 0.9, blur: 3 });
    expect(steepness(blurred)).toBeLessThan(0.9 * steepness(sharpView));
  });

  it('erases the given share and leaves the rest', async () => {
    const plain = await view(scene(128, 64));
    const erase = { area: 0.25, ratio: 1, x: 1, y: 0.5 };
    const erased = await view(scene(128, 64), { erase });
    const expected = plain.map((value, i) => {
      const [x, y] = [Math.floor(i / 3) % SIZE, Math.floor(i / 3 / SIZE)];
      return x >= 32 && y >= 16 && y < 48 ? [124, 116, 104][i % 3]! : value;
    });
    expect(same(erased, expected)).toBe(true);
  });
});

describe('drawView', () => {
  const draw = (change: object, seed: number) => drawView(viewSettings.parse(change), createRandom(seed));

  it('gives the same bytes for a seed', async () => {
    const photo = await openPhoto(await sceneJpeg(), limits);
    const of = (seed: number) => renderView(photo, rule, drawView(settings, createRandom(seed)));
    for (let seed = 0; seed < 5; seed++) {
      expect(same(await of(seed), await of(seed))).toBe(true);
    }
    expect(same(await of(1), await of(2))).toBe(false);
  });

  it('stays within the settings', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { crop, degrees, brightness, saturation, hue, blur, erase } = draw({ grey: 0 }, seed);
        const inside = (value: number, [low, high]: readonly [number, number]) =>
          expect(value >= low - 1e-9 && value <= high + 1e-9).toBe(true);
        inside(crop.area, settings.crop.area);
        inside(crop.ratio, settings.crop.ratio);
        inside(Math.abs(degrees), [0, settings.rotate.degrees]);
        inside(brightness, [1 - settings.jitter.brightness, 1 + settings.jitter.brightness]);
        inside(saturation, [1 - settings.jitter.saturation, 1 + settings.jitter.saturation]);
        inside(Math.abs(hue), [0, settings.jitter.hue]);
        if (blur > 0) {
          inside(blur, settings.blur.sigma);
        }
        if (erase !== null) {
          inside(erase.area, settings.erase.area);
        }
      }),
    );
  });

  it('follows the probabilities', () => {
    const views = Array.from({ length: 1000 }, (_, seed) => draw({ grey: 0.25, flip: 0.7 }, seed));
    const share = (of: (view: ViewParameters) => boolean) => views.filter(of).length / views.length;
    expect(share(({ flip }) => flip)).toBeCloseTo(0.7, 1);
    expect(share(({ saturation }) => saturation === 0)).toBeCloseTo(0.25, 1);
    expect(share(({ degrees }) => degrees !== 0)).toBeCloseTo(settings.rotate.probability, 1);
    expect(share(({ erase }) => erase !== null)).toBeCloseTo(settings.erase.probability, 1);
    const never = { flip: 0, rotate: { probability: 0 }, jitter: { probability: 0 }, grey: 0 };
    const off = { ...never, blur: { probability: 0 }, erase: { probability: 0 } };
    for (let seed = 0; seed < 50; seed++) {
      const { crop } = draw(off, seed);
      expect(draw(off, seed)).toEqual({ ...PLAIN_VIEW, crop });
    }
  });

  it('changes nothing else when one probability is raised', () => {
    for (let seed = 0; seed < 100; seed++) {
      const less = draw({ jitter: { probability: 0 }, grey: 0, blur: { probability: 0 } }, seed);
      const more = draw({ jitter: { probability: 1 }, grey: 0, blur: { probability: 1 } }, seed);
      const { crop, flip, degrees, erase } = more;
      expect({ ...less, crop, flip, degrees, erase }).toEqual(less);
    }
  });
});

describe('viewSettings', () => {
  const message = (value: unknown) => viewSettings.safeParse(value).error?.issues[0]?.message;

  it('refuses invalid settings', () => {
    expect(message({ flip: 1.5 })).toBe('A probability is from 0 to 1.');
    expect(message({ crop: { area: [1, 0.5] } })).toBe('The smaller number comes first.');
    expect(message({ crop: { area: [0, 1] } })).toMatch(/0\.01/);
    expect(message({ rotation: {} })).toMatch(/rotation/);
    expect(message({ blur: { sigma: [0.1, 1] } })).toMatch(/0\.3/);
    expect(message({ flip: 0, crop: { area: [0.5, 0.5] } })).toBeUndefined();
  });
});
