/** The client's methods for collections and their items. */
import type {
  AddOptions,
  CreateOptions,
  ImportOptions,
  ItemInput,
  ThumbnailInput,
} from '../engine/engine.js';
import { createTooLargeError, describeFailure, PawdexError } from '../errors.js';
import type { BulkPatch, CollectionPatch, Filter, ItemPatch, Target } from '../store/store.js';
import { JobClient } from './job-client.js';
import { formatPath, PARQUET_TYPE } from './transport.js';
import { createItemsForm, sendSplitting, splitIntoBatches } from './upload.js';
import type {
  AddResult,
  AddResults,
  AttachResults,
  CollectionInfo,
  CollectionList,
  CollectionMap,
  DuplicatePage,
  FacetList,
  ImportOutcome,
  Item,
  ItemPage,
  LabelList,
  ServerInfo,
  Snapshot,
  SnapshotList,
} from './wire.js';

/** Thumbnails per request. The server accepts up to 200. */
const THUMBNAILS_PER_REQUEST = 100;

/** Reads and changes the collections of a server. */
export class CollectionClient extends JobClient {
  #info: Promise<ServerInfo> | null = null;

  /** Returns version, model and limits of the server. The response is cached. */
  info(): Promise<ServerInfo> {
    this.#info ??= this.transport.requestJson<ServerInfo>({ path: '/v1/info' }).catch((error) => {
      this.#info = null;
      throw error;
    });
    return this.#info;
  }

  async listCollections(): Promise<CollectionInfo[]> {
    return (await this.transport.requestJson<CollectionList>({ path: '/v1/collections' })).collections;
  }

  /** @param options encoder: name of an added encoder; originals: which copy of each photo to keep */
  createCollection(name: string, description?: string, options: CreateOptions = {}): Promise<CollectionInfo> {
    const json = { name, description, ...options };
    return this.transport.requestJson({ method: 'POST', path: '/v1/collections', json });
  }

  /** Renames a collection, sets its aliases, or changes its description or `originals`. */
  updateCollection(name: string, patch: CollectionPatch): Promise<CollectionInfo> {
    return this.transport.requestJson({
      method: 'PATCH',
      path: formatPath('collections', name),
      json: patch,
    });
  }

  /** Downloads a collection as a Parquet file. An existing file is replaced once the new one is complete. */
  async exportCollection(collection: string, file: string): Promise<{ items: number; bytes: number }> {
    const path = formatPath('collections', collection, 'export');
    const headers = await this.transport.download(path, file);
    return { items: Number(headers.get('x-pawdex-items')), bytes: Number(headers.get('content-length')) };
  }

  /** Adds the items of a Parquet file to a collection, which is created if needed. */
  async importCollection(
    collection: string,
    file: string,
    { reembed, previews }: Pick<ImportOptions, 'reembed' | 'previews'> = {},
  ): Promise<ImportOutcome> {
    const path = formatPath('collections', collection, 'import');
    return this.transport.upload(path, { reembed, previews }, file, PARQUET_TYPE);
  }

  getCollection(name: string): Promise<CollectionInfo> {
    return this.transport.requestJson({ path: formatPath('collections', name) });
  }

  /** Lists labels with counts, most frequent first. null stands for items without a label. */
  async listLabels(collection: string): Promise<LabelList['labels']> {
    const path = formatPath('collections', collection, 'labels');
    return (await this.transport.requestJson<LabelList>({ path })).labels;
  }

  deleteCollection(name: string): Promise<void> {
    return this.transport.request({ method: 'DELETE', path: formatPath('collections', name) });
  }

  /**
   * Adds images, in as many requests as the server's limits require.
   *
   * @param options upsert: existing items get the new label, source and metadata
   * @returns one result per image, in order; check the `status` of each
   */
  async addItems(collection: string, items: ItemInput[], { upsert }: AddOptions = {}): Promise<AddResult[]> {
    const { limits } = await this.info();
    const path = formatPath('collections', collection, 'items');
    const send = async (batch: ItemInput[]) => {
      const call = { method: 'POST', path, query: { upsert }, form: createItemsForm(batch) } as const;
      const { results } = await this.transport.requestJson<AddResults>(call);
      // If one were missing, all later photos would get the result of another.
      if (results.length !== batch.length) {
        throw new PawdexError('internal', {
          detail: `The server gave ${results.length} results for ${batch.length} images.`,
        });
      }
      return results;
    };
    const fits = (item: ItemInput) => item.image.length <= limits.fileBytes;
    const results: AddResult[] = [];
    for (const batch of splitIntoBatches(items.filter(fits), limits)) {
      results.push(...(await sendSplitting(batch, send)));
    }
    const inOrder = results.values();
    const error = describeFailure(createTooLargeError('The file', limits.fileBytes));
    return items.map((item) => (fits(item) ? inOrder.next().value! : { status: 'failed', error }));
  }

  /** Lists a page of items in order of insertion. Pass `next` as `cursor` to get the next page. */
  listItems(
    collection: string,
    options: { limit?: number; cursor?: string; filter?: Filter } = {},
  ): Promise<ItemPage> {
    const { sha256, metadata, ...parameters } = options.filter ?? {};
    const query = {
      limit: options.limit,
      cursor: options.cursor,
      ...parameters,
      sha256: sha256?.join(','),
      filter: metadata && JSON.stringify({ metadata }),
    };
    return this.transport.requestJson({ path: formatPath('collections', collection, 'items'), query });
  }

  getItem(collection: string, id: string): Promise<Item> {
    return this.transport.requestJson({ path: formatPath('collections', collection, 'items', id) });
  }

  /** Changes label, source or metadata. Absent fields do not change. */
  updateItem(collection: string, id: string, patch: ItemPatch): Promise<Item> {
    return this.transport.requestJson({
      method: 'PATCH',
      path: formatPath('collections', collection, 'items', id),
      json: patch,
    });
  }

  deleteItem(collection: string, id: string): Promise<void> {
    return this.transport.request({
      method: 'DELETE',
      path: formatPath('collections', collection, 'items', id),
    });
  }

  /**
   * Changes many items, selected by ids (at most 10,000) or by a filter.
   *
   * @returns the number of items
   *
   * @example
   * await pawdex.updateItems('mine', { filter: { label: ['tabby'] } }, { label: 'domestic shorthair' });
   */
  async updateItems(collection: string, target: Target, patch: BulkPatch): Promise<number> {
    const path = formatPath('collections', collection, 'items', 'update');
    const json = { ...target, ...patch };
    return (await this.transport.requestJson<{ updated: number }>({ method: 'POST', path, json })).updated;
  }

  /** Deletes many items, selected as in {@link updateItems}. @returns the number of items */
  async deleteItems(collection: string, target: Target): Promise<number> {
    const path = formatPath('collections', collection, 'items', 'delete');
    return (await this.transport.requestJson<{ deleted: number }>({ method: 'POST', path, json: target }))
      .deleted;
  }

  /** Lists the values of a metadata key with counts, most frequent first. */
  async listFacets(collection: string, field: string, limit?: number): Promise<FacetList['values']> {
    const path = formatPath('collections', collection, 'facets');
    return (await this.transport.requestJson<FacetList>({ path, query: { field, limit } })).values;
  }

  /**
   * Adds thumbnails to items without one, found by the hash of their original bytes.
   *
   * @param thumbnails JPEG or WebP, at most 64 KiB each
   */
  async attachThumbnails(
    collection: string,
    thumbnails: ThumbnailInput[],
  ): Promise<AttachResults['results']> {
    const path = formatPath('collections', collection, 'items', 'thumbnails');
    const results: AttachResults['results'] = [];
    for (let from = 0; from < thumbnails.length; from += THUMBNAILS_PER_REQUEST) {
      const batch = thumbnails.slice(from, from + THUMBNAILS_PER_REQUEST).map(({ sha256, thumbnail }) => ({
        sha256,
        imageBase64: Buffer.from(thumbnail).toString('base64'),
      }));
      const call = { method: 'POST', path, json: { thumbnails: batch } } as const;
      results.push(...(await this.transport.requestJson<AttachResults>(call)).results);
    }
    return results;
  }

  /** Returns the items as points on a plane, with one array per property. Takes up to a minute if it is not cached. */
  getMap(collection: string): Promise<CollectionMap> {
    return this.transport.requestJson({ path: formatPath('collections', collection, 'map') });
  }

  /** Returns the thumbnail of an item, a WebP or JPEG. */
  getThumbnail(collection: string, id: string): Promise<Uint8Array> {
    return this.transport.requestBytes({
      path: formatPath('collections', collection, 'items', id, 'thumbnail'),
    });
  }

  /**
   * Lists near-duplicates of the next `limit` items, in order of insertion. Pass `next` as `cursor` to get the next page.
   *
   * @param query threshold: cosine similarity, 0..1, default 0.95; limit: 1..1000, default 200
   */
  duplicates(
    collection: string,
    query: { threshold?: number; limit?: number; cursor?: string } = {},
  ): Promise<DuplicatePage> {
    return this.transport.requestJson({ path: formatPath('collections', collection, 'duplicates'), query });
  }

  /** Writes a snapshot of all collections on the server, and resolves when it is on disk there. */
  createSnapshot(): Promise<Snapshot> {
    return this.transport.requestJson({ method: 'POST', path: '/v1/snapshots' });
  }

  /** Lists the server's snapshots, newest first. */
  async listSnapshots(): Promise<Snapshot[]> {
    return (await this.transport.requestJson<SnapshotList>({ path: '/v1/snapshots' })).snapshots;
  }
}
