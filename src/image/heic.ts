/** HEIC, which phones take, decoded by libheif as WebAssembly: the prebuilt libvips has no HEVC decoder. */
/// <reference path="./libheif-js.d.ts" />
import { crc32, deflateSync } from 'node:zlib';
import type { LibHeif, Pixels } from 'libheif-js/wasm-bundle.js';
import { PawdexError } from '../errors.js';
import { type Sharp, sharp } from './libvips.js';

let library: Promise<LibHeif> | undefined;

/** Loads libheif, 5 MB of WebAssembly and its own memory, when the first such photo arrives. */
async function loadLibrary(): Promise<LibHeif> {
  const { default: loaded } = await import('libheif-js/wasm-bundle.js');
  await loaded.ready;
  return loaded;
}

const failure = (cause?: unknown) => new PawdexError('image_heic', { cause });

/** Pixels of the primary image, upright by the file's own transformations, red, green, blue, alpha. */
async function decodePixels(bytes: Uint8Array): Promise<Pixels> {
  library ??= loadLibrary();
  const { HeifDecoder } = await library;
  const images = new HeifDecoder().decode(bytes);
  const image = images.find((each) => each.is_primary()) ?? images[0];
  if (image === undefined) {
    throw failure();
  }
  try {
    const [width, height] = [image.get_width(), image.get_height()];
    const pixels = { data: new Uint8ClampedArray(width * height * 4), width, height };
    return await new Promise((resolve, reject) => {
      image.display(pixels, (done) => (done === null ? reject(failure()) : resolve(done)));
    });
  } finally {
    for (const each of images) {
      each.free();
    }
  }
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** A PNG with a colour profile: sharp has no other way to be told the profile of raw pixels. */
function pngWithProfile(
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
    chunk('IHDR', header),
    chunk('iCCP', Buffer.concat([Buffer.from('icc\0\0', 'latin1'), deflateSync(icc)])),
    chunk('IDAT', deflateSync(rows, { level: 1 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/**
 * Decodes a HEIC photo.
 *
 * @param shrink makes the picture as small as it is needed, before its colours are converted
 * @returns the picture, upright, for sharp to go on with
 * @throws PawdexError image_heic
 */
export async function decodeHeic(bytes: Uint8Array, shrink: (image: Sharp) => Sharp): Promise<Sharp> {
  const { icc } = await sharp(bytes, { limitInputPixels: false })
    .metadata()
    .catch((cause) => {
      throw failure(cause);
    });
  const { data, width, height } = await decodePixels(bytes);
  const small = shrink(sharp(data, { raw: { width, height, channels: 4 } })).flatten({
    background: '#ffffff',
  });
  if (icc === undefined) {
    return small;
  }
  const { data: rgb, info } = await small.raw().toBuffer({ resolveWithObject: true });
  return sharp(pngWithProfile(rgb, info, icc));
}
