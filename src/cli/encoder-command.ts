/** `pawdex encoder`: adds image encoders from elsewhere to the data directory, and lists them. */
import path from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { addEncoder, type EncoderDescription } from '../engine/add-encoder.js';
import { type AddedEncoder, listAddedEncoders } from '../engine/encoders.js';
import { PawdexError } from '../errors.js';
import { createCommand, makeWholeNumberParser, readCommonOptions } from './create-command.js';
import { note, printLine } from './print.js';

type EncoderFlags = EncoderDescription & { json?: boolean } & Record<string, unknown>;

/** Defines the command. */
export function createEncoderCommand(): Command {
  return createCommand(
    'encoder',
    'add an image encoder from elsewhere (ONNX), or list those that were added',
    'encoder add dinov2-small.onnx --licence Apache-2.0',
  )
    .argument('[action]', 'list (as without one) or add')
    .argument('[file]', 'ONNX file to add; a preprocessor_config.json beside it is read')
    .option('--name <name>', "its name; the file's unless given")
    .option(
      '--size <pixels>',
      'side of its square input, where the file does not say',
      makeWholeNumberParser(16, 2048),
    )
    .option('--mean <r,g,b>', 'images are fed as (pixel / 255 - mean) / std', parseTriple)
    .option('--std <r,g,b>', 'see --mean', parseTriple)
    .addOption(
      new Option('--kernel <name>', 'how photos are resized').choices([
        'lanczos3',
        'cubic',
        'linear',
        'mitchell',
      ]),
    )
    .option('--output <name>', 'the output that is the embedding')
    .addOption(
      new Option(
        '--pooling <how>',
        'of several vectors an image: the first (CLS), the mean, or the mean of a map',
      ).choices(['first', 'mean', 'map']),
    )
    .option('--description <text>', 'what it is')
    .option('--licence <name>', 'its licence, as the card names it')
    .option('--json', 'print one JSON object')
    .action(run);
}

function parseTriple(text: string): [number, number, number] {
  const numbers = text.split(',').map(Number);
  if (numbers.length !== 3 || numbers.some((value) => !Number.isFinite(value))) {
    throw new InvalidArgumentError('It must be three numbers with commas.');
  }
  return numbers as [number, number, number];
}

async function run(action: string | undefined, file: string | undefined, flags: EncoderFlags): Promise<void> {
  const { DATA_DIR } = readCommonOptions(flags).config;
  if (action === undefined || action === 'list') {
    await printEncoders(await listAddedEncoders(DATA_DIR), flags);
    return;
  }
  if (action !== 'add' || file === undefined) {
    throw new PawdexError('usage', { detail: 'Say `encoder add FILE` or `encoder list`.' });
  }
  const { card, cardPath, fingerprint, notes } = await addEncoder(DATA_DIR, path.resolve(file), flags);
  note(notes);
  const { input, output, name } = card;
  const added = { name, fingerprint, dimension: output.dimension, size: input.size, card: cardPath };
  await printLine(
    flags.json === true
      ? JSON.stringify({ ...added, input, output, notes })
      : [
          `Added ${name}: ${input.size} x ${input.size} pixels to ${output.dimension} numbers (${cardPath}).`,
          `Use it for a new collection (pawdex collections create NAME --encoder ${name}), or move one to it (pawdex reembed -c NAME --encoder ${name}).`,
        ],
  );
}

async function printEncoders(encoders: AddedEncoder[], { json }: EncoderFlags): Promise<void> {
  if (json === true) {
    await printLine(JSON.stringify({ encoders }));
    return;
  }
  if (encoders.length === 0) {
    note('No encoder was added.');
    return;
  }
  await printLine(
    encoders.map(
      ({ folder, model, dimension, fingerprint }) =>
        `${folder}  ${model}, ${dimension} dimensions, fingerprint ${fingerprint.slice(0, 12)}`,
    ),
  );
}
