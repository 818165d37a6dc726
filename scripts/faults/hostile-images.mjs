/** Image files that can block a server, exhaust its memory or fool its decoder, each with its expected outcome. */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { createTiff, plainTags } from './lib/tiff-file.mjs';

const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'];

const flat = (width, height) =>
  sharp({ create: { width, height, channels: 3, background: '#a08060' }, limitInputPixels: false });

/** Draws a small picture without symmetry, so that a wrong orientation shows. */
function scene(width, height, seed) {
  const data = Buffer.alloc(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    data[3 * i] = 127 + 100 * Math.sin(x / (9 + seed));
    data[3 * i + 1] = (255 * y) / height;
    data[3 * i + 2] = (255 * x) / width;
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

const sceneAs = (format, seed) =>
  scene(160 + seed, 120, seed)
    .toFormat(format)
    .toBuffer();

const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300"><rect width="300" height="300"/></svg>';

const plainTiff = (width, height, change = {}) => ({ ...plainTags(width, height), ...change });

/** Creates an AVIF whose header claims more pixels than it has. */
async function createLyingAvif() {
  const bytes = await flat(64, 64).avif({ effort: 0 }).toBuffer();
  const at = bytes.indexOf('ispe');
  bytes.writeUInt32BE(10_000, at + 8);
  bytes.writeUInt32BE(10_000, at + 12);
  return bytes;
}

/** Creates a progressive JPEG whose last scan is repeated. */
async function createManyScans(times) {
  const bytes = await scene(600, 400, 1).jpeg({ progressive: true }).toBuffer();
  const scan = bytes.subarray(bytes.lastIndexOf(Buffer.from([0xff, 0xda])), -2);
  return Buffer.concat([bytes.subarray(0, -2), ...Array(times).fill(scan), bytes.subarray(-2)]);
}

/** Creates a large PNG of one colour in a few kilobytes. */
async function pngOf(width, height, options) {
  return flat(width, height)
    .toColourspace('rgb16')
    .png({ compressionLevel: 9, ...options })
    .toBuffer();
}

/** Image files that are expensive to decode. `outcome` is what should happen with the default settings. */
export async function createLargeImages() {
  return [
    ['JPEG of 108 megapixels', 'ok', await flat(12_032, 9_024).jpeg().toBuffer()],
    [
      'progressive JPEG of 36 megapixels',
      'ok',
      await flat(6000, 6000).jpeg({ progressive: true }).toBuffer(),
    ],
    ['interlaced PNG of 16 bits, 20 megapixels', 'ok', await pngOf(5000, 4000, { progressive: true })],
    ['interlaced PNG of 16 bits, 64 megapixels', 'refused', await pngOf(8000, 8000, { progressive: true })],
    ['AVIF of 16 megapixels', 'ok', await flat(4000, 4000).avif({ effort: 0 }).toBuffer()],
    ['AVIF of 100 megapixels in its header', 'refused', await createLyingAvif()],
    [
      'lossless WebP of 49 megapixels',
      'ok',
      await flat(7000, 7000).webp({ lossless: true, effort: 0 }).toBuffer(),
    ],
    ['GIF of 49 megapixels', 'ok', await flat(7000, 7000).gif({ effort: 1 }).toBuffer()],
    ['TIFF of 19 MB', 'ok', createTiff(plainTiff(4300, 4300, {}), Buffer.alloc(4300 * 4300, 99))],
    [
      'TIFF of one strip, 36 megapixels',
      'ok',
      createTiff(plainTiff(6000, 6000, { 259: 8 }), deflateSync(Buffer.alloc(36e6))),
    ],
  ];
}

/** Small malformed files. */
async function createOddImages() {
  const whole = await scene(300, 500, 2).jpeg({ quality: 92 }).toBuffer();
  const svgBomb = SVG.replace('<rect', `${'<rect width="9" height="9"/>'.repeat(500_000)}<rect`);
  const disguises = ['<!--ftypavif-->', '<!--ftypheic-->', '\0\0\0\x1cftypavif\0\0\0\0mif1', 'GIF89a<!---->'];
  return [
    ...disguises.map((disguise) => [
      `SVG behind ${JSON.stringify(disguise)}`,
      'refused',
      Buffer.from(disguise + SVG),
    ]),
    ['SVG of 15 MB', 'refused', Buffer.from(svgBomb)],
    ['PNG of 30,000 x 30,000 in its header', 'refused', await createLyingPng()],
    ['JPEG of 2,000 scans', 'refused', await createManyScans(2000)],
    [
      'TIFF of 60,000 channels',
      'refused',
      createTiff(plainTiff(64, 64, { 277: 60_000 }), Buffer.alloc(64 * 64)),
    ],
    ['camera RAW', 'refused', createTiff(plainTiff(64, 64, { 50706: 1 }), Buffer.alloc(64 * 64))],
    ['TIFF that points past its end', 'refused', createTiff(plainTiff(640, 640), Buffer.alloc(64))],
    ['JPEG without its end marker', 'ok', whole.subarray(0, -2)],
    ['JPEG without its last rows', 'refused', whole.subarray(0, whole.length * 0.9)],
    ['20 MB of FF', 'refused', Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(19e6, 0xff)])],
    ['1 byte', 'refused', Buffer.from('x')],
  ];
}

async function createLyingPng() {
  const bytes = await flat(64, 64).png().toBuffer();
  bytes.writeUInt32BE(30_000, 16);
  bytes.writeUInt32BE(30_000, 20);
  return bytes;
}

/** Every pair of formats in one file, the second after the first. Must be decoded as the first. */
async function createPolyglots() {
  const files = new Map();
  for (const [seed, format] of FORMATS.entries()) {
    files.set(format, await sceneAs(format, seed));
  }
  return FORMATS.flatMap((head) =>
    FORMATS.filter((tail) => tail !== head).map((tail) => [
      `${head} with ${tail} behind`,
      'ok',
      Buffer.concat([files.get(head), files.get(tail)]),
    ]),
  );
}

/** Small files of every format with random bytes changed. Any outcome is fine as long as errors have a code. */
async function damaged(count) {
  const files = await Promise.all(FORMATS.map(sceneAs));
  let random = 4711;
  const next = (below) => {
    random = (Math.imul(random, 1103515245) + 12345) >>> 0;
    return random % below;
  };
  return Array.from({ length: count }, (_, i) => {
    const bytes = Buffer.from(files[i % files.length]);
    for (let flips = 0; flips < 12; flips++) {
      bytes[next(bytes.length)] = next(256);
    }
    return [`damaged ${FORMATS[i % FORMATS.length]}`, 'any', bytes];
  });
}

/**
 * Lists the groups of hostile files. Each file has a name, an expected outcome (`ok`, `refused`, `any`) and bytes.
 *
 * @param {{ damagedFiles: number }} options
 * @returns {Promise<[group: string, files: [name: string, outcome: string, bytes: Buffer][]][]>}
 */
export async function createHostileImages({ damagedFiles }) {
  return [
    ['Malformed files', await createOddImages()],
    ['Polyglots of every pair of formats', await createPolyglots()],
    ['Files with random damage', await damaged(damagedFiles)],
    ['Memory-hungry files', await createLargeImages()],
  ];
}
