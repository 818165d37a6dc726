/** `pawdex attach-thumbnails`: gives items pictures from your own copy of the photos. */
import type { Command } from 'commander';
import { attachPictures } from '../indexing/attach-pictures.js';
import { addServerOption, createCommand, getMaxFileBytes, readCommonOptions } from './create-command.js';
import { EXIT } from './exit-codes.js';
import { watchInterrupts } from './interruption.js';
import { formatCount, note, pluralise, printLine } from './print.js';
import { showProgress } from './progress.js';
import { addSetOptions, readSet, type SetFlags } from './set-options.js';
import { withEngine } from './with-engine.js';

interface AttachFlags extends Record<string, unknown>, SetFlags {
  collection: string;
  json?: boolean;
}

/** Defines the command. */
export function createAttachThumbnailsCommand(): Command {
  const command = createCommand(
    'attach-thumbnails',
    'give items without a picture a thumbnail, made from your own copy of the photos',
    'attach-thumbnails ~/datasets/pets --collection breeds',
  );
  return addSetOptions(addServerOption(command))
    .argument('<dir>', 'folder with the photos, under any names; other files in it are ignored')
    .requiredOption('-c, --collection <name>', 'collection whose items get pictures')
    .option('--json', 'print a summary as one JSON object')
    .action(run);
}

async function run(dir: string, flags: AttachFlags): Promise<void> {
  const common = readCommonOptions(flags);
  const { collection } = flags;
  const { photos } = await readSet(dir, flags, common);
  const interruption = watchInterrupts('Finishing the pictures in progress. Press Ctrl-C again to stop now.');
  const summary = await withEngine(common, async (engine) => {
    const display = showProgress(photos.length, common.quiet);
    try {
      return await attachPictures(engine, photos, {
        collection,
        maxFileBytes: getMaxFileBytes(common),
        maxPixels: common.config.MAX_PIXELS,
        signal: interruption.signal,
        onProgress: ({ done, kept, failed }) => display.update({ done, skipped: kept, failed }),
      });
    } finally {
      display.stop();
    }
  });
  const { total, done, attached, kept, unknown, failed, failures } = summary;
  if (flags.json === true) {
    await printLine(JSON.stringify({ collection, ...summary }));
  }
  for (const { file, code, detail } of failures) {
    note(`  ${file}: ${detail} [${code}]`);
  }
  if (!common.quiet) {
    note(
      `${pluralise(attached, 'item')} of "${collection}" got a picture; ${formatCount(kept)} already had one, ` +
        `${pluralise(unknown, 'photo')} did not belong to it, ${formatCount(failed)} failed.`,
    );
  }
  const interrupted = interruption.exitCode();
  interruption.dispose();
  if (interrupted !== null && done < total) {
    process.exitCode = interrupted;
  } else if (failed > 0) {
    process.exitCode = EXIT.someFailed;
  }
}
