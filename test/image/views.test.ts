import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decode, prepareImage, type ResizeRule } from '../../src/image/decode.js';
import { decodeEnds, decodeViews, VIEW_COUNT, VIEWS, type Views } from '../../src/image/decode-views.js';
import { scene, sceneJpeg } from '../helpers/images.js';

const rule: ResizeRule = { size: 64, fit: 'cover', kernel: 'cubic' };
const limits = { maxPixels: 1e8 };

const viewsOf = async (bytes: Uint8Array, views: Views) =>
  decodeViews(await prepareImage(bytes, limits), views, rule);

/** Mean difference of two squares, 0..255. */
const apart = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;

describe('views of a photo', () => {
  it.each(VIEWS)('%s starts with the plain view of the photo', async (views) => {
    const photo = await sceneJpeg();
    const all = await viewsOf(photo, views);
    expect(all).toHaveLength(VIEW_COUNT[views]);
    expect(all[0]).toEqual(await decode(photo, rule, limits));
    for (const view of all) {
      expect(view).toHaveLength(64 * 64 * 3);
    }
  });

  it('has the mirror image second', async () => {
    const [photo, mirror] = await viewsOf(await sceneJpeg(), 'flip');
    const raw = { width: 64, height: 64, channels: 3 } as const;
    expect(mirror).toEqual(new Uint8Array(await sharp(photo!, { raw }).flop().raw().toBuffer()));
    expect(mirror).not.toEqual(photo);
  });

  it.each([
    ['wide', 200, 100, { left: 0, top: 0 }, { left: 100, top: 0 }],
    ['tall', 100, 200, { left: 0, top: 0 }, { left: 0, top: 100 }],
  ])('has both ends and the whole of a photo in %s', async (_name, width, height, start, end) => {
    const photo = await scene(width, height).png().toBuffer();
    const [, , first, last, whole] = await viewsOf(photo, '5');
    const part = async (at: { left: number; top: number }) =>
      decode(
        await sharp(photo)
          .extract({ ...at, width: 100, height: 100 })
          .png()
          .toBuffer(),
        rule,
        limits,
      );
    expect(apart(first!, await part(start))).toBeLessThan(3);
    expect(apart(last!, await part(end))).toBeLessThan(3);
    const squeezed = await sharp(photo).resize(64, 64, { fit: 'fill', kernel: 'cubic' }).raw().toBuffer();
    expect(apart(whole!, squeezed)).toBeLessThan(3);
    expect(apart(first!, last!)).toBeGreaterThan(10);
  });

  it.each([
    ['larger than the square', 300, 200, 1],
    ['turned by its EXIF', 200, 300, 6],
    ['smaller than the square', 60, 40, 1],
  ])('shows the ends of a photo in %s like photos of only that part', async (_, width, height, turn) => {
    const photo = await scene(width, height).withMetadata({ orientation: turn }).png().toBuffer();
    const image = await prepareImage(photo, limits);
    const upright = await sharp(photo).autoOrient().png().toBuffer();
    const [wide, side] = [Math.max(width, height), Math.min(width, height)];
    const looks = await decodeEnds(image, { width: wide, height: side }, rule);
    expect(looks.map(({ region }) => region.left)).toEqual([0, 1 - side / wide]);
    for (const [i, left] of [0, wide - side].entries()) {
      const part = await sharp(upright).extract({ left, top: 0, width: side, height: side }).png().toBuffer();
      expect(apart(looks[i]!.pixels, await decode(part, rule, limits))).toBeLessThan(0.5);
    }
  });

  it('refuses a file that is not a photo', async () => {
    for (const views of VIEWS) {
      await expect(viewsOf(Buffer.from('words, not pixels'), views)).rejects.toMatchObject({
        code: 'image_unsupported',
      });
    }
  });
});
