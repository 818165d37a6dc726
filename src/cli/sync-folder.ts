/** `pawdex index --sync`: makes a collection match a folder. */
import path from 'node:path';
import type { Engine } from '../engine/engine.js';
import type { SyncSummary } from '../indexing/sync/apply-sync.js';
import { nameHashCache } from '../indexing/sync/hash-cache.js';
import type { SyncPlan } from '../indexing/sync/plan-sync.js';
import { prepareSync } from '../indexing/sync/prepare-sync.js';
import { type CommonOptions, getMaxFileBytes } from './create-command.js';
import type { IndexFlags } from './index-flags.js';
import { ensureCollection, type ScannedFolder } from './prepare-indexing.js';
import { printMessage } from './print.js';
import { withProgress } from './progress.js';

/** The plan of a sync and its result, which is null after a dry run. */
export interface SyncOutcome {
  scan: ScannedFolder;
  plan: SyncPlan;
  summary: SyncSummary | null;
  /** Names of the photos that were added, or would be. A duplicate is listed once. */
  added: string[];
}

/**
 * Plans a sync and carries it out, unless `--dry-run` is given.
 *
 * @throws PawdexError sync_refused, and what the engine throws
 */
export async function syncFolder(
  engine: Engine,
  scan: ScannedFolder,
  flags: IndexFlags,
  common: CommonOptions,
  signal: AbortSignal,
): Promise<SyncOutcome> {
  if (!flags.dryRun) {
    await ensureCollection(engine, flags.collection);
  }
  const { collection } = flags;
  const { DATA_DIR } = common.config;
  const server = common.server ?? '';
  const cacheFile = nameHashCache(path.join(DATA_DIR, 'sync'), scan.folder, collection, server);
  const { plan, apply } = await withProgress(scan.photos.length, common.quiet, (update) =>
    prepareSync(
      engine,
      { ...scan, problems: scan.set.problems },
      {
        collection,
        keepMissing: flags.keepMissing,
        yes: flags.yes,
        dryRun: flags.dryRun,
        maxFileBytes: getMaxFileBytes(common),
        signal,
        cacheFile,
        onProgress: (done) => update({ done, notes: ['comparing'] }),
      },
    ),
  );
  if (flags.dryRun) {
    return { scan, plan, summary: null, added: plan.added.map(({ name }) => name) };
  }
  const isNew = new Set(plan.added);
  const added: string[] = [];
  const summary = await withProgress(plan.added.length + plan.changed.length, common.quiet, (onProgress) =>
    apply({
      onProgress,
      onSettled: (photo, { status }) => {
        if (status === 'created' && isNew.has(photo)) {
          added.push(photo.name);
        }
      },
    }),
  );
  if (summary.cacheError !== null) {
    printMessage(
      `warning: ${cacheFile} cannot be written (${summary.cacheError.message}), so the next sync reads every file again.`,
    );
  }
  return { scan, plan, summary, added };
}
