/** Carries out the plan of a sync: first changes items, then adds photos, and only then removes items. */
import pLimit from 'p-limit';
import type { Engine } from '../../engine/engine.js';
import { asPawdexError } from '../../errors.js';
import { cutIntoBatches, groupBy } from '../../math/group-by.js';
import { createIndexSummary, type IndexOptions, type IndexSummary, indexPhotos } from '../index-folder.js';
import { createOriginMetadata, type PhotoToIndex } from '../photo-to-index.js';
import type { MatchedItem, SyncPlan } from './plan-sync.js';

/** Ids per bulk change. */
const IDS = 1000;
/** Single items changed in parallel. */
const CHANGES = 8;

/** Settings of {@link applySync}. */
export interface ApplyOptions extends IndexOptions {
  /** Whether to keep items whose photos are gone. */
  keepMissing?: boolean | undefined;
}

export interface SyncSummary extends IndexSummary {
  /** Items with a new source, label or metadata. */
  updated: number;
  removed: number;
}

/**
 * Carries out a plan. An item whose photo changed is removed only once the new content is stored. If it is stopped at any
 * point, the next sync does the rest.
 */
export async function applySync(engine: Engine, plan: SyncPlan, options: ApplyOptions): Promise<SyncSummary> {
  const replacing = new Map(plan.changed.map(({ item, photo }) => [photo, item]));
  const outdated: string[] = [];
  let updated = 0;
  let removed = 0;
  const photos: PhotoToIndex[] = [...plan.added, ...replacing.keys()];
  let summary: IndexSummary | null = null;
  try {
    updated = await updateItems(engine, plan, options);
    summary = await indexPhotos(engine, photos, {
      ...options,
      onSettled: (photo, result, sha256) => {
        const old = replacing.get(photo);
        if (old !== undefined && result.status !== 'failed' && result.id !== old.id) {
          outdated.push(old.id);
        }
        options.onSettled?.(photo, result, sha256);
      },
    });
    const isWhole = summary.stoppedBy === null && !options.signal?.aborted;
    const gone = isWhole && !options.keepMissing ? plan.removed.map(({ id }) => id) : [];
    removed = await removeItems(engine, options.collection, gone);
    await removeItems(engine, options.collection, outdated);
  } catch (error) {
    const before = summary ?? createIndexSummary(photos.length);
    return { ...before, stoppedBy: before.stoppedBy ?? asPawdexError(error), updated, removed };
  }
  return { ...summary, updated, removed };
}

/** @returns the number of changed items */
async function updateItems(engine: Engine, plan: SyncPlan, options: ApplyOptions): Promise<number> {
  const limit = pLimit(CHANGES);
  const relabelled = new Set(plan.relabelled);
  const changes = groupAlike(
    [...plan.moved, ...plan.relabelled, ...plan.described, ...plan.adopted],
    relabelled,
  );
  const counts = await Promise.all(
    changes.map((matches) =>
      limit(async () => {
        const [{ photo, item }] = matches as [MatchedItem];
        const label = relabelled.has(matches[0]!) ? { label: photo.label } : {};
        const source = photo.name === item.source ? {} : { source: photo.name };
        const mergeMetadata = { ...photo.metadata, ...createOriginMetadata(photo.folder!, photo.label) };
        const ids = matches.map((match) => match.item.id);
        return options.signal?.aborted
          ? 0
          : engine.store.updateItems(options.collection, { ids }, { ...source, ...label, mergeMetadata });
      }),
    ),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Groups items that only get the same new label, so that one call changes them all. */
function groupAlike(
  matches: readonly MatchedItem[],
  relabelled: ReadonlySet<MatchedItem>,
): (readonly MatchedItem[])[] {
  const groups = groupBy(matches, (match) => {
    const { photo, item } = match;
    const isOnlyLabel = photo.name === item.source && Object.keys(photo.metadata).length === 0;
    return isOnlyLabel ? `${relabelled.has(match)} ${photo.label === null} ${photo.label}` : item.id;
  });
  return [...groups.values()].flatMap((group) => [...cutIntoBatches(group, IDS)]);
}

async function removeItems(engine: Engine, collection: string, ids: readonly string[]): Promise<number> {
  let removed = 0;
  for (const part of cutIntoBatches(ids, IDS)) {
    removed += await engine.store.deleteItems(collection, { ids: part });
  }
  return removed;
}
