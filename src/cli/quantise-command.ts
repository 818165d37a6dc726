/** `pawdex quantise`: converts a float encoder to int8. */
import path from 'node:path';
import { loadCard } from '../encoder/model-card.js';
import { decode, type ResizeRule } from '../image/decode.js';
import { isImageFault } from '../image/image-errors.js';
import { readPhoto } from '../image/read-photo.js';
import { createRandom } from '../math/random.js';
import { quantiseEncoder } from '../training/export/quantise-encoder.js';
import { createCommand, makeWholeNumberParser, readCommonOptions } from './create-command.js';
import { failUsage } from './exit-codes.js';
import { pluralise, printMessage, printResult } from './print.js';
import { addSetOptions, readSet } from './set-options.js';
import { TrainingDisplay } from './training-display.js';

const ownOptions = createCommand(
  'quantise',
  'convert a float encoder to int8, which is several times faster on a CPU',
  'quantise --model float/encoder.json --data photos:train --out int8',
  ['MODEL', 'MAX_PIXELS'],
)
  .requiredOption(
    '--data <set>',
    'photos to measure activation ranges with, ideally those the encoder was trained on',
  )
  .requiredOption('--out <dir>', 'folder for encoder.onnx and encoder.json')
  .option('--photos <n>', 'photos to use', makeWholeNumberParser(1, 10_000), 128)
  .option('--seed <n>', 'seed of the random choice of photos', makeWholeNumberParser(0, 2 ** 31), 0);

const options = addSetOptions(ownOptions).option('--json', 'print one JSON object');

export const command = options.action(async (flags) => {
  const { config, quiet } = readCommonOptions(flags);
  const loaded = await loadCard(config.MODEL);
  if (path.resolve(flags.out) === path.dirname(path.resolve(loaded.modelPath))) {
    failUsage(
      `The int8 encoder would overwrite the float encoder in ${flags.out}.`,
      'Choose another folder with --out.',
    );
  }
  const { input } = loaded.card;
  const photos = await decodeSample(
    { ...flags, quiet },
    { size: input.size, ...input.resize },
    config.MAX_PIXELS,
  );
  const display = new TrainingDisplay(quiet);
  const { encoder, ...outcome } = await quantiseEncoder(loaded, photos, flags.out, {
    seed: flags.seed,
    report: display,
  }).finally(() => display.stop());
  const { mean, least } = outcome.agreement;
  const card = path.join(flags.out, 'encoder.json');
  await printResult(
    { card, fingerprint: encoder.fingerprint, photos: photos.length, ...outcome },
    `${card}: ${pluralise(outcome.convolutions, 'convolution')} in int8; cosine with the float embeddings of ${pluralise(photos.length, 'photo')}: mean ${mean.toFixed(4)}, lowest ${least.toFixed(4)}`,
    flags.json,
  );
});

/** Decodes photos of the set, chosen by the seed. Unreadable photos are replaced by others. */
async function decodeSample(
  { data, photos: wanted, seed, quiet, ...flags }: ReturnType<typeof options.opts> & { quiet: boolean },
  rule: ResizeRule,
  maxPixels: number,
): Promise<Uint8Array[]> {
  const { photos: left } = await readSet(data, flags, { quiet });
  const random = createRandom(seed);
  const decoded: Uint8Array[] = [];
  while (decoded.length < wanted && left.length > 0) {
    const [{ file, name }] = left.splice(Math.floor(random() * left.length), 1) as [(typeof left)[number]];
    try {
      decoded.push(await decode(await readPhoto(file), rule, { maxPixels }));
    } catch (error) {
      if (!isImageFault(error)) {
        throw error;
      }
      printMessage(`Skipped ${name}: ${error.message}`);
    }
  }
  return decoded;
}
