/**
 * Measures how many augmented views per second the trainer renders on all cores, for one kind of change at a time. Also
 * prints the processor time of a view, which is what it costs a training step.
 */
import { readFile } from 'node:fs/promises';
import { loadCard } from '../../dist/encoder/model-card.js';
import { openPhoto } from '../../dist/image/decode.js';
import { createRandom, mixSeed, shuffle } from '../../dist/math/random.js';
import { renderView } from '../../dist/training/data/render-view.js';
import { drawView, PLAIN_VIEW } from '../../dist/training/data/view-parameters.js';
import { viewSettings } from '../../dist/training/data/view-settings.js';
import { fromRoot, parseOptions } from '../lib/options.mjs';
import { readLabelledSet } from '../lib/read-labelled-set.mjs';
import { machine, median } from './lib/harness.mjs';

const { values: args } = parseOptions(
  `npm run bench:views -- [options]

  --data SET       photos (default: the photo in test/fixtures/chelsea)
  --photos N       drawn at random from them (default 400)
  --model FILE     model card with the size of a view (default models/encoder.json)
  --rounds N       (default 3)
  --json           print one JSON object`,
  { data: 'test/fixtures/chelsea', photos: '400', model: 'models/encoder.json', rounds: '3', json: false },
);

const { card } = await loadCard(fromRoot(args.model));
const rule = { size: card.input.size, ...card.input.resize };
const set = shuffle(await readLabelledSet(fromRoot(args.data)), createRandom(1)).slice(
  0,
  Number(args.photos),
);
const photos = await Promise.all(
  set.map(async ({ file }) => openPhoto(await readFile(file), { maxPixels: 1e8 })),
);
// A round renders at least this many views. A small set is used repeatedly.
while (photos.length < 100) {
  photos.push(...photos);
}

const never = { probability: 0 };
const crop = { flip: 0, rotate: never, jitter: never, grey: 0, blur: never, erase: never };
const always = { probability: 1 };
const kinds = {
  'without changes': null,
  crop,
  'crop, flip': { ...crop, flip: 1 },
  'crop, rotate': { ...crop, rotate: always },
  'crop, jitter': { ...crop, jitter: always },
  'crop, blur': { ...crop, blur: always },
  'crop, erase': { ...crop, erase: always },
  'the default settings': {},
};

async function round(settings, number) {
  const views = photos.map((_, i) =>
    settings === null ? PLAIN_VIEW : drawView(settings, createRandom(mixSeed(number, i))),
  );
  const [started, before] = [performance.now(), process.cpuUsage()];
  await Promise.all(photos.map((photo, i) => renderView(photo, rule, views[i])));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { perSecond: photos.length / seconds, cpuMs: (user + system) / 1000 / photos.length };
}

const results = {};
for (const [name, settings] of Object.entries(kinds)) {
  const parsed = settings === null ? null : viewSettings.parse(settings);
  const rounds = [];
  for (let i = 0; i < Number(args.rounds); i++) {
    rounds.push(await round(parsed, i));
  }
  results[name] = {
    viewsPerSecond: Math.round(median(rounds.map(({ perSecond }) => perSecond))),
    cpuMsPerView: Number(median(rounds.map(({ cpuMs }) => cpuMs)).toFixed(2)),
  };
}
if (args.json) {
  console.log(JSON.stringify({ machine: machine(), size: rule.size, photos: photos.length, results }));
} else {
  console.log(`${machine()}\n${photos.length} photos, ${rule.size} px`);
  for (const [name, { viewsPerSecond, cpuMsPerView }] of Object.entries(results)) {
    console.log(`${name.padEnd(28)} ${viewsPerSecond} views/s  ${cpuMsPerView} ms of processor time`);
  }
}
