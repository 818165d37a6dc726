/**
 * Measures an encoder's images per second for settings of ONNX Runtime that the server could use: threads, lanes (parallel
 * sessions of one thread), batch size, and whether waiting threads spin. `--beside N` keeps N decoders busy, as on a server
 * under load, and counts their images too, because a setting that starves them gains nothing.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { Worker } from 'node:worker_threads';
import { loadCard } from '../../dist/encoder/model-card.js';
import { decode } from '../../dist/image/decode.js';
import { fromRoot, parseOptions } from '../lib/options.mjs';
import { machine, median } from './lib/harness.mjs';

const { values: args } = parseOptions(
  `npm run bench:encoder -- [options]

  --model FILE     model card of a uint8 encoder (default models/encoder.json)
  --photo FILE     photo that the decoders decode (default test/fixtures/chelsea/chelsea.png)
  --threads LIST   (default 1 and the number of cores)
  --batches LIST   (default 1,2,4,8,16)
  --beside N       decoders that run at the same time (default 0)
  --seconds N      of each measurement (default 2)
  --rounds N       (default 3)
  --json           print one JSON object`,
  {
    model: 'models/encoder.json',
    photo: 'test/fixtures/chelsea/chelsea.png',
    threads: [...new Set([1, os.availableParallelism()])].join(','),
    batches: '1,2,4,8,16',
    beside: '0',
    seconds: '2',
    rounds: '3',
    json: false,
  },
);
const numbers = (list) => list.split(',').map(Number);
const { card, modelPath } = await loadCard(fromRoot(args.model));
const { size } = card.input;
const photo = await readFile(fromRoot(args.photo));
const rule = { size, ...card.input.resize };
const pixels = await decode(photo, rule, { maxPixels: 1e8 });

/** Decodes until stopped. @returns the number of images */
async function decoder(state) {
  let done = 0;
  while (!state.stop) {
    await decode(photo, rule, { maxPixels: 1e8 });
    done++;
  }
  return done;
}

async function measure(loops, batch) {
  const state = { stop: false };
  const decoders = Array.from({ length: Number(args.beside) }, () => decoder(state));
  const started = performance.now();
  const encoded = await Promise.all(
    loops.map(async (loop) => {
      loop.postMessage({ batch, seconds: Number(args.seconds) });
      const [rate] = await once(loop, 'message');
      return rate;
    }),
  );
  const seconds = (performance.now() - started) / 1000;
  state.stop = true;
  const decoded = (await Promise.all(decoders)).reduce((a, b) => a + b, 0);
  return { encoded: encoded.reduce((a, b) => a + b, 0), decoded: decoded / seconds };
}

/** What a thread does between two operators: sleep, spin as in the server, or ONNX Runtime's default. */
const WAITS = {
  sleeping: { allow_spinning: '0' },
  'spinning 100 us': { spin_duration_us: '100' },
  spinning: {},
};
const threads = numbers(args.threads);
const most = Math.max(...threads);
const settings = threads.flatMap((n) =>
  Object.keys(WAITS).map((waits) => ({ name: `${n} threads, ${waits}`, threads: n, lanes: 1, waits })),
);
if (most > 1) {
  settings.push({ name: `${most} lanes of 1 thread`, threads: 1, lanes: most, waits: 'spinning 100 us' });
}

const rows = [];
for (const { name, threads, lanes, waits } of settings) {
  const workerData = { modelPath, input: card.input, pixels, threads, intraOp: WAITS[waits] };
  const loops = Array.from(
    { length: lanes },
    () => new Worker(new URL('./lib/encoder-loop.mjs', import.meta.url), { workerData }),
  );
  for (const batch of numbers(args.batches)) {
    rows.push({ name, batch, loops, runs: [] });
  }
}
// Each round measures all settings, so that changes in the machine's speed affect all of them.
for (let round = 0; round < Number(args.rounds); round++) {
  for (const row of rows) {
    row.runs.push(await measure(row.loops, row.batch));
  }
}
const results = rows.map(({ name, batch, runs }) => ({
  setting: name,
  batch,
  encodedPerSecond: median(runs.map((run) => run.encoded)),
  decodedPerSecond: median(runs.map((run) => run.decoded)),
}));
for (const loop of new Set(rows.flatMap((row) => row.loops))) {
  loop.postMessage({ end: true });
}
if (args.json) {
  console.log(JSON.stringify({ machine: machine(), model: card.name, results }));
} else {
  console.log(machine());
  for (const r of results) {
    console.log(
      `${r.setting.padEnd(26)}, batch ${String(r.batch).padStart(2)}: ${r.encodedPerSecond.toFixed(1)} images a second` +
        (Number(args.beside) > 0 ? `, ${r.decodedPerSecond.toFixed(1)} decoded beside` : ''),
    );
  }
}
