/** The flags of `pawdex index`. */
import { createCommand, EMBEDDING_SETTINGS, SERVER } from './create-command.js';
import { FILES_FROM } from './image-arguments.js';
import { addSetOptions } from './set-options.js';

/** The command without its action. */
export const indexOptions = addSetOptions(
  createCommand(
    'index',
    'index folders of photos into a collection; photos that are already there are skipped',
    'index photos --collection mine',
    [...EMBEDDING_SETTINGS, 'MAX_UPLOAD_MB'],
  )
    .argument(
      '[set...]',
      'folder or archive with one sub-folder per label, or with a manifest.csv; DIR:SPLIT takes one split; or single photos',
    )
    .requiredOption('-c, --collection <name>', 'collection to add to; created if it does not exist')
    .option(
      '-m, --manifest <file>',
      'read files and labels from this CSV, JSON lines or Parquet file (columns file and label or breed)',
    )
    .addOption(FILES_FROM)
    .option(
      '--sync',
      'also update photos that changed, moved or got another label, and remove those that are gone',
    )
    .option('--watch', 'sync now, and again whenever the folder changes')
    .option('--keep-missing', 'with --sync: keep photos that are gone')
    .option('--yes', 'with --sync: allow removing more than a third of the photos')
    .option('--origin <name>', 'with --sync: name that identifies the folder even if its path changes')
    .option('--dry-run', 'only show what would be done: labels, counts and skipped files'),
)
  .option('--json', 'print a summary as one JSON object')
  .addOption(SERVER);

/** As commander parses them. */
export type IndexFlags = ReturnType<typeof indexOptions.opts> & { quiet?: boolean; verbose?: boolean };
