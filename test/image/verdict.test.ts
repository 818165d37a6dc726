import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.js';
import { decode, prepareImage, type ResizeRule } from '../../src/image/decode.js';
import { decodeViews } from '../../src/image/decode-views.js';
import { renderHeatMap } from '../../src/image/heat-map.js';
import { FORMATS, scene, sceneAs, sceneJpeg, svg, tiff } from '../helpers/images.js';

const rule: ResizeRule = { size: 64, fit: 'cover', kernel: 'cubic' };
const limits = { maxPixels: 2e8 };
const shares = {
  rows: 2,
  columns: 2,
  region: { left: 0, top: 0, width: 1, height: 1 },
  shares: [0.1, 0.2, 0.3, 0.4],
};

/** `ok`, or the code of what each use of an image throws: plain, in five views, as a heat map. */
async function verdicts(bytes: Uint8Array): Promise<string[]> {
  const verdict = (work: Promise<unknown>) =>
    work.then(
      () => 'ok',
      (error) => String(error.code ?? error),
    );
  const drawn = async () => {
    const image = await prepareImage(bytes, limits);
    await decodeViews(image, 'flip', rule);
    return renderHeatMap(image, shares);
  };
  const five = async () => decodeViews(await prepareImage(bytes, limits), '5', rule);
  return Promise.all([verdict(decode(bytes, rule, limits)), verdict(five()), verdict(drawn())]);
}

const all = (verdict: 'ok' | ErrorCode) => [verdict, verdict, verdict];

describe('the same verdict on a file everywhere', () => {
  const shapes: [string, number, number][] = [
    ['portrait', 300, 500],
    ['square', 320, 320],
    ['landscape', 700, 300],
    ['small', 60, 50],
  ];
  const coded = shapes.flatMap(([shape, width, height]) =>
    [false, true].map((progressive) => ({ shape, width, height, progressive })),
  );

  it.each(coded)(
    'accepts a $shape JPEG that lacks only its end marker (progressive: $progressive)',
    async (of) => {
      const whole = await scene(of.width, of.height)
        .jpeg({ quality: 92, progressive: of.progressive })
        .toBuffer();
      for (const lost of [1, 2]) {
        expect(await verdicts(whole.subarray(0, -lost))).toEqual(all('ok'));
      }
      const pixels = await decode(whole, rule, limits);
      expect(await decode(whole.subarray(0, -2), rule, limits)).toEqual(pixels);
    },
  );

  it.each(coded)('refuses a $shape JPEG that lacks rows (progressive: $progressive)', async (of) => {
    const whole = await scene(of.width, of.height)
      .jpeg({ quality: 92, progressive: of.progressive })
      .toBuffer();
    for (const share of [0.98, 0.9, 0.5]) {
      expect(await verdicts(whole.subarray(0, whole.length * share))).toEqual(all('image_corrupt'));
    }
  });

  it('refuses a JPEG whose rows end early, although an end marker follows', async () => {
    const whole = await sceneJpeg(700, 300);
    const short = Buffer.concat([whole.subarray(0, whole.length / 2), Buffer.from([0xff, 0xd9])]);
    expect(await verdicts(short)).toEqual(all('image_corrupt'));
  });

  it('accepts data after a JPEG, and stray bytes between its markers', async () => {
    const whole = await sceneJpeg();
    const frame = whole.indexOf(Buffer.from([0xff, 0xc0]));
    for (const odd of [
      Buffer.concat([whole, Buffer.alloc(5000)]),
      Buffer.concat([whole, await sceneJpeg(80, 60)]),
      Buffer.concat([whole.subarray(0, frame), Buffer.alloc(7), whole.subarray(frame)]),
      Buffer.concat([whole.subarray(0, -2), Buffer.alloc(240), whole.subarray(-2)]),
    ]) {
      expect(await verdicts(odd)).toEqual(all('ok'));
    }
  });

  it('gives the same code for a tall PNG with damaged last rows in every operation', async () => {
    const png = await scene(200, 900).png().toBuffer();
    png.fill(7, png.length - 4000, png.length - 3000);
    expect(new Set(await verdicts(png)).size).toBe(1);
  });
});

