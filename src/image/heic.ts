/** Decodes HEIC photos with libheif as WebAssembly, since the prebuilt libvips has no HEVC decoder. */
/// <reference path="./libheif-js.d.ts" />
import { crc32, deflateSync } from 'node:zlib';
import type { LibHeif, Pixels } from 'libheif-js/wasm-bundle.js';
import { PawdexError } from '../errors.js';
import { type Sharp, sharp } from './libvips.js';

let library: Promise<LibHeif> | undefined;

/** Loads libheif when the first HEIC photo arrives: it is 5 MB of WebAssembly, plus its memory. */
async function loadLibrary(): Promise<LibHeif> {
  const { default: loaded } = await import('libheif-js/wasm-bundle.js');
  await loaded.ready;
  return loaded;
}

const createHeicError = (cause?: unknown) => new PawdexError('image_heic', { cause });

/** Decodes the primary image to red, green, blue and alpha, upright by the file's own transformations. */
async function decodePixels(bytes: Uint8Array): Promise<Pixels> {
  library ??= loadLibrary();
  const { HeifDecoder } = await library;
  const images = new HeifDecoder().decode(bytes);
  const image = images.find((picture) => picture.is_primary()) ?? images[0];
  if (image === undefined) {
    throw createHeicError();
  }
  try {
    const width = image.get_width();
    const height = image.get_height();
    const pixels = { data: new Uint8ClampedArray(width * height * 4), width, height };
    return await new Promise((resolve, reject) => {
      image.display(pixels, (result) => (result === null ? reject(createHeicError()) : resolve(result)));
    });
  } finally {
    for (const picture of images) {
      picture.free();
    }
  }
}

function createChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  const check = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** Creates a PNG with a colour profile, since sharp cannot attach a profile to raw pixels. */
function createPngWithProfile(
  rgb: Buffer,
  { width, height }: { width: number; height: number },
  icc: Uint8Array,
): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y++) {
    rows.set(rgb.subarray(y * width * 3, (y + 1) * width * 3), y * (1 + width * 3) + 1);
  }
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    createChunk('IHDR', header),
    createChunk('iCCP', Buffer.concat([Buffer.from('icc\0\0', 'latin1'), deflateSync(icc)])),
    createChunk('IDAT', deflateSync(rows, { level: 1 })),
    createChunk('IEND', Buffer.alloc(0)),
  ]);
}

/**
 * Decodes a HEIC photo.
 *
 * @param shrink resizes the picture before its colours are converted
 * @returns the upright picture, for further processing with sharp
 * @throws PawdexError image_heic
 */
export async function decodeHeic(bytes: Uint8Array, shrink: (image: Sharp) => Sharp): Promise<Sharp> {
  const { icc } = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((cause) => {
      throw createHeicError(cause);
    });
  const { data, width, height } = await decodePixels(bytes);
  const small = shrink(sharp(data, { raw: { width, height, channels: 4 } })).flatten({
    background: '#ffffff',
  });
  if (icc === undefined) {
    return small;
  }
  const { data: rgb, info } = await small.raw().toBuffer({ resolveWithObject: true });
  return sharp(createPngWithProfile(rgb, info, icc));
}
