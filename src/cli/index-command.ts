/** `pawdex index`: indexes a folder of photos into a collection. */
import type { Command } from 'commander';
import { readLabelledSet } from '../datasets/labelled-set.js';
import type { Engine } from '../engine/engine.js';
import { asPawdexError, PawdexError } from '../errors.js';
import { type IndexSummary, indexPhotos } from '../indexing/index-folder.js';
import { addServerOption, createCommand, getMaxFileBytes, readCommonOptions } from './create-command.js';
import { EXIT, getExitCode } from './exit-codes.js';
import { watchInterrupts } from './interruption.js';
import { describeError, formatCount, formatSeconds, note, pluralise, printLine } from './print.js';
import { showProgress } from './progress.js';
import { withEngine } from './with-engine.js';

interface IndexFlags extends Record<string, unknown> {
  collection: string;
  manifest?: string;
  json?: boolean;
  verbose?: boolean;
}

/** Defines the command. */
export function createIndexCommand(): Command {
  return addServerOption(
    createCommand(
      'index',
      'index a folder of photos into a collection; photos that are already there are skipped',
      'index photos --collection mine',
    )
      .argument(
        '<dir>',
        'folder with one sub-folder per label, or with a manifest.csv; DIR:SPLIT takes the rows of one split',
      )
      .requiredOption('-c, --collection <name>', 'collection to add to; created if it does not exist')
      .option(
        '-m, --manifest <file>',
        'read files and labels from this CSV file (columns file and label or breed) instead',
      )
      .option('--json', 'print a summary as one JSON object'),
  ).action(run);
}

async function run(dir: string, flags: IndexFlags): Promise<void> {
  const common = readCommonOptions(flags);
  const photos = await readLabelledSet(dir, { manifest: flags.manifest });
  const started = performance.now();
  const interruption = watchInterrupts(
    'Finishing the photos in progress. Press Ctrl-C again to stop immediately.',
  );
  const summary = await withEngine(common, async (engine) => {
    await ensureCollection(engine, flags.collection);
    const display = showProgress(photos.length, common.quiet);
    try {
      return await indexPhotos(engine, photos, {
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
  await reportSummary(summary, { flags, quiet: common.quiet, seconds, interrupted: interrupted !== null });
  process.exitCode = chooseExitCode(summary, interrupted);
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

interface ReportOptions {
  flags: IndexFlags;
  quiet: boolean;
  seconds: number;
  interrupted: boolean;
}

async function reportSummary(
  summary: IndexSummary,
  { flags, quiet, seconds, interrupted }: ReportOptions,
): Promise<void> {
  const { total, done, created, skipped, failed, failures, otherLabel, stoppedBy } = summary;
  if (flags.json) {
    const { collection } = flags;
    const error = stoppedBy === null ? undefined : { code: stoppedBy.code, detail: stoppedBy.message };
    const outcome = { collection, total, done, created, skipped, failed, otherLabel, seconds, interrupted };
    await printLine(JSON.stringify({ ...outcome, error, failures }));
  }
  if (failures.length > 0) {
    note(`${pluralise(failures.length, 'photo')} could not be indexed:`);
    for (const { file, code, detail } of failures) {
      note(`  ${file}: ${detail} [${code}]`);
    }
  }
  if (otherLabel > 0 && !quiet) {
    note(
      `${pluralise(otherLabel, 'photo')} already in "${flags.collection}" under another label, which was kept.`,
    );
  }
  if (stoppedBy !== null) {
    note(describeError(stoppedBy, flags.verbose === true));
  }
  if (quiet) {
    return;
  }
  const rate = seconds > 0 ? ` (${(done / seconds).toFixed(0)} photos/s)` : '';
  note(
    `Indexed ${pluralise(created, 'photo')} into "${flags.collection}" in ${formatSeconds(seconds)}${rate}; ${formatCount(skipped)} already there, ${formatCount(failed)} failed.`,
  );
  if (done < total) {
    note(`${pluralise(total - done, 'photo')} left. Run the same command again to continue.`);
  }
}

function chooseExitCode(summary: IndexSummary, interrupted: number | null): number {
  if (summary.stoppedBy !== null) {
    return getExitCode(summary.stoppedBy);
  }
  if (interrupted !== null && summary.done < summary.total) {
    return interrupted;
  }
  return summary.failed > 0 ? EXIT.someFailed : EXIT.ok;
}
