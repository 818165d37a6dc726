import { expect, it } from 'vitest';
import { decodeBitmap } from '../../src/image/bitmap.js';
import { decode } from '../../src/image/decode.js';
import { sharp } from '../../src/image/libvips.js';
import { sniff } from '../../src/image/sniff.js';

interface Parts {
  width: number;
  height: number;
  depth: number;
  /** Of each row as it is stored, without padding. */
  rows: number[][];
  palette?: number[];
  masks?: number[];
  compression?: number;
}

/** A bitmap with the header of Windows 3. */
function makeBitmap({
  width,
  height,
  depth,
  rows,
  palette = [],
  masks = [],
  compression = 0,
}: Parts): Buffer {
  const extra = Buffer.from([
    ...masks.flatMap((mask) => [mask & 255, (mask >> 8) & 255, (mask >> 16) & 255, mask >>> 24]),
    ...palette,
  ]);
  const header = Buffer.alloc(54);
  header.write('BM', 'latin1');
  header.writeUInt32LE(54 + extra.length, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(depth, 28);
  header.writeUInt32LE(compression, 30);
  header.writeUInt32LE(palette.length / 4, 46);
  const stride = Math.ceil((width * depth) / 32) * 4;
  const stored = rows.map((row) => Buffer.concat([Buffer.from(row), Buffer.alloc(stride - row.length)]));
  return Buffer.concat([header, extra, ...stored]);
}

const [red, green, white] = [
  [255, 0, 0, 255],
  [0, 255, 0, 255],
  [255, 255, 255, 255],
];
/** Blue, green, red and nothing. */
const palette = [0, 0, 255, 0, 0, 255, 0, 0, 255, 255, 255, 0];

it.each([
  ['1 bit', { depth: 1, rows: [[0b0100_0000], [0b1000_0000]], palette }, [green, red, red, green]],
  ['4 bits', { depth: 4, rows: [[0x01], [0x20]], palette }, [white, red, red, green]],
  [
    '8 bits',
    {
      depth: 8,
      rows: [
        [0, 1],
        [2, 0],
      ],
      palette,
    },
    [white, red, red, green],
  ],
  [
    '16 bits',
    {
      depth: 16,
      rows: [
        [0, 0x7c, 0xe0, 0x03],
        [0xff, 0x7f, 0, 0x7c],
      ],
    },
    [white, red, red, green],
  ],
  [
    '16 bits under masks',
    {
      depth: 16,
      compression: 3,
      masks: [0xf800, 0x07e0, 0x001f],
      rows: [
        [0, 0xf8, 0xe0, 0x07],
        [0xff, 0xff, 0, 0xf8],
      ],
    },
    [white, red, red, green],
  ],
  [
    '24 bits',
    {
      depth: 24,
      rows: [
        [0, 0, 255, 0, 255, 0],
        [255, 255, 255, 0, 0, 255],
      ],
    },
    [white, red, red, green],
  ],
  [
    '32 bits, from the top',
    {
      depth: 32,
      height: -2,
      rows: [
        [0, 0, 255, 9, 0, 255, 0, 9],
        [255, 255, 255, 9, 0, 0, 255, 9],
      ],
    },
    [red, green, white, red],
  ],
] as [string, Partial<Parts> & Pick<Parts, 'depth' | 'rows'>, number[][]][])(
  'decodes %s',
  (_name, parts, pixels) => {
    const bytes = makeBitmap({ width: 2, height: 2, ...parts });
    expect(sniff(bytes)).toBe('bmp');
    expect(decodeBitmap(bytes)).toEqual({ width: 2, height: 2, data: Uint8Array.from(pixels.flat()) });
  },
);

it('gives the pixels of the same picture as PNG', async () => {
  const [width, height] = [90, 70];
  const rgb = Buffer.from(Array.from({ length: width * height * 3 }, (_, i) => (i * 7 + (i >> 6)) % 256));
  const rows = Array.from({ length: height }, (_, y) =>
    Array.from(
      { length: width * 3 },
      (_, i) => rgb[((height - 1 - y) * width + Math.floor(i / 3)) * 3 + 2 - (i % 3)]!,
    ),
  );
  const png = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  const rule = { size: 64, fit: 'cover', kernel: 'cubic' } as const;
  const bitmap = makeBitmap({ width, height, depth: 24, rows });
  const [a, b] = await Promise.all([bitmap, png].map((bytes) => decode(bytes, rule, { maxPixels: 1e8 })));
  expect(a).toEqual(b);
  await expect(decode(bitmap.subarray(0, -100), rule, { maxPixels: 1e8 })).rejects.toMatchObject({
    code: 'image_corrupt',
  });
});

it.each([
  ['compressed pixels', { compression: 1 }, 'image_unsupported'],
  ['an unknown depth', { depth: 7 }, 'image_corrupt'],
  ['no columns', { width: 0, rows: [] }, 'image_corrupt'],
  ['more pixels than may be decoded', { width: 60_000, height: 60_000 }, 'image_too_large'],
])('refuses %s', async (_name, parts, code) => {
  const bytes = makeBitmap({
    width: 2,
    height: 2,
    depth: 8,
    rows: [
      [0, 1],
      [2, 0],
    ],
    palette,
    ...parts,
  });
  const rule = { size: 64, fit: 'cover', kernel: 'cubic' } as const;
  await expect(decode(bytes, rule, { maxPixels: 1e8 })).rejects.toMatchObject({ code });
});

it('does not take a text for a bitmap', () => {
  expect(sniff(Buffer.from('BMW is a maker of cars, and this is a text about it.'))).toBeNull();
});
