/**
 * Compares `pawdex index` with a bare loop that only decodes and encodes, in the same run.
 *
 * The bare loop first tries thread and batch settings on some of the photos and keeps the best. `pawdex index` runs as its
 * own process with an empty data directory. Its time includes start-up and ends when every item is durable and searchable.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { openSession } from '../../dist/encoder/encoder-session.js';
import { loadCard } from '../../dist/encoder/model-card.js';
import { decode } from '../../dist/image/decode.js';
import { fromRoot, parseOptions } from '../lib/options.mjs';
import { readLabelledSet } from '../lib/read-labelled-set.mjs';
import { machine, median, runCommand, spread } from './lib/harness.mjs';

const { values: args } = parseOptions(
  `npm run bench:index -- [options]

  --set SET     photos to index (default ../shared/petset:train)
  --model FILE  model card (default models/encoder.json)
  --rounds N    runs of each (default 2)
  --trial N     photos on which the bare loop chooses its setting (default 400)
  --json        print one JSON object`,
  { set: '../shared/petset:train', model: 'models/encoder.json', rounds: '2', trial: '400', json: false },
);

const log = (line) => {
  if (!args.json) {
    console.log(line);
  }
};
const set = fromRoot(args.set);
const loaded = await loadCard(fromRoot(args.model));
const entries = await readLabelledSet(set);
const rule = { size: loaded.card.input.size, ...loaded.card.input.resize };

/** Decodes each batch while the previous one is encoded. @returns images per second */
async function runBareLoop(files, threads, batch) {
  const session = await openSession(loaded, threads);
  const decodeBatch = (at) =>
    Promise.all(
      files.slice(at, at + batch).map(async (file) => decode(await readFile(file), rule, { maxPixels: 1e8 })),
    );
  await session.run((await decodeBatch(0)).slice(0, batch));
  const started = performance.now();
  let next = decodeBatch(0);
  let ahead = decodeBatch(batch);
  for (let at = 0; at < files.length; at += batch) {
    const images = await next;
    next = ahead;
    ahead = decodeBatch(at + 2 * batch);
    await session.run(images);
  }
  const rate = files.length / ((performance.now() - started) / 1000);
  await session.release();
  return rate;
}

async function indexCommand() {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'pawdex-bench-'));
  try {
    const started = performance.now();
    await runCommand('node', ['dist/cli/main.js', 'index', set, '--collection', 'bench', '--quiet'], {
      PAWDEX_DATA_DIR: dataDir,
      PAWDEX_GALLERY: '',
      PAWDEX_MODEL: fromRoot(args.model),
    });
    const rate = entries.length / ((performance.now() - started) / 1000);
    return rate;
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

log(machine());
log(`${entries.length} photos of ${args.set}`);
const files = entries.map((entry) => entry.file);
const trial = files.slice(0, Number(args.trial));
let best = { rate: 0, threads: 0, batch: 0 };
for (const threads of [...new Set([1, os.availableParallelism()])]) {
  for (const batch of [1, 2, 4, 8, 16]) {
    const rate = await runBareLoop(trial, threads, batch);
    log(`  bare loop, ${threads} threads, batch ${batch}: ${rate.toFixed(1)} images a second`);
    if (rate > best.rate) {
      best = { rate, threads, batch };
    }
  }
}
const bare = [];
const indexed = [];
for (let round = 0; round < Number(args.rounds); round++) {
  bare.push(await runBareLoop(files, best.threads, best.batch));
  indexed.push(await indexCommand());
  log(`  round ${round + 1}: bare ${bare.at(-1).toFixed(1)}, pawdex index ${indexed.at(-1).toFixed(1)}`);
}
const ratio = median(indexed) / median(bare);
log(`bare loop (${best.threads} threads, batch ${best.batch}): ${spread(bare)} images a second`);
log(`pawdex index: ${spread(indexed)} images a second`);
log(`ratio: ${ratio.toFixed(3)}`);
if (args.json) {
  console.log(JSON.stringify({ machine: machine(), n: files.length, best, bare, indexed, ratio }));
}
