/** `pawdex export` and `import`: a collection as a Parquet file, and back. */
import path from 'node:path';
import {
  COLLECTION_SETTINGS,
  createCommand,
  EMBEDDING_SETTINGS,
  readCommonOptions,
  SERVER,
} from './create-command.js';
import { EXIT } from './exit-codes.js';
import { resolveFolders, resolveOutputFile } from './output-file.js';
import { formatCount, formatMiB, pluralise, printMessage, printResult } from './print.js';
import { runCancellableWork } from './with-engine.js';

/** Number of failed rows to print. */
const MAX_PRINTED = 20;

export const exportCommand = createCommand(
  'export',
  'write a collection to a Parquet file, which pandas, DuckDB and `pawdex import` read',
  'export -c mine --out mine.parquet',
  COLLECTION_SETTINGS,
)
  .requiredOption('-c, --collection <name>', 'collection to export')
  .requiredOption('-o, --out <file>', 'file to write; an existing one is replaced')
  .option('--json', 'print one JSON object')
  .addOption(SERVER)
  .action(async ({ collection, out, json, ...flags }) => {
    const common = readCommonOptions(flags);
    const file = await resolveOutputFile(out, common.config.DATA_DIR);
    const outcome = await runCancellableWork(common, (engine, work) =>
      engine.exportCollection(collection, file, work),
    );
    if (outcome !== null) {
      const { items, bytes } = outcome;
      const sentence = `${pluralise(items, 'item')}, ${formatMiB(bytes)}, written to ${out}`;
      await printResult({ ...outcome, file: out }, sentence, json);
    }
  });

export const importCommand = createCommand(
  'import',
  'add the items of a Parquet file to a collection, and verify each against its row',
  'import mine.parquet -c mine',
  EMBEDDING_SETTINGS,
)
  .argument('<file>', 'file written by `pawdex export`, or one with the same columns')
  .requiredOption('-c, --collection <name>', 'collection to add to; created if it does not exist')
  .option('--reembed', 'embed the photos instead of importing the vectors')
  .option('--photos <dir...>', 'with --reembed: folders that the `source` paths of the items are relative to')
  .option('--previews', 'with --reembed: embed thumbnails if there is no better copy of the photo')
  .option('--json', 'print one JSON object')
  .addOption(SERVER)
  .action(async (file, flags) => {
    const { collection, reembed, previews, json } = flags;
    const photos = resolveFolders(flags.photos);
    const common = readCommonOptions(flags);
    const outcome = await runCancellableWork(common, (engine, work) =>
      engine.importCollection(collection, path.resolve(file), { ...work, reembed, photos, previews }),
    );
    if (outcome === null) {
      printMessage('Stopped. Imported items are kept: run the same command again to continue.');
      return;
    }
    const { created, exists, verified, different, failed, failures } = outcome;
    if (!json) {
      for (const { row, id, detail } of failures.slice(0, MAX_PRINTED)) {
        printMessage(`  row ${row}${id === null ? '' : ` (${id})`}: ${detail}`);
      }
    }
    await printResult(
      outcome,
      `${pluralise(created, 'item')} imported into "${collection}"; ${formatCount(exists)} already there, ${formatCount(failed)} failed. ` +
        `${formatCount(verified)} verified: ${different === 0 ? 'all equal' : `${formatCount(different)} existed before and differ`}.`,
      json,
    );
    if (failed > 0) {
      process.exitCode = EXIT.someFailed;
    }
  });
