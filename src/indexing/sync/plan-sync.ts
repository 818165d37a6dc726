/** What a sync has to do, so that a collection holds what a folder holds. */
import type { SetProblem } from '../../datasets/set-report.js';
import { PawdexError } from '../../errors.js';
import type { Item } from '../../store/store.js';
import { type PhotoToIndex, readOrigin } from '../describe-photo.js';
import type { Comparison } from './compare-folder.js';

/** An item and the photo of the folder that it is. */
export interface MatchedItem {
  item: Item;
  photo: PhotoToIndex;
}

/** What has to be done; each item and each photo is in one list at most. */
export interface SyncPlan {
  /** Photos whose content the collection does not hold. */
  added: PhotoToIndex[];
  /** Photos with the name of an item and another content, which replaces it. */
  changed: MatchedItem[];
  /** Photos under another name than that of their item. */
  moved: MatchedItem[];
  /** Photos that the folder gives another label than it gave before, wherever they are now. */
  relabelled: MatchedItem[];
  /** Photos whose other columns in the manifest changed. */
  described: MatchedItem[];
  /** Photos that are as their items say, but that these do not name the folder yet. */
  adopted: MatchedItem[];
  /** Items whose photos are gone. */
  removed: Item[];
  /** Items whose photos may be gone, but lie where something could not be read. */
  kept: Item[];
  /** Photos that need nothing. */
  known: number;
  /** Items that are from the folder. */
  owned: number;
}

/** The photos of a folder by what items are found with. */
interface PhotoIndex {
  byHash: ReadonlyMap<string, PhotoToIndex[]>;
  names: ReadonlySet<string>;
  /** Names of photos that could not be read. */
  unreadable: ReadonlySet<string>;
}

function indexPhotos(photos: Comparison['photos']): PhotoIndex {
  const byHash = new Map<string, PhotoToIndex[]>();
  for (const { photo, sha256 } of photos) {
    if (sha256 !== null) {
      byHash.set(sha256, [...(byHash.get(sha256) ?? []), photo]);
    }
  }
  const unreadable = photos.filter(({ facts }) => facts === null);
  return {
    byHash,
    names: new Set(photos.map(({ photo }) => photo.name)),
    unreadable: new Set(unreadable.map(({ photo }) => photo.name)),
  };
}

/**
 * Plans a sync.
 *
 * @param problems what of the folder could not be read: what lies below counts as unknown, not as gone
 */
export function planSync(comparison: Comparison, problems: readonly SetProblem[]): SyncPlan {
  const { photos, owned } = comparison;
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
    owned: owned.length,
  };
  const index = indexPhotos(photos);
  const mayBeThere = (name: string) =>
    index.unreadable.has(name) || problems.some(({ file }) => name === file || name.startsWith(`${file}/`));
  const replaced = new Map<string, Item>();
  for (const item of owned) {
    const same = index.byHash.get(item.sha256);
    const source = item.source ?? '';
    if (same !== undefined) {
      placeMatch(plan, { item, photo: same.find(({ name }) => name === source) ?? same[0]! });
    } else if (mayBeThere(source)) {
      plan.kept.push(item);
    } else if (index.names.has(source) && !replaced.has(source)) {
      replaced.set(source, item);
    } else {
      plan.removed.push(item);
    }
  }
  placePhotos(plan, comparison, replaced);
  plan.known -= plan.moved.length + plan.relabelled.length + plan.described.length;
  return plan;
}

/** Decides what each photo is. @param replaced items whose photo has another content now, by name */
function placePhotos(
  plan: SyncPlan,
  { photos, owned, foreign }: Comparison,
  replaced: ReadonlyMap<string, Item>,
): void {
  const ownHashes = new Set(owned.map(({ sha256 }) => sha256));
  for (const { photo, sha256 } of photos) {
    const old = replaced.get(photo.name);
    const isHeld = sha256 !== null && (ownHashes.has(sha256) || foreign.has(sha256));
    if (old !== undefined && isHeld) {
      // The file now has the content of another one.
      plan.removed.push(old);
      plan.known++;
    } else if (old !== undefined) {
      plan.changed.push({ item: old, photo });
    } else if (isHeld) {
      plan.known++;
    } else {
      plan.added.push(photo);
    }
  }
}

/** Decides what an item needs whose photo is there. */
function placeMatch(plan: SyncPlan, match: MatchedItem): void {
  const { item, photo } = match;
  const origin = readOrigin(item);
  // A label that was corrected in the collection stays until the folder says something new.
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
 * A disk that is not mounted, or a mistyped folder, must not empty a collection.
 *
 * @throws PawdexError sync_refused if more than a third of the items from the folder would go
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
