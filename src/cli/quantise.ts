/** `pawdex quantise`: makes the int8 encoder of a float encoder. */

import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { loadCard } from '../encoder/card.js';
import { asPawdexError, PawdexError } from '../errors.js';
import { decode, type ResizeRule } from '../image/decode.js';
import { readLabelledSet } from '../jobs/labelled-set.js';
import { createRandom } from '../math/random.js';
import { quantiseEncoder } from '../training/export/quantise-encoder.js';
import { command, commonOptions, wholeNumber } from './command.js';
import { note, plural, printLine } from './output.js';
import { showQuantisation } from './quantisation.js';

interface QuantiseFlags {
  data: string;
  out: string;
  photos: number;
  seed: number;
  json?: boolean;
}

/** The command, not yet wired. */
export function quantiseCommand(): Command {
  return command(
    'quantise',
    'make the int8 encoder of a float encoder, which a CPU runs in a fraction of the time',
    'quantise --model float/encoder.json --data photos:train --out int8',
  )
    .requiredOption('--data <set>', 'photos to take ranges from: those the encoder was trained on')
    .requiredOption('--out <dir>', 'folder that encoder.onnx and encoder.json are written to')
    .option('--photos <n>', 'photos to take', wholeNumber(1, 10_000), 128)
    .option('--seed <n>', 'of the choice of photos', wholeNumber(0, 2 ** 31), 0)
    .option('--json', 'print one JSON object')
    .action(run);
}

async function run(flags: QuantiseFlags & Record<string, unknown>): Promise<void> {
  const { config, quiet } = commonOptions(flags);
  const loaded = await loadCard(config.MODEL);
  if (path.resolve(flags.out) === path.dirname(path.resolve(loaded.modelPath))) {
    throw new PawdexError('usage', {
      detail: `The int8 encoder would take the place of the float encoder in ${flags.out}.`,
      hint: 'Name another folder with --out.',
    });
  }
  const { input } = loaded.card;
  const photos = await decodedSample(flags, { size: input.size, ...input.resize }, config.MAX_PIXELS);
  const display = showQuantisation(quiet);
  const { written, ...outcome } = await quantiseEncoder(loaded, photos, flags.out, {
    seed: flags.seed,
    onProgress: display.onProgress,
  }).finally(display.stop);
  const { mean, least } = outcome.agreement;
  const card = path.join(flags.out, 'encoder.json');
  if (flags.json === true) {
    await printLine(
      JSON.stringify({ card, fingerprint: written.fingerprint, photos: photos.length, ...outcome }),
    );
  } else {
    await printLine(
      `${card}: ${plural(outcome.convolutions, 'convolution')} on integers; cosine with float ${mean.toFixed(4)} on average, ${least.toFixed(4)} at least, over ${plural(photos.length, 'photo')}`,
    );
  }
}

/** Photos drawn from the set by the seed; those that cannot be read are replaced by others. */
async function decodedSample(
  { data, photos: wanted, seed }: QuantiseFlags,
  rule: ResizeRule,
  maxPixels: number,
): Promise<Uint8Array[]> {
  const left = await readLabelledSet(data);
  const random = createRandom(seed);
  const decoded: Uint8Array[] = [];
  while (decoded.length < wanted && left.length > 0) {
    const [{ file, name }] = left.splice(Math.floor(random() * left.length), 1) as [(typeof left)[number]];
    const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
      note(`left out ${name}: ${cause.code}`);
      return null;
    });
    if (bytes === null) {
      continue;
    }
    try {
      decoded.push(await decode(bytes, rule, { maxPixels }));
    } catch (error) {
      const { code, message } = asPawdexError(error);
      if (!code.startsWith('image_')) {
        throw error;
      }
      note(`left out ${name}: ${message}`);
    }
  }
  return decoded;
}
