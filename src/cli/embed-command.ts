/** `pawdex embed`: prints the embedding of each image as a JSON line. */
import {
  createCommand,
  EMBEDDING_SETTINGS,
  getMaxFileBytes,
  readCommonOptions,
  SERVER,
} from './create-command.js';
import { forEachImage } from './for-each-image.js';
import { addImageArguments, createViewsOption, readImageArguments } from './image-arguments.js';
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
    const files = await readImageArguments(paths, flags);
    await withEngine({ ...common, usesGallery: false }, (engine) =>
      forEachImage(files, {
        maxFileBytes: getMaxFileBytes(common),
        json: true,
        work: (bytes) => engine.embed(bytes, { views: flags.views }),
        format: (file, { embedding }) =>
          JSON.stringify({
            file,
            embedding: Array.from(embedding, (value) => Number(value.toPrecision(FLOAT32_DIGITS))),
          }),
      }),
    );
  });
