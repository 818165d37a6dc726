import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { prepareImage } from '../../src/image/decode.js';
import type { ShareMap } from '../../src/image/heat-colours.js';
import { HEAT_MAP_SIDE, renderHeatMap } from '../../src/image/heat-map.js';
import { turnedJpeg } from '../helpers/images.js';

/** A grey photo. */
const grey = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: { r: 128, g: 128, b: 128 } } })
    .png()
    .toBuffer();

/** Cells over the centre square of a photo of width x height, with the share of cell (row, column). */
function map(width: number, height: number, share: (row: number, column: number) => number): ShareMap {
  const side = Math.min(width, height);
  const region = {
    left: (width - side) / 2 / width,
    top: (height - side) / 2 / height,
    width: side / width,
    height: side / height,
  };
  const shares = Array.from({ length: 16 }, (_, i) => share(Math.floor(i / 4), i % 4));
  return { rows: 4, columns: 4, region, shares };
}

async function draw(photo: Buffer, shares: ShareMap) {
  const png = await renderHeatMap(await prepareImage(photo, { maxPixels: 1e8 }), shares);
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [
    ...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3),
  ];
  return { png, info, at };
}

describe('a heat map', () => {
  it('is a PNG as large as the photo, or as the limit', async () => {
    const small = await draw(
      await grey(120, 80),
      map(120, 80, () => 1),
    );
    expect(small.info).toMatchObject({ width: 120, height: 80, channels: 3 });
    expect((await sharp(small.png).metadata()).format).toBe('png');
    const large = await draw(
      await grey(3000, 1500),
      map(3000, 1500, () => 1),
    );
    expect([large.info.width, large.info.height]).toEqual([HEAT_MAP_SIDE, HEAT_MAP_SIDE / 2]);
  });

  it('is upright, whatever the orientation of the file', async () => {
    for (const orientation of [1, 3, 6]) {
      const photo = await turnedJpeg(orientation);
      const { info } = await draw(
        photo,
        map(320, 240, () => 1),
      );
      expect([info.width, info.height]).toEqual([320, 240]);
    }
  });

  it('is bright at large shares, blue at negative ones, and grey outside the square', async () => {
    const shares = map(200, 100, (row, column) => (column === 3 ? -1 : row === 0 && column === 0 ? 1 : 0));
    const { at } = await draw(await grey(200, 100), shares);
    const [red, green, blue] = at(55, 5) as [number, number, number];
    expect(Math.min(red, green)).toBeGreaterThan(150);
    expect(blue).toBeLessThan(red);
    const against = at(145, 50) as [number, number, number];
    expect(against[2]).toBeGreaterThan(Math.max(against[0], against[1]) + 50);
    const nothing = at(85, 80) as [number, number, number];
    expect(Math.max(...nothing)).toBeLessThan(110);
    expect(at(10, 50)).toEqual([128, 128, 128]);
    expect(at(190, 50)).toEqual([128, 128, 128]);
  });

  it('draws cells that start inside the square up to its edge', async () => {
    const { at } = await draw(await grey(200, 100), {
      ...map(200, 100, (_row, column) => (column === 0 ? 1 : 0)),
      region: { left: 0.25 + 0.1, top: 0.2, width: 0.5, height: 1 },
    });
    const bright = ([red]: number[]) => red! > 150;
    expect([51, 60, 72, 98, 110, 148].map((x) => bright(at(x, 2)))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(at(45, 50)).toEqual([128, 128, 128]);
  });

  it('draws cells that extend beyond the photo, and shares that are all zero', async () => {
    const around = {
      ...map(90, 90, (row) => row),
      region: { left: -0.1, top: -0.1, width: 1.2, height: 1.2 },
    };
    const { info, at } = await draw(await grey(90, 90), around);
    expect([info.width, info.height]).toEqual([90, 90]);
    expect(at(45, 88)[0]).toBeGreaterThan(at(45, 1)[0]! + 50);
    await draw(
      await grey(90, 91),
      map(90, 91, () => 0),
    );
    await draw(
      await grey(16, 500),
      map(16, 500, () => -1),
    );
  });
});
