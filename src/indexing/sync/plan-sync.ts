/** Plans what a sync has to do to make a collection equal to a folder. */
import type { SetProblem } from '../../datasets/set-report.js';
import { PawdexError } from '../../errors.js';
import { groupBy } from '../../math/group-by.js';
import type { Item } from '../../store/store.js';
import { type PhotoToIndex, readOrigin } from '../photo-to-index.js';
import type { FolderComparison } from './compare-folder.js';

/** An item with its photo in the folder. */
export interface MatchedItem {
  item: Item;
  photo: PhotoToIndex;
}

/** The changes to make. Each item and each photo is in at most one list. */
export interface SyncPlan {
  /** Photos whose content is not in the collection. */
  added: PhotoToIndex[];
  /** Photos with the name of an item and new content, which replaces the item. */
  changed: MatchedItem[];
  /** Photos whose name differs from that of their item. */
  moved: MatchedItem[];
  /** Photos whose label in the folder has changed, even if they were moved too. */
  relabelled: MatchedItem[];
  /** Photos whose other manifest columns have changed. */
  described: MatchedItem[];
  /** Unchanged photos whose items do not record the folder yet. */
  adopted: MatchedItem[];
  /** Items whose photos are gone. */
  removed: Item[];
  /** Items whose photos may be gone, but were below something unreadable. */
  kept: Item[];
  /** Unchanged photos. */
  known: number;
  /** Items that came from the folder. */
  owned: number;
}

/**
 * Plans a sync.
 *
 * @param problems unreadable parts of the folder: everything below them counts as unknown, not as gone
 */
export function planSync(comparison: FolderComparison, problems: readonly SetProblem[]): SyncPlan {
  const plan: SyncPlan = {
    added: [],
    changed: [],
    moved: [],
    relabelled: [],
    described: [],
    adopted: [],
    removed: [],
    kept: [],
    known: 0,
    owned: comparison.owned.length,
  };
  const replaced = placeItems(plan, comparison, problems);
  placePhotos(plan, comparison, replaced);
  plan.known -= plan.moved.length + plan.relabelled.length + plan.described.length;
  return plan;
}

/** Classifies each item of the folder. Returns those whose photo has new content, by name. */
function placeItems(
  plan: SyncPlan,
  { photos, owned }: FolderComparison,
  problems: readonly SetProblem[],
): Map<string, Item> {
  const byHash = groupBy(photos, ({ sha256 }) => sha256);
  const names = new Set(photos.map(({ photo }) => photo.name));
  const unreadable = new Set(photos.filter(({ facts }) => facts === null).map(({ photo }) => photo.name));
  const mayExist = (name: string) =>
    unreadable.has(name) || problems.some(({ file }) => name === file || name.startsWith(`${file}/`));
  const replaced = new Map<string, Item>();
  for (const item of owned) {
    const same = byHash.get(item.sha256);
    const source = item.source ?? '';
    if (same !== undefined) {
      const { photo } = same.find((compared) => compared.photo.name === source) ?? same[0]!;
      placeMatch(plan, { item, photo });
    } else if (mayExist(source)) {
      plan.kept.push(item);
    } else if (names.has(source) && !replaced.has(source)) {
      replaced.set(source, item);
    } else {
      plan.removed.push(item);
    }
  }
  return replaced;
}

/** Classifies each photo. `replaced` has the items whose photo has new content, by name. */
function placePhotos(
  plan: SyncPlan,
  { photos, owned, foreign }: FolderComparison,
  replaced: ReadonlyMap<string, Item>,
): void {
  const ownHashes = new Set(owned.map(({ sha256 }) => sha256));
  for (const { photo, sha256 } of photos) {
    const old = replaced.get(photo.name);
    const isInCollection = sha256 !== null && (ownHashes.has(sha256) || foreign.has(sha256));
    if (old !== undefined && isInCollection) {
      // The file now has the content of another item.
      plan.removed.push(old);
      plan.known++;
    } else if (old !== undefined) {
      plan.changed.push({ item: old, photo });
    } else if (isInCollection) {
      plan.known++;
    } else {
      plan.added.push(photo);
    }
  }
}

/** Decides what to change in an item whose photo exists. */
function placeMatch(plan: SyncPlan, match: MatchedItem): void {
  const { item, photo } = match;
  const origin = readOrigin(item);
  // A label that was corrected in the collection stays until the folder's label changes.
  const before = origin === null ? item.label : origin.label;
  if (photo.label !== before) {
    plan.relabelled.push(match);
  } else if (photo.name !== item.source) {
    plan.moved.push(match);
  } else if (Object.entries(photo.metadata).some(([key, value]) => item.metadata[key] !== value)) {
    plan.described.push(match);
  } else if (origin === null) {
    plan.adopted.push(match);
  }
}

/**
 * Prevents an unmounted disk or a mistyped folder from emptying a collection.
 *
 * @throws PawdexError sync_refused if more than a third of the items from the folder would be removed
 */
export function refuseLargeLoss(
  { removed, owned }: SyncPlan,
  { yes, keepMissing }: { yes?: boolean | undefined; keepMissing?: boolean | undefined },
): void {
  if (!yes && !keepMissing && 3 * removed.length > owned) {
    throw new PawdexError('sync_refused', {
      detail: `${removed.length} of ${owned} photos from this folder would be removed.`,
    });
  }
}
