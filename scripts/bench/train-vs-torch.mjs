/**
 * Compares training steps of pawdex and PyTorch, alternating in one run: milliseconds per image and peak memory.
 * By default EfficientNet-Lite2 at 224 px, with the last 12 of its 21 blocks trainable.
 *
 *   python3 -m venv venv && venv/bin/pip install torch onnx
 *   node scripts/bench/train-vs-torch.mjs --python venv/bin/python
 */
import { fileURLToPath } from 'node:url';
import { fromRoot, parseOptions } from '../lib/options.mjs';
import { machine, median, runCommand } from './lib/harness.mjs';
import { DEFAULTS, measureStep, WARM_UP } from './lib/train-step.mjs';

const { values: args } = parseOptions(
  `node scripts/bench/train-vs-torch.mjs [options]

  --python FILE       with torch and onnx (default python3)
  --backbone FILE     (default ${DEFAULTS.backbone})
  --trainable REGEX   names of the weights to train (default ${DEFAULTS.trainable})
  --batches LIST      (default 16,64)
  --size N            of the square images (default ${DEFAULTS.size})
  --steps N           per round, the first ${WARM_UP} are not counted (default 8)
  --rounds N          of both sides, alternating (default 2)
  --threads N         (default ${DEFAULTS.threads})
  --json              print one JSON object`,
  { python: 'python3', ...DEFAULTS, batches: '16,64', steps: '8', rounds: '2', json: false },
);
const { backbone, trainable, size, threads, steps } = args;
const shared = { backbone: fromRoot(backbone), trainable, size, threads, steps };
const script = fileURLToPath(new URL('train-vs-torch.py', import.meta.url));
const flags = Object.entries(shared).flatMap(([name, value]) => [`--${name}`, value]);
const sides = {
  pawdex: (batch) => measureStep({ ...shared, batch }),
  pytorch: async (batch) => JSON.parse(await runCommand(args.python, [script, '--batch', batch, ...flags])),
};

function summary(batch, side, rounds) {
  const times = rounds.flatMap(({ ms }) => ms.slice(WARM_UP)).map((ms) => ms / Number(batch));
  const most = (key) => Math.max(...rounds.map((round) => round[key]));
  return {
    batch: Number(batch),
    side,
    msPerImage: median(times),
    fastest: Math.min(...times),
    startMb: most('startMb'),
    peakMb: most('peakMb'),
    loss: rounds[0].loss,
  };
}

const results = [];
if (!args.json) {
  console.log(machine());
  console.log(`batch  side     ms/image: median  fastest  peak MB  of it before the first step  loss`);
}
for (const batch of args.batches.split(',')) {
  const rounds = { pawdex: [], pytorch: [] };
  for (let round = 0; round < Number(args.rounds); round++) {
    for (const [side, take] of Object.entries(sides)) {
      rounds[side].push(await take(batch));
    }
  }
  const [ours, theirs] = Object.entries(rounds).map(([side, list]) => summary(batch, side, list));
  const ratio = {
    time: ours.msPerImage / theirs.msPerImage,
    memory: (ours.peakMb - ours.startMb) / (theirs.peakMb - theirs.startMb),
  };
  results.push({ ours, theirs, ratio });
  if (args.json) {
    continue;
  }
  for (const side of [ours, theirs]) {
    console.log(
      `${batch.padStart(5)}  ${side.side.padEnd(8)}${side.msPerImage.toFixed(1).padStart(17)}` +
        `${side.fastest.toFixed(1).padStart(9)}${side.peakMb.toFixed(0).padStart(9)}` +
        `${side.startMb.toFixed(0).padStart(30)}  ${side.loss.toFixed(4)}`,
    );
  }
  console.log(
    `       pawdex / pytorch: ${ratio.time.toFixed(2)} of the time, ${(ours.peakMb / theirs.peakMb).toFixed(2)} of the peak memory, ${ratio.memory.toFixed(2)} of the memory that the step added`,
  );
}
if (args.json) {
  console.log(JSON.stringify({ machine: machine(), results }));
}
