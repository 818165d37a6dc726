/** Compares a folder with a collection, and makes the collection equal to it. */
import type { SetProblem } from '../../datasets/set-report.js';
import type { Engine } from '../../engine/engine.js';
import type { PhotoToIndex } from '../photo-to-index.js';
import { type ApplyOptions, applySync, type SyncSummary } from './apply-sync.js';
import { type CompareOptions, compareFolder } from './compare-folder.js';
import { HashCache } from './hash-cache.js';
import { planSync, refuseLargeLoss, type SyncPlan } from './plan-sync.js';

/** A folder to compare with a collection. */
export interface FolderToSync {
  /** See `computeFolderId`. */
  folder: string;
  photos: readonly PhotoToIndex[];
  /** Unreadable parts of the folder. */
  problems: readonly SetProblem[];
}

/** Settings of {@link prepareSync}. */
export interface SyncOptions
  extends Pick<ApplyOptions, 'collection' | 'maxFileBytes' | 'signal' | 'keepMissing'>,
    Pick<CompareOptions, 'onProgress'> {
  /** See `nameHashCache`. */
  cacheFile: string;
  /** Whether more than a third of the folder's items may be removed. */
  yes?: boolean | undefined;
  /** Whether the plan will not be carried out. It may then remove any number of items. */
  dryRun?: boolean | undefined;
}

export interface PreparedSync {
  plan: SyncPlan;
  /**
   * Carries out the plan. `cacheError` says why the hashes could not be cached, so that the next sync reads every file
   * again.
   */
  apply(
    callbacks: Pick<ApplyOptions, 'onProgress' | 'onSettled'>,
  ): Promise<SyncSummary & { cacheError: Error | null }>;
}

/**
 * Compares a folder with a collection. Changes nothing.
 *
 * @throws PawdexError sync_refused; the errors of querying the collection; the signal's reason
 */
export async function prepareSync(
  engine: Engine,
  { folder, photos, problems }: FolderToSync,
  { cacheFile, yes, dryRun, onProgress, ...options }: SyncOptions,
): Promise<PreparedSync> {
  const cache = await HashCache.open(cacheFile);
  const comparison = await compareFolder(engine, photos, { ...options, folder, cache, onProgress });
  const plan = planSync(comparison, problems);
  if (!dryRun) {
    refuseLargeLoss(plan, { yes, keepMissing: options.keepMissing });
  }
  const factsOf = new Map(comparison.photos.map(({ photo, facts }) => [photo, facts]));
  const apply: PreparedSync['apply'] = async (callbacks) => {
    const onSettled: ApplyOptions['onSettled'] = (photo, result, sha256) => {
      const facts = factsOf.get(photo);
      if (sha256 !== null && facts) {
        cache.set(photo.name, facts, sha256);
      }
      callbacks.onSettled?.(photo, result, sha256);
    };
    const summary = await applySync(engine, plan, { ...options, ...callbacks, onSettled });
    const saved = cache.save().then(() => null);
    return { ...summary, cacheError: await saved.catch((error: Error) => error) };
  };
  return { plan, apply };
}
