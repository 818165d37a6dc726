/**
 * An engine that keeps everything in memory and "embeds" by hashing, for tests of the HTTP layer: routing, validation,
 * limits, shutdown. Real answers are tested with the real engine.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type {
  AddResult,
  AttachStatus,
  CalibrateOptions,
  CollectionMap,
  CreateOptions,
  Duplicate,
  DuplicatePage,
  Engine,
  HeatMapOptions,
  IdentifyOptions,
  ImportOptions,
  ItemInput,
  LookOptions,
  NonPets,
  Query,
  SearchAnswer,
  SearchOptions,
  ServedCollection,
  StoredCollections,
  ThumbnailInput,
} from '../../src/engine/engine.js';
import { PawdexError } from '../../src/errors.js';
import type { WorkOptions } from '../../src/evaluation/collection-work.js';
import type {
  CollectionInfo,
  CollectionPatch,
  Filter,
  Item,
  ItemPage,
  StoredSnapshot,
  Target,
} from '../../src/store/store.js';

const DIMENSION = 4;
const TIMING = { decodeMs: 1.23456, embedMs: 2, searchMs: 0.5, totalMs: 3.999 };
const FINGERPRINT = 'f'.repeat(64);

type Stored = Item & { vector: number[]; picture: Buffer };

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const embedding = (bytes: Uint8Array) => {
  const values = [...createHash('sha256').update(bytes).digest().subarray(0, DIMENSION)].map(
    (v) => v - 127.5,
  );
  const norm = Math.hypot(...values);
  return values.map((v) => v / norm);
};

/** An explanation with all of the similarity in the left half of the photo. */
const explanation = (similarity: number) => ({
  rows: 1,
  columns: 2,
  region: { left: 0, top: 1 / 3, width: 1, height: 1 / 3 },
  shares: [similarity, 0],
});

/** A dot selects a field of an object. */
const valueAt = (metadata: object, key: string) =>
  key.split('.').reduce<unknown>((value, part) => (value as Record<string, unknown>)?.[part], metadata);

function matches(item: Stored, filter: Filter = {}): boolean {
  if (filter.label && !filter.label.includes(item.label ?? '')) {
    return false;
  }
  if (filter.species && !filter.species.includes(String(item.metadata.species))) {
    return false;
  }
  if (filter.sha256 && !filter.sha256.includes(item.sha256)) {
    return false;
  }
  const words = [item.label, item.source, JSON.stringify(item.metadata)].join(' ');
  if (filter.text && !words.toLowerCase().includes(filter.text.toLowerCase())) {
    return false;
  }
  return Object.entries(filter.metadata ?? {}).every(([key, value]) => valueAt(item.metadata, key) === value);
}

const shown = ({ id, label, source, size, hasThumbnail }: Item): Duplicate => {
  return { id, label, source, size, hasThumbnail };
};

/** See above; `hold` lets a test keep every identify waiting until it is released. */
export class MemoryEngine implements Engine {
  readonly encoder = {
    name: 'hash',
    fingerprint: FINGERPRINT,
    dimension: DIMENSION,
    resize: { size: 32, fit: 'cover', kernel: 'cubic' },
  } as const;
  /** Error for the next call of `identify` to throw. */
  failWith: unknown = null;
  hold: Promise<void> = Promise.resolve();
  /** What long work does and returns; a test can let it wait, report or fail. */
  work: (options: WorkOptions) => Promise<unknown> = async () => ({ done: true });
  /** Requests for long work. */
  readonly workAsked: { kind: string; collection: string; nonPets?: NonPets }[] = [];
  /** Why its collections cannot be used. */
  problem: ServedCollection['problem'] = null;
  /** The last request for an import. */
  imported: unknown = null;
  /** Number of images that reached the engine. */
  images = 0;
  /** The settings of the last question. */
  asked: Partial<IdentifyOptions & SearchOptions & HeatMapOptions> = {};
  readonly #collections = new Map<string, { info: CollectionInfo; items: Stored[] }>();

