/**
 * Measures how the cost of a training step grows with its batch size: milliseconds per image and peak memory. Each batch
 * runs in its own process. Batches that do not fit go through the network in chunks (gradient caching).
 */
import { parseOptions } from '../lib/options.mjs';
import { machine, median } from './lib/harness.mjs';
import { DEFAULTS, measureStep, WARM_UP } from './lib/train-step.mjs';

const { values: args } = parseOptions(
  `npm run bench:train -- [options]

  --backbone FILE     (default ${DEFAULTS.backbone})
  --trainable REGEX   names of the weights to train (default ${DEFAULTS.trainable})
  --batches LIST      batches, or batch/chunk where the gradient is cached (default 16,64,256/32,512/32)
  --size N            of the square images (default ${DEFAULTS.size})
  --threads N         (default ${DEFAULTS.threads})
  --provider NAME     cpu, webgpu or cuda (default ${DEFAULTS.provider})
  --images N          images to measure per batch size, in at least two steps (default 192)
  --json              print one JSON object`,
  { ...DEFAULTS, batches: '16,64,256/32,512/32', images: '192', json: false },
);
const { backbone, trainable, size, threads, provider } = args;

const rows = [];
for (const entry of args.batches.split(',')) {
  const [batch, chunk = batch] = entry.split('/').map(Number);
  const steps = WARM_UP + Math.max(2, Math.ceil(Number(args.images) / batch));
  const result = await measureStep({ backbone, trainable, size, threads, provider, batch, chunk, steps });
  const counted = result.ms.slice(WARM_UP);
  const [middle, fastest] = [median(counted), Math.min(...counted)].map((ms) => ms / batch);
  rows.push({ batch, chunk, steps, msPerImage: middle, fastest, peakMb: result.peakMb });
}
if (args.json) {
  console.log(JSON.stringify({ machine: machine(), rows }));
} else {
  console.log(`${machine()}\n`);
  console.log(
    '| batch | at once | ms per image | fastest step | peak memory, GB |\n|---:|---:|---:|---:|---:|',
  );
  for (const { batch, chunk, msPerImage, fastest, peakMb } of rows) {
    console.log(
      `| ${batch} | ${chunk} | ${msPerImage.toFixed(1)} | ${fastest.toFixed(1)} | ${(peakMb / 1024).toFixed(2)} |`,
    );
  }
}
