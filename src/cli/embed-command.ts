/** `pawdex embed`: prints the embedding of each image as a JSON line. */
import { PawdexError } from '../errors.js';
import {
  createCommand,
  EMBEDDING_SETTINGS,
  getMaxFileBytes,
  readCommonOptions,
  SERVER,
} from './create-command.js';
import { forEachImage, formatErrorLine } from './for-each-image.js';
import { addImageArguments, createViewsOption, readImageArguments } from './image-arguments.js';
import { printLine } from './print.js';
import { withEngine } from './with-engine.js';

/** Enough decimal digits to restore any float32 exactly. */
const FLOAT32_DIGITS = 9;

export const command = addImageArguments(
  createCommand(
    'embed',
    'print the embedding of each image, a unit vector: one JSON line {"file", "embedding"} per image',
    'embed cat.jpg photos > embeddings.jsonl',
    [...EMBEDDING_SETTINGS, 'MAX_UPLOAD_MB'],
  ),
)
  .addOption(createViewsOption('views of each photo whose embeddings are averaged'))
  .addOption(SERVER)
  .action(async (paths, flags) => {
    const common = readCommonOptions(flags);
    const { photos } = await readImageArguments(paths, flags);
    await withEngine({ ...common, usesGallery: false }, (engine) =>
      forEachImage(
        photos.map(({ file }) => file),
        getMaxFileBytes(common),
        async (bytes) => (await engine.embed(bytes, flags)).embedding,
        async (file, outcome) => {
          if (outcome instanceof PawdexError) {
            return printLine(formatErrorLine(file, outcome));
          }
          const embedding = Array.from(outcome, (value) => Number(value.toPrecision(FLOAT32_DIGITS)));
          await printLine(JSON.stringify({ file, embedding }));
        },
      ),
    );
  });
