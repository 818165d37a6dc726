/** `pawdex encoder`: adds other image encoders to the data directory, and lists them. */
import path from 'node:path';
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { addEncoder } from '../engine/add-encoder.js';
import { listAddedEncoders } from '../engine/encoders.js';
import {
  createCommand,
  createCommandGroup,
  makeWholeNumberParser,
  readCommonOptions,
} from './create-command.js';
import { printMessage, printResult } from './print.js';

const list = createCommand('list', 'list the added encoders (default)', 'encoder list', ['DATA_DIR'])
  .option('--json', 'print one JSON object')
  .action(async (flags) => {
    const encoders = await listAddedEncoders(readCommonOptions(flags).config.DATA_DIR);
    if (encoders.length === 0 && !flags.json) {
      printMessage('No encoders have been added.');
      return;
    }
    const lines = encoders.map(
      ({ folder, model, dimension, fingerprint }) =>
        `${folder}  ${model}, ${dimension} dimensions, fingerprint ${fingerprint.slice(0, 12)}`,
    );
    await printResult({ encoders }, lines, flags.json);
  });

const add = createCommand(
  'add',
  'add an image encoder',
  'encoder add dinov2-small.onnx --licence Apache-2.0',
  ['DATA_DIR'],
)
  .argument('<file>', 'ONNX file to add; a preprocessor_config.json next to it is read')
  .option('--name <name>', 'name of the encoder (default: the name of the file)')
  .option(
    '--size <pixels>',
    'side of its square input, if the file does not say',
    makeWholeNumberParser(16, 2048),
  )
  .option('--mean <r,g,b>', 'inputs are (pixel / 255 - mean) / std', parseTriple)
  .option('--std <r,g,b>', 'standard deviation of each channel; see --mean', parseTriple)
  .addOption(
    new Option('--kernel <name>', 'how photos are resized').choices([
      'lanczos3',
      'cubic',
      'linear',
      'mitchell',
    ] as const),
  )
  .option('--output <name>', 'name of the output with the embedding')
  .addOption(
    new Option(
      '--pooling <mode>',
      'how to combine several vectors per image: the first (CLS), their mean, or the mean of a map',
    ).choices(['first', 'mean', 'map'] as const),
  )
  .option('--description <text>', 'description for the model card')
  .option('--licence <name>', 'licence for the model card')
  .option('--json', 'print one JSON object')
  .action(async (file, flags) => {
    const { DATA_DIR } = readCommonOptions(flags).config;
    const { card, cardPath, fingerprint, notes } = await addEncoder(DATA_DIR, path.resolve(file), flags);
    printMessage(notes);
    const { input, output, name } = card;
    const added = { name, fingerprint, dimension: output.dimension, size: input.size, card: cardPath };
    await printResult(
      { ...added, input, output, notes },
      [
        `Added ${name}: input ${input.size} x ${input.size} pixels, ${output.dimension} dimensions (${cardPath}).`,
        `Use it for a new collection (pawdex collections create NAME --encoder ${name}), or move an existing one (pawdex reembed -c NAME --encoder ${name}).`,
      ],
      flags.json,
    );
  });

export const command = createCommandGroup(
  'encoder',
  'add another image encoder (an ONNX file), or list the added ones',
  'encoder add dinov2-small.onnx --licence Apache-2.0',
  [list, add],
);

function parseTriple(text: string): [number, number, number] {
  const numbers = text.split(',').map(Number);
  if (numbers.length !== 3 || numbers.some((value) => !Number.isFinite(value))) {
    throw new InvalidArgumentError('It must be three numbers separated by commas.');
  }
  return numbers as [number, number, number];
}
