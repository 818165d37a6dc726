/** The maps of collections: their items on a plane, with similar ones close together. */
import { computeSha256 } from '../files/sha256.js';
import { countBy } from '../math/group-by.js';
import { Projector } from '../projection/projector.js';
import { listPages } from '../store/list-pages.js';
import type { Item, Store } from '../store/store.js';
import type { CollectionMap } from './engine.js';
import { findVector } from './explain-neighbours.js';
import type { Spaces } from './spaces.js';

/** Largest number of items on a map. */
const MAX_POINTS = 10_000;
/** Vectors read at a time. */
const VECTOR_BATCH = 64;
/** Number of maps to keep in memory. Each takes 80 kB. */
const MAX_KEPT = 16;

type Point = Pick<Item, 'id' | 'label' | 'hasThumbnail'>;

/**
 * Lists the items of the map. Ids are prefixes of content hashes, so the items with the lowest ids are a random sample that
 * hardly changes when items come and go.
 */
async function choosePoints(store: Store, collection: string): Promise<{ points: Point[]; total: number }> {
  let points: Point[] = [];
  let total = 0;
  const trim = () => {
    points = points.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, MAX_POINTS);
  };
  for await (const items of listPages(store, collection)) {
    total += items.length;
    points.push(...items.map(({ id, label, hasThumbnail }) => ({ id, label, hasThumbnail })));
    if (points.length >= 2 * MAX_POINTS) {
      trim();
    }
  }
  trim();
  return { points, total };
}

/** Reads the vectors of items into one array. Items deleted meanwhile get zeros, the middle of the map. */
async function readVectors(store: Store, collection: string, ids: readonly string[], dimension: number) {
  const data = new Float32Array(ids.length * dimension);
  for (let from = 0; from < ids.length; from += VECTOR_BATCH) {
    const batch = ids.slice(from, from + VECTOR_BATCH);
    const vectors = await Promise.all(batch.map((id) => findVector(store, collection, id)));
    vectors.forEach((vector, i) => {
      data.set(vector ?? [], (from + i) * dimension);
    });
  }
  return data;
}

/** Lists the labels of items, most frequent first. */
function rankLabels(points: readonly Point[]): (string | null)[] {
  const counts = countBy(points, ({ label }) => label);
  return [...counts].sort(([, a], [, b]) => b - a).map(([label]) => label);
}

/** A map that is being drawn, and the one that is drawn after it for those who asked meanwhile. */
interface Drawing {
  map: Promise<CollectionMap>;
  successor: Promise<CollectionMap> | null;
}

/** Draws maps. Placing the points takes up to a minute, so each map is drawn once and kept. */
export class CollectionMaps {
  readonly #store: Store;
  readonly #spaces: Spaces;
  readonly #projector = new Projector();
  readonly #drawings = new Map<string, Drawing>();
  /** By version of the map; least recently used first. */
  readonly #places = new Map<string, Promise<Float32Array>>();

  constructor(store: Store, spaces: Spaces) {
    this.#store = store;
    this.#spaces = spaces;
  }

  /** Returns the map of a collection. All who ask for it before it is begun share it. */
  get(collection: string): Promise<CollectionMap> {
    const current = this.#drawings.get(collection);
    if (current !== undefined) {
      current.successor ??= current.map.then(
        () => this.get(collection),
        () => this.get(collection),
      );
      return current.successor;
    }
    const map = this.#draw(collection).finally(() => this.#drawings.delete(collection));
    this.#drawings.set(collection, { map, successor: null });
    return map;
  }

  close(): Promise<void> {
    return this.#projector.close();
  }

  async #draw(collection: string): Promise<CollectionMap> {
    const { encoder } = (await this.#spaces.require(collection)).runtime;
    const { fingerprint, dimension } = encoder.info;
    const { points, total } = await choosePoints(this.#store, collection);
    const ids = points.map(({ id }) => id);
    const version = computeSha256([fingerprint, ...ids].join('\n')).slice(0, 32);
    const places = await this.#place(
      version,
      () => readVectors(this.#store, collection, ids, dimension),
      dimension,
    );
    const labels = rankLabels(points);
    const positions = new Map(labels.map((label, i) => [label, i]));
    return {
      version,
      total,
      labels,
      ids,
      label: points.map(({ label }) => positions.get(label)!),
      hasThumbnail: points.map(({ hasThumbnail }) => hasThumbnail),
      x: ids.map((_, i) => places[2 * i]!),
      y: ids.map((_, i) => places[2 * i + 1]!),
    };
  }

  /** Places the points of a map, unless that was done before. */
  #place(
    version: string,
    read: () => Promise<Float32Array<ArrayBuffer>>,
    dimension: number,
  ): Promise<Float32Array> {
    const places =
      this.#places.get(version) ?? read().then((vectors) => this.#projector.project(vectors, dimension));
    this.#places.delete(version);
    this.#places.set(version, places);
    places.catch(() => this.#places.delete(version));
    const [oldest] = this.#places.keys();
    if (this.#places.size > MAX_KEPT && oldest !== undefined) {
      this.#places.delete(oldest);
    }
    return places;
  }
}
