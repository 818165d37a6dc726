/** The map of a collection: its items on a plane, with similar ones close together. */
import { createHash } from 'node:crypto';
import { listPages } from '../store/list-pages.js';
import type { Item, Store } from '../store/store.js';
import type { CollectionMap } from './engine.js';
import { findVector } from './explain-neighbours.js';
import type { EngineParts } from './spaces.js';

/** Largest number of items on a map. */
const MAX_POINTS = 10_000;
/** Vectors read at a time. */
const VECTORS_AT_ONCE = 64;

type Listed = Pick<Item, 'id' | 'label' | 'hasThumbnail'>;

/**
 * Lists the items of the map. Ids are prefixes of content hashes, so the items with the lowest ids are a random sample that
 * hardly changes when items come and go.
 */
async function chooseItems(store: Store, collection: string): Promise<{ items: Listed[]; total: number }> {
  let chosen: Listed[] = [];
  let total = 0;
  const trim = () => {
    chosen = chosen.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, MAX_POINTS);
  };
  for await (const items of listPages(store, collection)) {
    total += items.length;
    chosen.push(...items.map(({ id, label, hasThumbnail }) => ({ id, label, hasThumbnail })));
    if (chosen.length >= 2 * MAX_POINTS) {
      trim();
    }
  }
  trim();
  return { items: chosen, total };
}

/** Reads the vectors of items into one array. Items deleted in the meantime get zeros, the middle of the map. */
async function readVectors(store: Store, collection: string, ids: readonly string[], dimension: number) {
  const data = new Float32Array(ids.length * dimension);
  for (let from = 0; from < ids.length; from += VECTORS_AT_ONCE) {
    const some = ids.slice(from, from + VECTORS_AT_ONCE);
    const vectors = await Promise.all(some.map((id) => findVector(store, collection, id)));
    vectors.forEach((vector, i) => {
      data.set(vector ?? [], (from + i) * dimension);
    });
  }
  return data;
}

/** Lists the labels of items, most frequent first. */
function rankLabels(items: readonly Listed[]): (string | null)[] {
  const counts = new Map<string | null, number>();
  for (const { label } of items) {
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([label]) => label);
}

export function drawMap(parts: EngineParts, collection: string): Promise<CollectionMap> {
  return parts.maps.share(collection, () => readMap(parts, collection));
}

async function readMap({ store, spaces, maps }: EngineParts, collection: string): Promise<CollectionMap> {
  const { fingerprint, dimension } = await spaces.require(collection);
  const { items, total } = await chooseItems(store, collection);
  const ids = items.map(({ id }) => id);
  const version = createHash('sha256')
    .update([fingerprint, ...ids].join('\n'))
    .digest('hex')
    .slice(0, 32);
  const places = await maps.get(version, async (projector) =>
    projector.project(await readVectors(store, collection, ids, dimension), dimension),
  );
  const labels = rankLabels(items);
  const positions = new Map(labels.map((label, i) => [label, i]));
  return {
    version,
    total,
    labels,
    ids,
    label: items.map(({ label }) => positions.get(label)!),
    hasThumbnail: items.map(({ hasThumbnail }) => hasThumbnail),
    x: ids.map((_, i) => places[2 * i]!),
    y: ids.map((_, i) => places[2 * i + 1]!),
  };
}