describe('a file that cannot be decoded correctly', () => {
  const strip = new Uint8Array(64 * 64).fill(90);
  const frame = async (marker: number, precision: number) => {
    const jpeg = await sceneJpeg();
    const at = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    jpeg[at + 1] = marker;
    jpeg[at + 4] = precision;
    return jpeg;
  };
  const cgbi = async () => {
    const png = await sceneAs('png');
    const chunk = Buffer.from([0, 0, 0, 4, ...Buffer.from('CgBI'), 0x50, 0, 0x20, 2, 0x2b, 0xd5, 0xb3, 0x7f]);
    return Buffer.concat([png.subarray(0, 8), chunk, png.subarray(8)]);
  };
  const refused: [string, RegExp, () => Buffer | Promise<Buffer>][] = [
    ['DNG', /Camera RAW is not supported: export a JPEG/, () => tiff(64, 64, strip, { 50706: 1 })],
    ['a sensor as it is', /Camera RAW/, () => tiff(64, 64, strip, { 262: 32803 })],
    ['Olympus RAW', /Camera RAW/, () => Buffer.concat([Buffer.from('IIRO'), Buffer.alloc(200)])],
    [
      'Canon RAW',
      /Camera RAW/,
      () => Buffer.concat([Buffer.from('\0\0\0\x18ftypcrx \0\0\0\x01'), Buffer.alloc(99)]),
    ],
    ['a TIFF that begins with its preview', /preview/, () => tiff(64, 64, strip, { 254: 1 })],
    [
      'a TIFF of floats',
      /floating-point/,
      () => tiff(64, 64, new Uint8Array(64 * 64 * 4), { 258: 32, 339: 3 }),
    ],
    ['a TIFF of many channels', /channels/, () => tiff(64, 64, new Uint8Array(64 * 64 * 9), { 277: 9 })],
    ['a TIFF of plain YCbCr', /YCbCr/, () => tiff(64, 64, new Uint8Array(64 * 64 * 3), { 262: 6, 277: 3 })],
    [
      'a TIFF with a channel of unknown meaning',
      /unknown meaning/,
      () => tiff(64, 64, new Uint8Array(64 * 64 * 4), { 262: 2, 277: 4, 338: 0 }),
    ],
    ['lossless JPEG', /Lossless JPEG/, () => frame(0xc3, 8)],
    ['JPEG of 12 bits', /12 bits/, () => frame(0xc1, 12)],
    ['CgBI', /CgBI/, cgbi],
    ['SVG', /SVG/, () => svg],
    ['a TIFF packed by ZSTD', /not supported: .*ZSTD/, () => tiff(64, 64, strip, { 259: 50000 })],
  ];

  it.each(refused)('is refused with its reason: %s', async (_name, reason, make) => {
    const refusal = await decode(await make(), rule, limits).catch((error) => error);
    expect(refusal).toMatchObject({ code: 'image_unsupported', status: 415 });
    expect(refusal.message).toMatch(reason);
  });

  it('is refused if it is a TIFF whose sub-directory holds a larger picture than its first', async () => {
    const plain = tiff(64, 64, strip, { 330: 0 });
    const larger = tiff(640, 640, new Uint8Array(0)).subarray(8);
    const both = Buffer.concat([plain, larger]);
    both.writeUInt32LE(plain.length, both.indexOf(Buffer.from([330 & 255, 330 >> 8, 4, 0])) + 8);
    await expect(decode(both, rule, limits)).rejects.toMatchObject({ code: 'image_unsupported' });
  });
});

describe('recognising formats as libvips does', () => {
  const pairs = FORMATS.flatMap((head) =>
    FORMATS.filter((tail) => tail !== head).map((tail) => ({ head, tail })),
  );

  it.each(pairs)('takes a $head with a $tail behind it for the $head', async ({ head, tail }) => {
    const [first, second] = await Promise.all([sceneAs(head), sceneAs(tail, 200, 90, 9)]);
    const decoded = await decode(Buffer.concat([first, second]), rule, limits);
    expect(decoded).toEqual(await decode(first, rule, limits));
  });

  it.each(pairs)('takes a $tail with a $head in its first bytes for the $tail', async ({ head, tail }) => {
    const [first, second] = await Promise.all([sceneAs(head), sceneAs(tail, 200, 90, 9)]);
    const mixed = Buffer.concat([second.subarray(0, 16), first, second.subarray(16)]);
    const outcome = await decode(mixed, rule, limits).catch((error) => error);
    if (!(outcome instanceof Uint8Array)) {
      expect(outcome.code).toMatch(/^image_/);
    } else {
      expect(outcome).not.toEqual(await decode(first, rule, limits));
    }
  });

  it.each([
    '<!--ftypavif-->',
    '<!--ftypheic-->',
    '\0\0\0\x1cftypavif\0\0\0\0mif1',
    'GIF89a<!---->',
    'RIFFxxxxWEBP',
  ])('does not draw SVG behind %j', async (disguise) => {
    const outcome = await decode(Buffer.concat([Buffer.from(disguise, 'latin1'), svg]), rule, limits).catch(
      (error) => error,
    );
    expect(outcome.code).toMatch(/^image_/);
  });

  it('leaves libvips no way to read SVG in this process', async () => {
    await expect(sharp(svg).metadata()).rejects.toThrow(/unsupported image format/);
  });
});

describe('frames and containers', () => {
  it('decodes the first frame of an AVIF sequence', async () => {
    const avif = await sceneAs('avif');
    const sequence = Buffer.from(avif);
    sequence.write('avis', 8, 'latin1');
    expect(await decode(sequence, rule, limits)).toEqual(await decode(avif, rule, limits));
  });

  it('decodes HEIC, the right way up and in the right colours', async () => {
    const heic = await readFile(new URL('../fixtures/heic/quarters.heic', import.meta.url));
    const pixels = await decode(heic, rule, limits);
    const at = (x: number, y: number) => [...pixels.subarray((y * 64 + x) * 3, (y * 64 + x) * 3 + 3)];
    const near = (colour: number[], expected: number[]) =>
      colour.every((value, i) => Math.abs(value - expected[i]!) < 12);
    expect(near(at(8, 8), [200, 30, 30])).toBe(true);
    expect(near(at(56, 8), [30, 160, 60])).toBe(true);
    expect(near(at(8, 56), [40, 60, 200])).toBe(true);
    expect(near(at(56, 56), [230, 200, 40])).toBe(true);
  });

  it('names the format of a HEIC file that it cannot decode', async () => {
    const heic = await readFile(new URL('../fixtures/heic/quarters.heic', import.meta.url));
    await expect(decode(heic.subarray(0, heic.length / 2), rule, limits)).rejects.toMatchObject({
      code: 'image_heic',
    });
  });
});
