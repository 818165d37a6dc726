/** `pawdex index`: indexes folders of photos into a collection. */
import type { Command } from 'commander';
import type { Engine } from '../engine/engine.js';
import { asPawdexError, PawdexError } from '../errors.js';
import { type IndexSummary, indexPhotos } from '../indexing/index-folder.js';
import { addServerOption, createCommand, getMaxFileBytes, readCommonOptions } from './create-command.js';
import { EXIT, getExitCode } from './exit-codes.js';
import { type GivenSets, readGivenSets } from './given-sets.js';
import { createFilesFromOption } from './image-arguments.js';
import { type IndexFlags, reportDryRun, reportSummary } from './index-report.js';
import { watchInterrupts } from './interruption.js';
import { showProgress } from './progress.js';
import { addSetOptions } from './set-options.js';
import { withEngine } from './with-engine.js';

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
  return addServerOption(
    addSetOptions(
      command
        .requiredOption('-c, --collection <name>', 'collection to add to; created if it does not exist')
        .option(
          '-m, --manifest <file>',
          'read files and labels from this CSV, JSON lines or Parquet file (columns file and label or breed) instead',
        )
        .addOption(createFilesFromOption(command))
        .option('--dry-run', 'only show the labels, how many photos each has, and what is left out'),
    ).option('--json', 'print a summary as one JSON object'),
  ).action(run);
}

async function run(specs: string[], flags: IndexFlags): Promise<void> {
  const common = readCommonOptions(flags);
  const given = await readGivenSets(specs, flags);
  if (flags.dryRun) {
    await reportDryRun(given, flags);
    return;
  }
  const started = performance.now();
  const interruption = watchInterrupts(
    'Finishing the photos in progress. Press Ctrl-C again to stop immediately.',
  );
  const summary = await withEngine(common, async (engine) => {
    await ensureCollection(engine, flags.collection);
    const display = showProgress(given.photos.length, common.quiet);
    try {
      return await indexPhotos(engine, given.photos, {
        collection: flags.collection,
        maxFileBytes: getMaxFileBytes(common),
        signal: interruption.signal,
        onProgress: (progress) => display.update(progress),
      });
    } finally {
      display.stop();
    }
  });
  const interrupted = interruption.exitCode();
  interruption.dispose();
  const seconds = Math.round(performance.now() - started) / 1000;
  await reportSummary(summary, { flags, given, seconds, interrupted: interrupted !== null });
  process.exitCode = chooseExitCode(summary, given, interrupted);
}

function chooseExitCode(summary: IndexSummary, given: GivenSets, interrupted: number | null): number {
  if (summary.stoppedBy !== null) {
    return getExitCode(summary.stoppedBy);
  }
  if (interrupted !== null && summary.done < summary.total) {
    return interrupted;
  }
  return summary.failed + given.problems.length > 0 ? EXIT.someFailed : EXIT.ok;
}

/** Creates the collection if it does not exist, even if another process does so at the same moment. */
async function ensureCollection(engine: Engine, name: string): Promise<void> {
  try {
    const { fingerprint, model } = await engine.store.getCollection(name);
    if (fingerprint !== engine.encoder.fingerprint) {
      throw new PawdexError('model_mismatch', {
        detail: `The collection ${name} was embedded with ${model}, but this encoder is ${engine.encoder.name}.`,
      });
    }
  } catch (error) {
    if (asPawdexError(error).code !== 'collection_not_found') {
      throw error;
    }
    await engine.createCollection(name).catch((failure) => {
      if (asPawdexError(failure).code !== 'collection_exists') {
        throw failure;
      }
    });
  }
}
