/** `pawdex reembed`: moves a collection to another encoder. Searches use the old vectors until then. */
import type { ReembedOutcome } from '../engine/engine.js';
import { createCommand, EMBEDDING_SETTINGS, readCommonOptions, SERVER } from './create-command.js';
import { EXIT } from './exit-codes.js';
import { resolveFolders } from './output-file.js';
import { pluralise, printLine, printMessage } from './print.js';
import { runCancellableWork } from './with-engine.js';

/** Number of items to print that could not be embedded. */
const MAX_PRINTED = 20;

export const command = createCommand(
  'reembed',
  'move a collection to another encoder; searches use the old vectors until the new ones are ready',
  'reembed -c mine --photos photos',
  EMBEDDING_SETTINGS,
)
  .requiredOption('-c, --collection <name>', 'collection to move')
  .option('--encoder <name>', 'encoder that was added with `encoder add` (default: the one in use)')
  .option('--photos <dir...>', 'folders that the `source` paths of the items are relative to')
  .option('--previews', 'embed the thumbnail of items without a better copy of the photo')
  .option('--drop-missing', 'delete items without a copy of the photo')
  .option('--json', 'print one JSON object')
  .addOption(SERVER)
  .action(async (flags) => {
    const { collection, encoder, previews, dropMissing } = flags;
    const photos = resolveFolders(flags.photos);
    const common = readCommonOptions(flags);
    const outcome = await runCancellableWork(common, (engine, work) =>
      engine.reembed(collection, { ...work, encoder, photos, previews, dropMissing }),
    );
    if (outcome === null) {
      printMessage('Stopped. Finished embeddings are kept: run the same command again to continue.');
      return;
    }
    if (flags.json) {
      await printLine(JSON.stringify(outcome));
    } else if (!common.quiet) {
      printMessage(formatOutcome(outcome));
    }
    if (!outcome.swapped) {
      process.exitCode = EXIT.someFailed;
    }
  });

function formatOutcome(outcome: ReembedOutcome): string[] {
  const { collection, swapped, from, to, embedded, missing, examples, dropped } = outcome;
  const counts = Object.entries(embedded).filter(([, count]) => count > 0);
  const total = counts.reduce((sum, [, count]) => sum + count, 0);
  const origins = counts.map(([origin, count]) => `${count} ${origin}`).join(', ');
  const deleted = dropped === 0 ? '' : ` ${pluralise(dropped, 'item')} without a copy of the photo deleted.`;
  if (swapped) {
    return from.fingerprint === to.fingerprint
      ? [`"${collection}" is already embedded with ${to.name}.`]
      : [
          `"${collection}" is now embedded with ${to.name}: ${pluralise(total, 'item')} embedded${origins === '' ? '' : ` (${origins})`}.${deleted}`,
          'Its calibration was for the old encoder: fit it again with `pawdex calibrate`.',
        ];
  }
  const more = missing - Math.min(missing, MAX_PRINTED);
  return [
    `"${collection}" still uses ${from.name}: ${pluralise(missing, 'item')} could not be embedded.`,
    ...examples.slice(0, MAX_PRINTED).map(({ id, source, reason }) => `  ${source ?? id}: ${reason}`),
    ...(more === 0 ? [] : [`  and ${more} more`]),
    'Pass the folder of the photos with --photos, accept thumbnails with --previews, or delete these items with --drop-missing.',
  ];
}
