/** `pawdex attach-thumbnails`: gives items thumbnails from your own copy of the photos. */
import { attachThumbnailsFromFiles } from '../indexing/attach-thumbnails-from-files.js';
import {
  COLLECTION_SETTINGS,
  createCommand,
  getMaxFileBytes,
  readCommonOptions,
  SERVER,
} from './create-command.js';
import { EXIT } from './exit-codes.js';
import { FINISHING_PHOTOS, runInterruptibly } from './interruption.js';
import { formatCount, formatFailure, pluralise, printLine, printMessage } from './print.js';
import { withProgress } from './progress.js';
import { addSetOptions, readSet } from './set-options.js';
import { withEngine } from './with-engine.js';

const ownOptions = createCommand(
  'attach-thumbnails',
  'add thumbnails to items without one, from your own copy of the photos',
  'attach-thumbnails ~/datasets/pets --collection breeds',
  [...COLLECTION_SETTINGS, 'MAX_UPLOAD_MB', 'MAX_PIXELS'],
)
  .argument('<dir>', 'folder with the photos, under any names; other files in it are ignored')
  .requiredOption('-c, --collection <name>', 'collection whose items get thumbnails');

export const command = addSetOptions(ownOptions)
  .option('--json', 'print a summary as one JSON object')
  .addOption(SERVER)
  .action(async (dir, flags) => {
    const common = readCommonOptions(flags);
    const { collection } = flags;
    const { photos } = await readSet(dir, flags, common);
    const { result: summary, interrupted } = await runInterruptibly(FINISHING_PHOTOS, (signal) =>
      withEngine(common, (engine) =>
        withProgress(photos.length, common.quiet, (update) =>
          attachThumbnailsFromFiles(engine, photos, {
            collection,
            maxFileBytes: getMaxFileBytes(common),
            maxPixels: common.config.MAX_PIXELS,
            signal,
            onProgress: ({ done, kept, failed }) => update({ done, skipped: kept, failed }),
          }),
        ),
      ),
    );
    const { total, done, attached, kept, unknown, failed, failures } = summary;
    if (flags.json) {
      await printLine(JSON.stringify({ collection, ...summary }));
    }
    printMessage(failures.map(formatFailure));
    if (!common.quiet) {
      printMessage(
        `${pluralise(attached, 'item')} of "${collection}" got a thumbnail; ${formatCount(kept)} already had one, ` +
          `${pluralise(unknown, 'photo')} did not match any item, ${formatCount(failed)} failed.`,
      );
    }
    if (interrupted !== null && done < total) {
      process.exitCode = interrupted;
    } else if (failed > 0) {
      process.exitCode = EXIT.someFailed;
    }
  });
