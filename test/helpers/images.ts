/** Pictures for tests. They are drawn, so no photos have to be shipped. */
import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { createTiff, plainTags } from '../../scripts/faults/lib/tiff-file.mjs';

/** A smooth but detailed picture without symmetry, so that a wrong rotation or crop changes it. */
export function scene(width = 320, height = 240, seed = 1): Sharp {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      const blob = Math.hypot(x - width * 0.3, y - height * 0.35) < height * 0.22 ? 90 : 0;
      data[at] = 127 + 60 * Math.sin(x / (17 + seed)) + blob * 0.7;
      data[at + 1] = 100 + (100 * y) / height + 30 * Math.sin((x + 2 * y) / (23 + seed));
      data[at + 2] = 40 + (150 * x) / width - blob * 0.4;
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** A JPEG of {@link scene}. */
export const sceneJpeg = (width?: number, height?: number, seed?: number): Promise<Buffer> =>
  scene(width, height, seed).jpeg({ quality: 92 }).toBuffer();

/**
 * A JPEG that shows {@link scene} upright after its EXIF orientation (1-8) is applied: the inverse of the orientation is
 * applied to the pixels before they are stored.
 */
export async function turnedJpeg(orientation: number): Promise<Buffer> {
  // One pipeline per step, because within one, sharp mirrors before it rotates, whatever the order of the calls.
  const step = async (bytes: Buffer, change: (image: Sharp) => Sharp) =>
    change(sharp(bytes)).png().toBuffer();
  const inverse: Record<number, ((image: Sharp) => Sharp)[]> = {
    1: [],
    2: [(image) => image.flop()],
    3: [(image) => image.rotate(180)],
    4: [(image) => image.flip()],
    5: [(image) => image.rotate(90), (image) => image.flop()],
    6: [(image) => image.rotate(270)],
    7: [(image) => image.rotate(270), (image) => image.flop()],
    8: [(image) => image.rotate(90)],
  };
  let turned = await scene().png().toBuffer();
  for (const change of inverse[orientation]!) {
    turned = await step(turned, change);
  }
  return sharp(turned).withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
}

function crc(bytes: Buffer): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    }
  }
  return (value ^ 0xffffffff) >>> 0;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc(body));
  return Buffer.concat([length, body, check]);
}

/** A well-formed black-and-white PNG of width x height pixels in a few hundred kilobytes at most. */
export function pngBomb(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  const rows = Buffer.alloc((1 + Math.ceil(width / 8)) * height);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** The first bytes of a HEIC photo from a phone. */
export const heicHeader = (): Buffer =>
  Buffer.concat([
    Buffer.from([0, 0, 0, 24]),
    Buffer.from('ftypheic\0\0\0\0mif1heic', 'latin1'),
    Buffer.alloc(200),
  ]);

/** Cosine similarity of two vectors. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! ** 2;
    bb += b[i]! ** 2;
  }
  return dot / Math.sqrt(aa * bb);
}

/** Every format that pawdex reads and sharp can write, each with a different picture. */
export const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const;

/** {@link scene} in a format. */
export const sceneAs = (
  format: (typeof FORMATS)[number],
  width = 160,
  height = 120,
  seed = 1,
): Promise<Buffer> => scene(width, height, seed).toFormat(format).toBuffer();

/** An SVG that would be drawn in one colour. */
export const svg = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300"><rect width="300" height="300" fill="red"/></svg>',
);

/** A little-endian TIFF of one strip: tags beside those of an RGB picture, which may be replaced. */
export function tiff(
  width: number,
  height: number,
  strip: Uint8Array,
  change: Readonly<Record<number, number>> = {},
): Buffer {
  return createTiff({ ...plainTags(width, height), ...change }, strip);
}
