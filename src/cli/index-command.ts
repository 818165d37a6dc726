/** `pawdex index`: indexes folders of photos into a collection. */
import { SHIPPED_COLLECTION } from '../config.js';
import type { Engine } from '../engine/engine.js';
import { type IndexSummary, indexPhotos } from '../indexing/index-folder.js';
import { type CommonOptions, getMaxFileBytes, readCommonOptions } from './create-command.js';
import { EXIT, failUsage, getExitCode } from './exit-codes.js';
import { type IndexFlags, indexOptions } from './index-flags.js';
import { type IndexedFiles, recordFile, reportDryRun, reportSummary, reportSync } from './index-report.js';
import { FINISHING_PHOTOS, runInterruptibly } from './interruption.js';
import { ensureCollection, scanFolder, scanSets } from './prepare-indexing.js';
import { measureSeconds } from './print.js';
import { withProgress } from './progress.js';
import { syncFolder } from './sync-folder.js';
import { watchFolder } from './watch-folder.js';
import { LastingEngine } from './with-engine.js';

/** How long to wait for a server that is restarting. */
const PATIENCE_MS = 10 * 60_000;

export const command = indexOptions.action(async (specs, flags) => {
  const usesGallery = flags.collection === SHIPPED_COLLECTION;
  const common = { ...readCommonOptions(flags), usesGallery };
  if (!flags.sync && !flags.watch) {
    await indexSets(specs, flags, common);
    return;
  }
  const [spec] = specs;
  if (spec === undefined || specs.length > 1 || flags.filesFrom !== undefined) {
    failUsage('--sync and --watch take exactly one folder or archive.');
  }
  await (flags.watch ? watchFolder(spec, flags, common) : syncOnce(spec, flags, common));
});

/** Runs work that Ctrl-C can stop, with an engine that waits for a server that is restarting. */
const useEngine = <T>(common: CommonOptions, work: (engine: Engine, signal: AbortSignal) => Promise<T>) =>
  runInterruptibly(FINISHING_PHOTOS, (signal) =>
    new LastingEngine(common, { patienceMs: PATIENCE_MS, signal }).use((engine) => work(engine, signal)),
  );

async function indexSets(specs: string[], flags: IndexFlags, common: CommonOptions): Promise<void> {
  const scan = await scanSets(specs, flags);
  if (flags.dryRun) {
    await reportDryRun(scan, flags);
    return;
  }
  const started = performance.now();
  const files: IndexedFiles = { added: [], otherLabel: [] };
  const { result: summary, interrupted } = await useEngine(common, async (engine, signal) => {
    await ensureCollection(engine, flags.collection);
    return withProgress(scan.photos.length, common.quiet, (onProgress) =>
      indexPhotos(engine, scan.photos, {
        collection: flags.collection,
        maxFileBytes: getMaxFileBytes(common),
        signal,
        onProgress,
        onSettled: (photo, result) => recordFile(files, photo, result),
      }),
    );
  });
  const seconds = measureSeconds(started);
  await reportSummary(summary, { flags, scan, files, seconds, interrupted: interrupted !== null });
  process.exitCode = chooseExitCode(summary, scan.problems.length, interrupted);
}

async function syncOnce(spec: string, flags: IndexFlags, common: CommonOptions): Promise<void> {
  const started = performance.now();
  const scan = await scanFolder(spec, flags);
  const { result: outcome, interrupted } = await useEngine(common, (engine, signal) =>
    syncFolder(engine, scan, flags, common, signal),
  );
  await reportSync(outcome, flags, { seconds: measureSeconds(started), interrupted: interrupted !== null });
  if (outcome.summary !== null) {
    process.exitCode = chooseExitCode(outcome.summary, scan.set.problems.length, interrupted);
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
