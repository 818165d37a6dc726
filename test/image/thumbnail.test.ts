import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/image/decode.js';
import { makeThumbnail } from '../../src/image/thumbnail.js';
import { scene, sceneJpeg } from '../helpers/images.js';

const rule = { size: 64, fit: 'cover', kernel: 'lanczos3' } as const;
const make = async (bytes: Buffer) =>
  makeThumbnail(bytes, await decode(bytes, rule, { maxPixels: 1e8 }), rule.size);

describe('thumbnail', () => {
  it('is a JPEG of 160 pixels for a large photo', async () => {
    const meta = await sharp(await make(await sceneJpeg(1600, 1200))).metadata();
    expect([meta.format, meta.width, meta.height]).toEqual(['jpeg', 160, 160]);
  });

  it('is the file itself if that is a small JPEG', async () => {
    const small = await sceneJpeg(240, 200);
    expect(small.length).toBeLessThan(24 * 1024);
    expect(Buffer.compare(await make(small), small)).toBe(0);
  });

  it.each(['exif', 'xmp'])('never carries %s of the original', async (kind) => {
    const picture = scene(240, 200).jpeg({ quality: 70 });
    const secret = 'Secret Street 1';
    const tagged =
      kind === 'exif'
        ? await picture.withExif({ IFD0: { Artist: secret } }).toBuffer()
        : await picture.withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/">${secret}</x:xmpmeta>`).toBuffer();
    expect(tagged.includes(secret)).toBe(true);
    expect(Buffer.from(await make(tagged)).includes(secret)).toBe(false);
  });

  it('re-encodes small files that are not JPEG', async () => {
    const meta = await sharp(await make(await scene(100, 90).png().toBuffer())).metadata();
    expect(meta.format).toBe('jpeg');
  });
});
