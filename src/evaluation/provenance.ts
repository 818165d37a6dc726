/** Reads from the manifest where a photo comes from: the animal it shows and who published it. */
import { groupBy } from '../math/group-by.js';
import type { EmbeddedItem } from './embed-set.js';

/** Reads the publisher of a photo, the manifest's `source`; empty if it has none. */
export function readSource({ metadata }: Pick<EmbeddedItem, 'metadata'>): string {
  return metadata.source ?? '';
}

/**
 * Reads the key that photos of one animal or scene share: the manifest's `group` within its `source`. A photo without a
 * group forms a group of its own.
 */
export function readGroup(item: Pick<EmbeddedItem, 'file' | 'metadata'>): string {
  return hasGroup(item) ? `group ${readSource(item)} ${item.metadata.group}` : `file ${item.file}`;
}

function hasGroup({ metadata }: Pick<EmbeddedItem, 'metadata'>): boolean {
  return metadata.group !== undefined && metadata.group !== '';
}

/**
 * Finds the gallery rows to exclude from a query: photos of its own group, and with `leaveOneOut` the photo with the
 * same bytes.
 *
 * @param gallery each content once
 * @returns a function from a query to gallery rows
 */
export function createExclusionFinder(
  gallery: readonly EmbeddedItem[],
  leaveOneOut: boolean,
): (query: EmbeddedItem) => ReadonlySet<number> {
  const rowOf = new Map(gallery.map(({ sha256 }, row) => [sha256, row]));
  const groups = groupBy(gallery.keys(), (row) => readGroup(gallery[row]!));
  return (query) => {
    const rows = new Set(hasGroup(query) ? groups.get(readGroup(query)) : []);
    const itself = rowOf.get(query.sha256);
    if (leaveOneOut && itself !== undefined) {
      rows.add(itself);
    }
    return rows;
  };
}