  readonly store: StoredCollections = {
    listCollections: async () => [...this.#collections.keys()].map((name) => this.#info(name)),
    getCollection: async (name) => this.#info(name),
    listLabels: async (collection) =>
      this.#counted(collection, ({ label }) => label).map(([label, count]) => ({ label, count })),
    listFacets: async (collection, field, limit) =>
      this.#counted(collection, ({ metadata }) => metadata[field] as string | undefined)
        .flatMap(([value, count]) => (value === undefined ? [] : [{ value, count }]))
        .slice(0, limit),
    getItem: async (collection, id) => this.#public(this.#item(collection, id)),
    listItems: async (collection, options) => this.#page(collection, options),
    updateItem: async (collection, id, patch) =>
      this.#public(Object.assign(this.#item(collection, id), patch)),
    updateItems: async (collection, target, { mergeMetadata, ...patch }) => {
      const chosen = this.#chosen(collection, target);
      for (const item of chosen) {
        Object.assign(item, patch);
        Object.assign(item.metadata, mergeMetadata);
      }
      return chosen.length;
    },
    deleteItems: async (collection, target) => {
      const chosen = this.#chosen(collection, target);
      for (const { id } of chosen) {
        await this.deleteItem(collection, id);
      }
      return chosen.length;
    },
    createSnapshot: async () => {
      this.#snapshots.unshift(this.#snapshot());
      return this.#snapshots[0]!;
    },
    listSnapshots: async () => this.#snapshots,
    getThumbnail: async (collection, id) => this.#item(collection, id).picture,
    findKnown: async (collection, sha256) => {
      const { items } = this.#get(collection);
      return new Map(
        items.filter((i) => sha256.includes(i.sha256)).map((i) => [i.sha256, { id: i.id, label: i.label }]),
      );
    },
  };

  readonly #snapshots: StoredSnapshot[] = [];

  #snapshot(): StoredSnapshot {
    const collections = [...this.#collections].map(([name, { items }]) => ({ name, items: items.length }));
    const at = { name: `${this.#snapshots.length}.pawdex`, createdAt: new Date(0).toISOString() };
    return { ...at, format: 1, bytes: 1, sha256: FINGERPRINT, collections };
  }

  async identify(image: Uint8Array, options: IdentifyOptions) {
    if (this.failWith !== null) {
      throw this.failWith;
    }
    await this.hold;
    const { neighbours } = await this.search(
      options.collection,
      { image },
      { ...options, k: options.k ?? 20 },
    );
    const label = neighbours[0]?.label ?? null;
    return {
      decision: label === null ? ('unknown' as const) : ('match' as const),
      breed: label,
      confidence: label === null ? 0 : 1 / 3,
      calibrated: false,
      basis: 'vote' as const,
      known: null,
      region: { left: 0, top: 0, width: 1, height: 1 },
      animals: [],
      candidates:
        label === null
          ? []
          : [{ label, confidence: 1 / 3, share: 1 / 3, count: 1, similarity: neighbours[0]!.similarity }],
      neighbours: neighbours.map(
        ({ metadata: _, sha256: _sha256, size: _size, createdAt: _at, ...shown }) => shown,
      ),
      model: { name: 'hash', fingerprint: FINGERPRINT },
      timing: TIMING,
    };
  }

  async search(collection: string, query: Query, options: SearchOptions) {
    this.asked = options;
    const { items } = this.#get(collection);
    const vector = this.#vector(items, query);
    const neighbours: SearchAnswer['neighbours'] = items
      .filter((item) => matches(item, options.filter))
      .map((item) => ({
        ...this.#public(item),
        similarity: item.vector.reduce((sum, v, i) => sum + v * vector[i]!, 0),
      }))
      .map((hit) => (options.explain ? { ...hit, explanation: explanation(hit.similarity) } : hit))
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, options.k);
    return { neighbours, model: { name: 'hash', fingerprint: FINGERPRINT }, timing: TIMING };
  }

  async drawHeatMap(image: Uint8Array, options: HeatMapOptions) {
    this.asked = options;
    this.#item(options.collection, options.neighbour);
    this.#embed(image);
    return Buffer.from('a picture');
  }

