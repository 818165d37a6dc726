/** `pawdex index`: bulk-indexes a folder. */
import type { Command } from 'commander';
import type { Engine } from '../engine/engine.js';
import { asPawdexError, PawdexError } from '../errors.js';
import { type IndexSummary, indexPhotos } from '../jobs/index-folder.js';
import { readLabelledSet } from '../jobs/labelled-set.js';
import { command, commonOptions, maxFileBytes, withServerOption } from './command.js';
import { withEngine } from './connect.js';
import { EXIT, exitCodeOf } from './exit.js';
import { onInterrupt } from './interrupt.js';
import { describeError, formatSeconds, note, plural, printLine } from './output.js';
import { showProgress } from './progress.js';

interface IndexFlags extends Record<string, unknown> {
  collection: string;
  manifest?: string;
  json?: boolean;
  verbose?: boolean;
}

/** The command, not yet wired. */
export function indexCommand(): Command {
  return withServerOption(
    command(
      'index',
      'index a folder of photos; what the collection holds already is skipped',
      'index photos --collection mine',
    )
      .argument(
        '<dir>',
        'folder with one sub-folder per label, or with a manifest.csv; DIR:split takes one split',
      )
      .requiredOption('-c, --collection <name>', 'collection to fill; created if there is none')
      .option('-m, --manifest <file>', 'CSV file (columns file and label or breed) to read instead')
      .option('--json', 'print the outcome as one JSON object'),
  ).action(run);
}

async function run(dir: string, flags: IndexFlags): Promise<void> {
  const common = commonOptions(flags);
  const photos = await readLabelledSet(dir, flags.manifest === undefined ? {} : { manifest: flags.manifest });
  const started = performance.now();
  const interruption = onInterrupt('Finishing the photos in work; Ctrl-C again stops at once.');
  const summary = await withEngine(common, async (engine) => {
    await ensureCollection(engine, flags.collection);
    const display = showProgress(photos.length, common.quiet);
    try {
      return await indexPhotos(engine, photos, {
        collection: flags.collection,
        maxFileBytes: maxFileBytes(common),
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
  await report(summary, { flags, quiet: common.quiet, seconds, interrupted: interrupted !== null });
  process.exitCode = exitCode(summary, interrupted);
}

/** Creates the collection unless it is there, also when another process does so at the same moment. */
async function ensureCollection(engine: Engine, name: string): Promise<void> {
  try {
    const { fingerprint, model } = await engine.getCollection(name);
    if (fingerprint !== engine.encoder.fingerprint)
      throw new PawdexError('model_mismatch', {
        detail: `The collection ${name} was embedded with ${model}, not with ${engine.encoder.name}.`,
      });
  } catch (error) {
    if (asPawdexError(error).code !== 'collection_not_found') throw error;
    await engine.createCollection(name).catch((failure) => {
      if (asPawdexError(failure).code !== 'collection_exists') throw failure;
    });
  }
}

interface ReportOptions {
  flags: IndexFlags;
  quiet: boolean;
  seconds: number;
  interrupted: boolean;
}

async function report(
  summary: IndexSummary,
  { flags, quiet, seconds, interrupted }: ReportOptions,
): Promise<void> {
  const { total, done, created, skipped, failed, failures, otherLabel, stoppedBy } = summary;
  if (flags.json) {
    const { collection } = flags;
    const error = stoppedBy === null ? {} : { error: { code: stoppedBy.code, detail: stoppedBy.message } };
    const outcome = { collection, total, done, created, skipped, failed, otherLabel, seconds, interrupted };
    await printLine(JSON.stringify({ ...outcome, ...error, failures }));
  }
  if (failures.length > 0) {
    note(`${plural(failures.length, 'photo')} could not be indexed:`);
    for (const { file, code, detail } of failures) note(`  ${file}: ${detail} [${code}]`);
  }
  if (otherLabel > 0 && !quiet)
    note(
      `${plural(otherLabel, 'photo')} in "${flags.collection}" carried another label already and kept it.`,
    );
  if (stoppedBy !== null) note(describeError(stoppedBy, flags.verbose === true));
  if (quiet) return;
  const rate = seconds > 0 ? ` (${(done / seconds).toFixed(0)} photos/s)` : '';
  note(
    `${plural(created, 'photo')} indexed into "${flags.collection}", ${skipped} known already, ${failed} failed, in ${formatSeconds(seconds)}${rate}.`,
  );
  if (done < total) note(`${plural(total - done, 'photo')} left; the same command goes on from here.`);
}

function exitCode(summary: IndexSummary, interrupted: number | null): number {
  if (summary.stoppedBy !== null) return exitCodeOf(summary.stoppedBy);
  if (interrupted !== null && summary.done < summary.total) return interrupted;
  return summary.failed > 0 ? EXIT.someFailed : EXIT.ok;
}
