/**
 * Images per second of an encoder for each setting of ONNX Runtime that the server could use: threads, batch size,
 * and whether waiting threads spin. `--beside N` keeps N decoders busy meanwhile, as a server under load does, and
 * counts what they get done too: a setting that starves them gains nothing.
 */
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import * as ort from 'onnxruntime-node';
import { loadCard } from '../../dist/encoder/card.js';
import { decode } from '../../dist/image/decode.js';
import { fromRoot, machine, median, options } from './lib/harness.mjs';

const args = options(
  `npm run bench:encoder -- [options]

  --model FILE     model card of a uint8 encoder (default models/encoder.json)
  --photo FILE     photo that the decoders decode (default test/fixtures/chelsea/chelsea.png)
  --threads LIST   (default 1 and the number of cores)
  --batches LIST   (default 1,2,4,8,16)
  --beside N       decoders at work meanwhile (default 0)
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
  },
);
const numbers = (list) => list.split(',').map(Number);
const { card, modelPath } = await loadCard(fromRoot(args.model));
const { size } = card.input;
const photo = await readFile(fromRoot(args.photo));
const rule = { size, ...card.input.resize };
const pixels = await decode(photo, rule, { maxPixels: 1e8 });

function batchOf(count) {
  const data = new Uint8Array(count * pixels.length);
  for (let i = 0; i < count; i++) data.set(pixels, i * pixels.length);
  return { [card.input.name]: new ort.Tensor('uint8', data, [count, size, size, 3]) };
}

/** Decodes until told to stop. @returns how many images */
async function decoder(state) {
  let done = 0;
  while (!state.stop) {
    await decode(photo, rule, { maxPixels: 1e8 });
    done++;
  }
  return done;
}

async function measure(session, batch) {
  const feed = batchOf(batch);
  await session.run(feed);
  const state = { stop: false };
  const decoders = Array.from({ length: Number(args.beside) }, () => decoder(state));
  const started = performance.now();
  let images = 0;
  while (performance.now() - started < Number(args.seconds) * 1000) {
    await session.run(feed);
    images += batch;
    // session.run() blocks this thread: give the decoders' results a turn, as the server's worker would.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const seconds = (performance.now() - started) / 1000;
  state.stop = true;
  const decoded = (await Promise.all(decoders)).reduce((a, b) => a + b, 0);
  return { encoded: images / seconds, decoded: decoded / seconds };
}

/** What a thread does between two operators: sleep, spin for as long as the served encoder's do, or ONNX Runtime's default. */
const WAITS = {
  sleeping: { allow_spinning: '0' },
  'spinning 100 us': { spin_duration_us: '100' },
  spinning: {},
};

const rows = [];
for (const threads of numbers(args.threads))
  for (const [waits, intraOp] of Object.entries(WAITS)) {
    const session = await ort.InferenceSession.create(modelPath, {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      extra: { session: { intra_op: intraOp } },
    });
    for (const batch of numbers(args.batches)) rows.push({ threads, waits, batch, session, runs: [] });
  }
// Rounds go over all settings, so that a machine whose speed drifts does so for all of them.
for (let round = 0; round < Number(args.rounds); round++)
  for (const row of rows) row.runs.push(await measure(row.session, row.batch));
const results = rows.map(({ threads, waits, batch, runs }) => ({
  threads,
  waits,
  batch,
  encodedPerSecond: median(runs.map((run) => run.encoded)),
  decodedPerSecond: median(runs.map((run) => run.decoded)),
}));
for (const session of new Set(rows.map((row) => row.session))) await session.release();
if (args.json) console.log(JSON.stringify({ machine: machine(), model: card.name, results }));
else {
  console.log(machine());
  for (const r of results)
    console.log(
      `${r.threads} threads, ${r.waits.padEnd(15)}, batch ${String(r.batch).padStart(2)}: ${r.encodedPerSecond.toFixed(1)} images a second` +
        (Number(args.beside) > 0 ? `, ${r.decodedPerSecond.toFixed(1)} decoded beside` : ''),
    );
}