  async embed(image: Uint8Array, options: LookOptions = {}) {
    this.asked = options;
    return {
      embedding: Float32Array.from(this.#embed(image)),
      model: { name: 'hash', fingerprint: FINGERPRINT },
      timing: TIMING,
    };
  }

  async listCollections(): Promise<ServedCollection[]> {
    return [...this.#collections.keys()].map((name) => ({ ...this.#info(name), problem: this.problem }));
  }

  async getCollection(name: string): Promise<ServedCollection> {
    return { ...this.#info(name), problem: this.problem };
  }

  async updateCollection(
    name: string,
    patch: Pick<CollectionPatch, 'name' | 'aliases' | 'description' | 'originals'>,
  ): Promise<ServedCollection> {
    const { info } = this.#get(name);
    const renamed = patch.name ?? name;
    if (renamed !== name && this.#collections.has(renamed)) {
      throw new PawdexError('collection_exists');
    }
    Object.assign(info, patch);
    if (info.description === '') {
      delete info.description;
    }
    this.#collections.set(renamed, this.#get(name));
    if (renamed !== name) {
      this.#collections.delete(name);
    }
    return this.getCollection(renamed);
  }

  async reembed(collection: string) {
    const { name } = this.#info(collection);
    const model = { name: 'hash', fingerprint: FINGERPRINT };
    const embedded = { original: 0, file: 0, reduced: 0, preview: 0 };
    const nothing = { missing: 0, examples: [], dropped: 0 };
    return { collection: name, swapped: true, from: model, to: model, embedded, ...nothing };
  }

  async exportCollection(collection: string, file: string) {
    const { name, count } = this.#info(collection);
    await writeFile(file, 'PAR1');
    return { collection: name, items: count, bytes: 4 };
  }

  async importCollection(collection: string, file: string, { signal: _, ...options }: ImportOptions = {}) {
    this.imported = { collection, content: await readFile(file, 'utf8'), ...options };
    const counts = { total: 0, created: 0, exists: 0, verified: 0, failed: 0, different: 0 };
    return { collection, ...counts, failures: [] };
  }

  async createCollection(
    name: string,
    description?: string,
    { encoder, originals = 'off' }: CreateOptions = {},
  ): Promise<ServedCollection> {
    if (encoder !== undefined && encoder !== 'hash') {
      throw new PawdexError('encoder_not_found');
    }
    if (this.#collections.has(name)) {
      throw new PawdexError('collection_exists');
    }
    const info: CollectionInfo = {
      name,
      dimension: DIMENSION,
      fingerprint: FINGERPRINT,
      model: 'hash',
      ...(description === undefined ? {} : { description }),
      gallery: null,
      calibration: null,
      count: 0,
      createdAt: new Date(0).toISOString(),
      index: { kind: 'exact', indexed: 0, sampledRecall: 0.995 },
      aliases: [],
      originals,
      reembedding: null,
    };
    this.#collections.set(name, { info, items: [] });
    return { ...info, problem: this.problem };
  }

  async deleteCollection(name: string): Promise<void> {
    this.#get(name);
    this.#collections.delete(name);
  }

  async addItems(collection: string, inputs: ItemInput[]): Promise<AddResult[]> {
    const { items } = this.#get(collection);
    return inputs.map((input) => {
      const sha256 = sha(input.image);
      const known = items.find((item) => item.sha256 === sha256);
      if (known) {
        return { status: 'exists', id: known.id, label: known.label };
      }
      if (input.image.length === 0) {
        const { code, message, hint } = new PawdexError('image_empty');
        return { status: 'failed', error: { code, detail: message, hint } };
      }
      const stored: Stored = {
        id: sha256.slice(0, 32),
        label: input.label ?? null,
        source: input.source ?? null,
        sha256,
        size: input.image.length,
        metadata: input.metadata ?? {},
        hasThumbnail: true,
        createdAt: new Date(0).toISOString(),
        vector: this.#embed(input.image),
        picture: Buffer.from(input.image),
      };
      items.push(stored);
      return { status: 'created', id: stored.id, label: stored.label };
    });
  }

  #chosen(collection: string, target: Target): Stored[] {
    const { items } = this.#get(collection);
    return items.filter((item) =>
      'ids' in target ? target.ids.includes(item.id) : matches(item, target.filter),
    );
  }

  #counted<K>(collection: string, keyOf: (item: Stored) => K): [K, number][] {
    const counts = new Map<K, number>();
    for (const item of this.#get(collection).items) {
      counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
    }
    return [...counts].sort((a, b) => b[1] - a[1]);
  }

  async deleteItem(collection: string, id: string): Promise<void> {
    const { items } = this.#get(collection);
    items.splice(items.indexOf(this.#item(collection, id)), 1);
  }

  async attachThumbnails(collection: string, thumbnails: ThumbnailInput[]): Promise<AttachStatus[]> {
    const { items } = this.#get(collection);
    return thumbnails.map(({ sha256, thumbnail }) => {
      const item = items.find((each) => each.sha256 === sha256);
      if (item === undefined || item.hasThumbnail) {
        return item === undefined ? 'unknown' : 'kept';
      }
      Object.assign(item, { hasThumbnail: true, picture: Buffer.from(thumbnail) });
      return 'attached';
    });
  }

  async getMap(collection: string): Promise<CollectionMap> {
    const { items } = this.#get(collection);
    const labels = this.#counted(collection, ({ label }) => label).map(([label]) => label);
    return {
      version: String(items.length),
      total: items.length,
      labels,
      ids: items.map(({ id }) => id),
      label: items.map(({ label }) => labels.indexOf(label)),
      hasThumbnail: items.map(({ hasThumbnail }) => hasThumbnail),
      x: items.map(({ vector: [x = 0] }) => x / 2),
      y: items.map(({ vector: [, y = 0] }) => y / 2),
    };
  }

  async findDuplicates(
    collection: string,
    options: { threshold: number; limit: number; cursor?: string },
  ): Promise<DuplicatePage> {
    const { items, next } = await this.store.listItems(collection, options);
    const all = this.#get(collection).items;
    const pairs = items.flatMap((item) => {
      const { id } = item;
      const { vector } = this.#item(collection, id);
      return all
        .map((b) => ({
          a: shown(item),
          b: shown(b),
          similarity: b.vector.reduce((sum, v, i) => sum + v * vector[i]!, 0),
        }))
        .filter(({ b, similarity }) => b.id > id && similarity >= options.threshold);
    });
    return { pairs, scanned: items.length, next };
  }

  calibrate(collection: string, options: CalibrateOptions = {}) {
    return this.#worked('calibrate', collection, options) as ReturnType<Engine['calibrate']>;
  }

  evaluate(collection: string, options: CalibrateOptions = {}) {
    return this.#worked('evaluate', collection, options) as ReturnType<Engine['evaluate']>;
  }

  findLabelTrouble(collection: string, options: WorkOptions & { threshold: number; limit: number }) {
    return this.#worked('check-labels', collection, options) as ReturnType<Engine['findLabelTrouble']>;
  }

  async close(): Promise<void> {}

  async #worked(
    kind: string,
    collection: string,
    options: CalibrateOptions & { threshold?: number; limit?: number },
  ): Promise<unknown> {
    const { signal: _, onProgress: __, ...asked } = options;
    this.#get(collection);
    this.workAsked.push({ kind, collection, ...asked });
    return this.work(options);
  }

  #embed(image: Uint8Array): number[] {
    this.images++;
    if (image.length === 0) {
      throw new PawdexError('image_empty');
    }
    return embedding(image);
  }

  #get(name: string) {
    const collection = this.#collections.get(name);
    if (collection === undefined) {
      throw new PawdexError('collection_not_found');
    }
    return collection;
  }

