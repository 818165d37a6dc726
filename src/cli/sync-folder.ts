/** `pawdex index --sync`: makes a collection match a folder. */
import path from 'node:path';
import { type LabelledSet, scanLabelledSet } from '../datasets/labelled-set.js';
import type { Engine } from '../engine/engine.js';
import { computeSha256 } from '../files/sha256.js';
import { computeFolderId, type PhotoToIndex } from '../indexing/describe-photo.js';
import { type ApplyOptions, applySync, type SyncSummary } from '../indexing/sync/apply-sync.js';
import { compareFolder } from '../indexing/sync/compare-folder.js';
import { HashCache } from '../indexing/sync/hash-cache.js';
import { planSync, refuseLargeLoss, type SyncPlan } from '../indexing/sync/plan-sync.js';
import { type CommonOptions, getMaxFileBytes } from './create-command.js';
import { ensureCollection } from './ensure-collection.js';
import type { IndexFlags } from './index-flags.js';
import { note } from './print.js';
import { withProgress } from './progress.js';
import { noteReport } from './set-options.js';

export interface FolderToSync {
  set: LabelledSet;
  /** See `computeFolderId`. */
  folder: string;
  photos: PhotoToIndex[];
}

/** The plan of a sync and its result, which is null after a dry run. */
export interface SyncOutcome {
  given: FolderToSync;
  plan: SyncPlan;
  summary: SyncSummary | null;
  /** Names of the photos that were added, or would be. A duplicate is listed once. */
  added: string[];
}

/**
 * Reads the folder.
 *
 * @throws PawdexError set_invalid, also if there are no photos, as when a disk is not mounted
 */
export async function readFolder(spec: string, flags: IndexFlags): Promise<FolderToSync> {
  const set = await scanLabelledSet(spec, { ...flags, mayBeEmpty: flags.yes });
  noteReport(spec, set, flags.quiet === true);
  const folder = flags.origin ?? (await computeFolderId(set.root, spec));
  return { set, folder, photos: set.photos.map((photo) => ({ ...photo, folder })) };
}

/**
 * Plans a sync and carries it out, unless `--dry-run` is given.
 *
 * @throws PawdexError sync_refused, and what the engine throws
 */
export async function syncFolder(
  engine: Engine,
  given: FolderToSync,
  flags: IndexFlags,
  common: CommonOptions,
  signal: AbortSignal,
): Promise<SyncOutcome> {
  if (!flags.dryRun) {
    await ensureCollection(engine, flags.collection);
  }
  const { collection } = flags;
  const key = computeSha256([common.server ?? '', collection].join('\0')).slice(0, 8);
  const file = path.join(common.config.DATA_DIR, 'sync', `${given.folder}-${key}.json`);
  const cache = await HashCache.open(file);
  const options = { collection, maxFileBytes: getMaxFileBytes(common), signal };
  const comparison = await compare(engine, given, { ...options, cache, folder: given.folder }, common.quiet);
  const plan = planSync(comparison, given.set.problems);
  if (flags.dryRun) {
    return { given, plan, summary: null, added: plan.added.map(({ name }) => name) };
  }
  refuseLargeLoss(plan, flags);
  const facts = new Map(comparison.photos.map((compared) => [compared.photo, compared.facts]));
  const isNew = new Set(plan.added);
  const added: string[] = [];
  const onSettled: ApplyOptions['onSettled'] = (photo, { status }, sha256) => {
    if (status === 'created' && isNew.has(photo)) {
      added.push(photo.name);
    }
    const known = facts.get(photo);
    if (sha256 !== null && known) {
      cache.set(photo.name, known, sha256);
    }
  };
  const summary = await withProgress(plan.added.length + plan.changed.length, common.quiet, (onProgress) =>
    applySync(engine, plan, { ...options, keepMissing: flags.keepMissing, onProgress, onSettled }),
  );
  await saveCache(cache);
  return { given, plan, summary, added };
}

async function saveCache(cache: HashCache): Promise<void> {
  await cache.save().catch((error: Error) => {
    note(
      `warning: ${cache.file} cannot be written (${error.message}), so the next sync reads every file again.`,
    );
  });
}

function compare(
  engine: Engine,
  { photos }: FolderToSync,
  options: Parameters<typeof compareFolder>[2],
  quiet: boolean,
) {
  return withProgress(photos.length, quiet, (update) =>
    compareFolder(engine, photos, {
      ...options,
      onProgress: (done) => update({ done, notes: ['comparing'] }),
    }),
  );
}
