/** `pawdex index --watch`: syncs a folder now, and again whenever it changes. */
import { scanLabelledSet } from '../datasets/labelled-set.js';
import { asPawdexError } from '../errors.js';
import { FolderChanges } from '../indexing/sync/folder-changes.js';
import type { CommonOptions } from './create-command.js';
import type { IndexFlags } from './index-flags.js';
import { reportSync } from './index-report.js';
import { FINISHING_PHOTOS, watchInterrupts } from './interruption.js';
import { scanFolder } from './prepare-indexing.js';
import { formatError, measureSeconds, printMessage } from './print.js';
import { type SyncOutcome, syncFolder } from './sync-folder.js';
import { LastingEngine } from './with-engine.js';

/** Some network drives and containers report no changes, so the folder is also checked at this interval. */
const CHECK_INTERVAL_MS = 10 * 60_000;
/** Pause after a failed round. */
const RETRY_MS = 60_000;

/**
 * Syncs a folder until it is stopped. Each round compares the whole folder, so that no change is missed. Only an error in
 * the first round ends it.
 */
export async function watchFolder(spec: string, flags: IndexFlags, common: CommonOptions): Promise<void> {
  const { signal, dispose } = watchInterrupts(FINISHING_PHOTOS);
  const source = new LastingEngine(common, { patienceMs: Number.POSITIVE_INFINITY, signal });
  const { root } = await scanLabelledSet(spec, { ...flags, mayBeEmpty: true });
  const changes = await FolderChanges.watch(root, (error) =>
    printMessage(
      `warning: some of ${spec} cannot be watched (${error.message}); it is checked every 10 minutes.`,
    ),
  );
  try {
    for (let round = 0; !signal.aborted; round++) {
      const isDone = await runRound(spec, flags, common, source, signal).catch((error) => {
        if (round === 0 && !signal.aborted) {
          throw error;
        }
        printMessage(formatError(asPawdexError(error), flags.verbose));
        return false;
      });
      if (round === 0 && !common.quiet) {
        printMessage(`Watching ${spec}. Press Ctrl-C to stop.`);
      }
      await changes.wait(isDone ? CHECK_INTERVAL_MS : RETRY_MS, signal);
    }
  } finally {
    await changes.close();
    dispose();
  }
}

/** @returns whether the server could be reached for the whole round */
async function runRound(
  spec: string,
  flags: IndexFlags,
  common: CommonOptions,
  source: LastingEngine,
  signal: AbortSignal,
): Promise<boolean> {
  const started = performance.now();
  const scan = await scanFolder(spec, flags);
  const outcome = await source.use((engine) => syncFolder(engine, scan, flags, common, signal));
  if (hasEffect(outcome)) {
    await reportSync(outcome, flags, { seconds: measureSeconds(started), interrupted: signal.aborted });
  }
  return outcome.summary?.stoppedBy === null;
}

function hasEffect({ summary }: SyncOutcome): boolean {
  return (
    summary !== null &&
    (summary.created + summary.updated + summary.removed + summary.failed > 0 || summary.stoppedBy !== null)
  );
}