  #info(name: string): CollectionInfo {
    const { info, items } = this.#get(name);
    return { ...info, count: items.length };
  }

  #page(
    collection: string,
    { limit, cursor, filter }: { limit: number; cursor?: string; filter?: Filter },
  ): ItemPage {
    const all = this.#get(collection).items.filter((item) => matches(item, filter));
    const from = Number(cursor ?? 0);
    if (!Number.isInteger(from)) {
      throw new PawdexError('invalid_request', { detail: 'The cursor is not valid.' });
    }
    const end = from + limit;
    return {
      items: all.slice(from, end).map((item) => this.#public(item)),
      next: end < all.length ? String(end) : null,
    };
  }

  #item(collection: string, id: string): Stored {
    const item = this.#get(collection).items.find((each) => each.id === id);
    if (item === undefined) {
      throw new PawdexError('item_not_found');
    }
    return item;
  }

  #public({ vector: _, picture: __, ...item }: Stored): Item {
    return item;
  }

  #vector(items: Stored[], query: Query): number[] {
    if ('image' in query) {
      return this.#embed(query.image);
    }
    if ('vector' in query) {
      if (query.vector.length !== DIMENSION) {
        throw new PawdexError('vector_invalid');
      }
      return [...query.vector];
    }
    const id = 'id' in query ? query.id : query.positives[0];
    if (id !== undefined && typeof id !== 'string') {
      return this.#vector(items, { vector: id });
    }
    const item = items.find((each) => each.id === id);
    if (item === undefined) {
      throw new PawdexError('item_not_found');
    }
    return item.vector;
  }
}
