/**
 * Measures the benefit and cost of the second look: identifies every photo of a set with and without it.
 *
 *   node scripts/evaluation/second-look.mjs SET [--edge PHOTO | --small SET]
 *
 * --edge places each photo at the left end of an image three times as wide and fills the rest with PHOTO, so that the
 * centre square misses the animal. --small places each photo somewhere on a photo of another set, at two fifths of its height.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { parseConfig } from '../../dist/config.js';
import { openLocalEngine } from '../../dist/engine/local-engine.js';
import { WHOLE_PHOTO } from '../../dist/image/regions.js';
import { createRandom } from '../../dist/math/random.js';
import { parseOptions } from '../lib/options.mjs';
import { readLabelledSet } from '../lib/read-labelled-set.mjs';

const SIDE = 300;

const USAGE = 'usage: node scripts/evaluation/second-look.mjs SET [--edge PHOTO | --small SET]';

const { values, positionals } = parseOptions(USAGE, { edge: null, small: null }, [1, 1]);
const [spec] = positionals;

async function atTheEdge(photo) {
  const square = await sharp(photo).autoOrient().resize(SIDE, SIDE).toBuffer();
  return sharp(values.edge)
    .resize(3 * SIDE, SIDE)
    .composite([{ input: square, left: 0, top: 0 }])
    .jpeg({ quality: 90 })
    .toBuffer();
}

const random = createRandom(1);
const backgrounds = values.small === undefined ? [] : await readLabelledSet(values.small);

async function inTheDistance(photo) {
  const [width, height, side] = [640, 480, 192];
  const square = await sharp(photo).autoOrient().resize(side, side).toBuffer();
  const { file } = backgrounds[Math.floor(random() * backgrounds.length)];
  const place = (room) => Math.floor(random() * (room - side));
  return sharp(file)
    .resize(width, height)
    .composite([{ input: square, left: place(width), top: place(height) }])
    .jpeg({ quality: 90 })
    .toBuffer();
}

function frame(photo) {
  if (values.small !== undefined) {
    return inTheDistance(photo);
  }
  return values.edge === undefined ? photo : atTheEdge(photo);
}

const DATA_DIR = await mkdtemp(path.join(tmpdir(), 'pawdex-look-'));
const engine = await openLocalEngine({ config: { ...parseConfig({}, {}), DATA_DIR } });
const tally = () => ({ right: 0, match: 0, matchRight: 0, unknown: 0, embedMs: 0 });
const counts = { once: tally(), again: tally(), elsewhere: 0 };
const photos = await readLabelledSet(spec);
for (const { file, label } of photos) {
  const bytes = await readFile(file);
  const photo = await frame(bytes);
  // Naming a region turns the second look off.
  for (const [kind, options] of [
    ['once', { region: WHOLE_PHOTO }],
    ['again', {}],
  ]) {
    const { decision, candidates, region, timing } = await engine.identify(photo, {
      collection: 'breeds',
      ...options,
    });
    const isRight = candidates[0]?.label === label;
    const count = counts[kind];
    count.right += isRight ? 1 : 0;
    count.match += decision === 'match' ? 1 : 0;
    count.matchRight += decision === 'match' && isRight ? 1 : 0;
    count.unknown += decision === 'unknown' ? 1 : 0;
    count.embedMs += timing.embedMs;
    const isCentred = (start, length) => Math.abs(2 * start + length - 1) < 1e-6;
    if (!isCentred(region.left, region.width) || !isCentred(region.top, region.height)) {
      counts.elsewhere++;
    }
  }
}
await engine.close();
await rm(DATA_DIR, { recursive: true });
const share = (count) => (count / photos.length).toFixed(4);
for (const kind of ['once', 'again']) {
  const { right, match, matchRight, unknown, embedMs } = counts[kind];
  console.log(
    `${kind}: first candidate right ${share(right)}, match ${share(match)} (right ${(matchRight / Math.max(1, match)).toFixed(4)}), unknown ${share(unknown)}, encoding ${(embedMs / photos.length).toFixed(1)} ms`,
  );
}
console.log(`answered from another part of the photo: ${share(counts.elsewhere)}`);
