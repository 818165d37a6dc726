/**
 * One training step by pawdex and by PyTorch, one after the other in the same run: milliseconds per image and peak
 * memory. EfficientNet-Lite2 at 224 px with the last 12 of its 21 blocks trainable, unless told otherwise.
 *
 *   python3 -m venv venv && venv/bin/pip install torch onnx
 *   node scripts/bench/train-vs-torch.mjs --python venv/bin/python --backbone FILE.onnx
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as training from '../../dist/training/index.js';

const { values: args } = parseArgs({
  options: {
    python: { type: 'string', default: 'python3' },
    backbone: { type: 'string', default: 'models/backbone.onnx' },
    trainable: { type: 'string', default: String.raw`_blocks\.(9|1\d|20)\.|_conv_head` },
    batches: { type: 'string', default: '16,64' },
    size: { type: 'string', default: '224' },
    steps: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '2' },
    threads: { type: 'string', default: '2' },
    /** Images through the network at once (gradient caching), on pawdex's side. */
    chunk: { type: 'string' },
    /** Only pawdex's side. */
    alone: { type: 'boolean', default: false },
    /** Measure a batch in this process; set by this script itself, so that each side's peak memory is its own. */
    measure: { type: 'string' },
  },
});

/** Takes the steps and prints one JSON line, as train-vs-torch.py does. */
async function measure(batch) {
  const model = training.readModel(readFileSync(args.backbone));
  const wanted = new RegExp(args.trainable);
  const weights = [...model.initialisers].filter(
    ([name, { dtype }]) => dtype === 'float32' && wanted.test(name),
  );
  const trainable = new Set(weights.map(([name]) => name));
  const size = Number(args.size);
  const objective = {
    async encoder(g, count) {
      const pixels = g.input('pixels', 'float32', [count, 3, size, size]);
      const inputs = { [model.inputs[0].name]: pixels };
      return [...(await training.importModel(g, model, { inputs, trainable })).outputs.values()][0];
    },
    loss: (g, embeddings) =>
      training.supCon(g, embeddings, g.input('labels', 'int64', [batch]), { temperature: 0.1 }),
  };
  const step = await training.TrainingStep.create(objective, {
    batch,
    ...(args.chunk ? { chunk: Number(args.chunk) } : {}),
    optimiser: { weightDecay: 0.05, clipNorm: 1 },
    session: { threads: Number(args.threads) },
  });
  // Noise in [-1, 1) that train-vs-torch.py makes too, so that the losses can be compared.
  const noise = (_, i) => Number((BigInt(i) * 2654435761n) % 2n ** 32n) / 2 ** 31 - 1;
  const pixels = Float32Array.from({ length: batch * 3 * size * size }, noise);
  const feeds = {
    pixels: { dtype: 'float32', shape: [batch, 3, size, size], data: pixels },
    labels: training.intTensor(Array.from({ length: batch }, (_, i) => i >> 1)),
  };
  const ms = [];
  let loss = 0;
  for (let i = 0; i < Number(args.steps); i += 1) {
    const start = performance.now();
    ({ loss } = await step.run(feeds, 1e-5));
    ms.push(performance.now() - start);
  }
  await step.close();
  console.log(
    JSON.stringify({ weights: trainable.size, loss, ms, peakMb: process.resourceUsage().maxRSS / 1024 }),
  );
}

/** Runs one side in a child process. */
function run(command, commandArgs) {
  const child = spawnSync(command, commandArgs, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (child.status !== 0) throw new Error(`${command} ended with ${child.status ?? child.error?.message}`);
  return JSON.parse(child.stdout);
}

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];

function compare() {
  const shared = ['backbone', 'trainable', 'size', 'steps', 'threads'].flatMap((name) => [
    `--${name}`,
    args[name],
  ]);
  const self = fileURLToPath(import.meta.url);
  const sides = {
    pawdex: (batch) =>
      run(process.execPath, [
        self,
        '--measure',
        batch,
        ...shared,
        ...(args.chunk ? ['--chunk', args.chunk] : []),
      ]),
    pytorch: (batch) => run(args.python, [self.replace(/mjs$/, 'py'), '--batch', batch, ...shared]),
  };
  if (args.alone) delete sides.pytorch;
  console.log(`batch  side     ms/image: median  fastest  peak MB  loss after ${args.steps} steps`);
  for (const batch of args.batches.split(',')) {
    const results = Object.fromEntries(Object.keys(sides).map((side) => [side, []]));
    for (let round = 0; round < Number(args.rounds); round += 1) {
      for (const [side, take] of Object.entries(sides)) results[side].push(take(batch));
    }
    const medians = Object.entries(results).map(([side, rounds]) => {
      // The first two steps allocate memory and choose kernels on either side.
      const times = rounds.flatMap(({ ms }) => ms.slice(2)).map((ms) => ms / Number(batch));
      const peak = Math.max(...rounds.map((result) => result.peakMb));
      const cells = [median(times).toFixed(1), Math.min(...times).toFixed(1), peak.toFixed(0)];
      console.log(
        `${batch.padStart(5)}  ${side.padEnd(8)}${cells[0].padStart(17)}${cells[1].padStart(9)}${cells[2].padStart(9)}` +
          `  ${rounds[0].loss.toFixed(4)}  (${rounds[0].startMb.toFixed(0)} MB before the first step)`,
      );
      return median(times);
    });
    if (medians.length === 2) console.log(`       pawdex / pytorch: ${(medians[0] / medians[1]).toFixed(2)}`);
  }
}

if (args.measure) await measure(Number(args.measure));
else compare();
