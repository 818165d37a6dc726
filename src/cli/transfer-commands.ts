/** `pawdex export` and `import`: a collection as a Parquet file, and back. */
import path from 'node:path';
import type { Command } from 'commander';
import { addServerOption, createCommand, readCommonOptions } from './create-command.js';
import { EXIT } from './exit-codes.js';
import { resolveOutputFile } from './output-file.js';
import { formatCount, note, pluralise, printLine } from './print.js';
import { runCancellableWork } from './with-engine.js';

/** Number of failed rows to print. */
const MOST_PRINTED = 20;

interface ExportFlags extends Record<string, unknown> {
  collection: string;
  out: string;
  json?: boolean;
}

/** Defines `export`. */
export function createExportCommand(): Command {
  return addServerOption(
    createCommand(
      'export',
      'write a collection to a Parquet file, which pandas, DuckDB and `pawdex import` read',
      'export -c mine --out mine.parquet',
    ),
  )
    .requiredOption('-c, --collection <name>', 'collection')
    .requiredOption('-o, --out <file>', 'file to write; an existing one is replaced')
    .option('--json', 'print one JSON object')
    .action(runExport);
}

async function runExport({ collection, out, json, ...flags }: ExportFlags): Promise<void> {
  const common = readCommonOptions(flags);
  const file = await resolveOutputFile(out, common.config.DATA_DIR);
  const outcome = await runCancellableWork(common, (engine, work) =>
    engine.exportCollection(collection, file, work),
  );
  if (outcome === null) {
    return;
  }
  const { items, bytes } = outcome;
  await printLine(
    json === true
      ? JSON.stringify({ ...outcome, file: out })
      : `${pluralise(items, 'item')}, ${(bytes / 1024 ** 2).toFixed(1)} MiB, written to ${out}`,
  );
}

interface ImportFlags extends Record<string, unknown> {
  collection: string;
  reembed?: boolean;
  photos?: string[];
  previews?: boolean;
  json?: boolean;
}

/** Defines `import`. */
export function createImportCommand(): Command {
  return addServerOption(
    createCommand(
      'import',
      'add the items of a Parquet file to a collection, and verify each against its row',
      'import mine.parquet -c mine',
    ),
  )
    .argument('<file>', 'file written by `pawdex export`, or one with the same columns')
    .requiredOption('-c, --collection <name>', 'collection to add to; created if it does not exist')
    .option('--reembed', 'embed the pictures instead of importing the vectors')
    .option('--photos <dir...>', 'with --reembed: folders that hold the photos under the names in `source`')
    .option('--previews', 'with --reembed: embed 160-pixel previews if there is nothing better')
    .option('--json', 'print one JSON object')
    .action(runImport);
}

async function runImport(file: string, flags: ImportFlags): Promise<void> {
  const { collection, reembed, photos, previews, json } = flags;
  const common = readCommonOptions(flags);
  const outcome = await runCancellableWork(common, (engine, work) =>
    engine.importCollection(collection, path.resolve(file), { ...work, reembed, photos, previews }),
  );
  if (outcome === null) {
    note('Stopped. Imported items are kept: run the same command again to continue.');
    return;
  }
  const { created, exists, verified, different, failed, failures } = outcome;
  if (json === true) {
    await printLine(JSON.stringify(outcome));
  } else {
    for (const { row, id, detail } of failures.slice(0, MOST_PRINTED)) {
      note(`  row ${row}${id === null ? '' : ` (${id})`}: ${detail}`);
    }
    await printLine(
      `${pluralise(created, 'item')} imported into "${collection}"; ${formatCount(exists)} already there, ${formatCount(failed)} failed. ` +
        `${formatCount(verified)} verified: ${different === 0 ? 'all equal' : `${formatCount(different)} existed before and differ`}.`,
    );
  }
  if (failed > 0) {
    process.exitCode = EXIT.someFailed;
  }
}
