/** `pawdex index`: indexes folders of photos into a collection. */
import type { Command } from 'commander';
import { PawdexError } from '../errors.js';
import { type IndexSummary, indexPhotos } from '../indexing/index-folder.js';
import { addServerOption, createCommand, getMaxFileBytes, readCommonOptions } from './create-command.js';
import { ensureCollection } from './ensure-collection.js';
import { EXIT, getExitCode } from './exit-codes.js';
import { readGivenSets } from './given-sets.js';
import { createFilesFromOption } from './image-arguments.js';
import type { IndexFlags } from './index-flags.js';
import { type IndexedFiles, noteFile, reportDryRun, reportSummary } from './index-report.js';
import { watchInterrupts } from './interruption.js';
import { showProgress } from './progress.js';
import { addSetOptions } from './set-options.js';
import { readFolder, syncFolder } from './sync-folder.js';
import { reportSync } from './sync-report.js';
import { watchFolder } from './watch-folder.js';
import { LastingEngine } from './with-engine.js';

/** How long to wait for a server that is restarting. */
const PATIENCE_MS = 10 * 60_000;

const STOPPING = 'Finishing the photos in progress. Press Ctrl-C again to stop immediately.';

/** Defines the command. */
export function createIndexCommand(): Command {
  const command = createCommand(
    'index',
    'index folders of photos into a collection; photos that are already there are skipped',
    'index photos --collection mine',
  ).argument(
    '[set...]',
    'folder or archive with one sub-folder per label, or with a manifest.csv; DIR:SPLIT takes one split; or single photos',
  );
  command
    .requiredOption('-c, --collection <name>', 'collection to add to; created if it does not exist')
    .option(
      '-m, --manifest <file>',
      'read files and labels from this CSV, JSON lines or Parquet file (columns file and label or breed)',
    )
    .addOption(createFilesFromOption(command))
    .option(
      '--sync',
      'also update photos that changed, moved or got another label, and remove those that are gone',
    )
    .option('--watch', 'sync now, and again whenever the folder changes')
    .option('--keep-missing', 'with --sync: keep photos that are gone')
    .option('--yes', 'with --sync: allow removing more than a third of the photos')
    .option('--origin <name>', 'with --sync: name that identifies the folder even if its path changes')
    .option('--dry-run', 'only show what would be done: labels, counts and skipped files');
  return addServerOption(
    addSetOptions(command).option('--json', 'print a summary as one JSON object'),
  ).action(run);
}

async function run(specs: string[], flags: IndexFlags): Promise<void> {
  if (!flags.sync && !flags.watch) {
    await runIndex(specs, flags);
    return;
  }
  const [spec] = specs;
  if (spec === undefined || specs.length > 1 || flags.filesFrom !== undefined) {
    throw new PawdexError('usage', { detail: '--sync and --watch take exactly one folder or archive.' });
  }
  await (flags.watch ? watchFolder(spec, flags, readCommonOptions(flags)) : runSync(spec, flags));
}

async function runIndex(specs: string[], flags: IndexFlags): Promise<void> {
  const common = readCommonOptions(flags);
  const given = await readGivenSets(specs, flags);
  if (flags.dryRun) {
    await reportDryRun(given, flags);
    return;
  }
  const started = performance.now();
  const interruption = watchInterrupts(STOPPING);
  const { signal } = interruption;
  const lasting = new LastingEngine(common, { patienceMs: PATIENCE_MS, signal });
  const files: IndexedFiles = { added: [], otherLabel: [] };
  const summary = await lasting.use(async (engine) => {
    await ensureCollection(engine, flags.collection);
    const display = showProgress(given.photos.length, common.quiet);
    return indexPhotos(engine, given.photos, {
      collection: flags.collection,
      maxFileBytes: getMaxFileBytes(common),
      signal,
      onProgress: (progress) => display.update(progress),
      onSettled: (photo, result) => noteFile(files, photo, result),
    }).finally(() => display.stop());
  });
  const interrupted = interruption.exitCode();
  interruption.dispose();
  const seconds = Math.round(performance.now() - started) / 1000;
  await reportSummary(summary, { flags, given, files, seconds, interrupted: interrupted !== null });
  process.exitCode = chooseExitCode(summary, given.problems.length, interrupted);
}

async function runSync(spec: string, flags: IndexFlags): Promise<void> {
  const common = readCommonOptions(flags);
  const started = performance.now();
  const given = await readFolder(spec, flags);
  const interruption = watchInterrupts(STOPPING);
  const { signal } = interruption;
  const lasting = new LastingEngine(common, { patienceMs: PATIENCE_MS, signal });
  const outcome = await lasting
    .use((engine) => syncFolder(engine, given, flags, common, signal))
    .finally(() => interruption.dispose());
  const interrupted = interruption.exitCode();
  const seconds = Math.round(performance.now() - started) / 1000;
  await reportSync(outcome, flags, { seconds, interrupted: interrupted !== null });
  if (outcome.summary !== null) {
    process.exitCode = chooseExitCode(outcome.summary, given.set.problems.length, interrupted);
  }
}

function chooseExitCode(summary: IndexSummary, problems: number, interrupted: number | null): number {
  if (summary.stoppedBy !== null) {
    return getExitCode(summary.stoppedBy);
  }
  if (interrupted !== null && summary.done < summary.total) {
    return interrupted;
  }
  return summary.failed + problems > 0 ? EXIT.someFailed : EXIT.ok;
}
