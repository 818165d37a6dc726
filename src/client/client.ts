/** The typed client of the HTTP API, for other programs. */
import { openAsBlob } from 'node:fs';
import type {
  AddOptions,
  CreateOptions,
  Example,
  HeatMapOptions,
  IdentifyOptions,
  ImportOptions,
  ItemInput,
  LookOptions,
  Query,
  SearchOptions,
  ThumbnailInput,
} from '../engine/engine.js';
import { PawdexError } from '../errors.js';
import type { BulkPatch, CollectionPatch, Filter, ItemPatch, Target } from '../store/store.js';
import { JobClient } from './job-client.js';
import { downloadFile, PARQUET_TYPE, TRANSFER_MS } from './transfer.js';
import { type ClientOptions, Transport } from './transport.js';
import { createImageForm, createItemsForm, sendSplitting, splitIntoBatches, toFailure } from './upload.js';
import type {
  AddAnswer,
  AddResult,
  AttachAnswer,
  CollectionInfo,
  CollectionList,
  CollectionMap,
  DuplicatePage,
  EmbedResult,
  FacetList,
  Identification,
  ImportAnswer,
  Item,
  ItemPage,
  LabelList,
  SearchResult,
  ServerInfo,
  Snapshot,
  SnapshotList,
} from './wire.js';

const segment = encodeURIComponent;
/** Thumbnails in one request; the server takes 200. */
const THUMBNAILS_AT_ONCE = 100;
const regionText = (region: LookOptions['region']) =>
  region && [region.left, region.top, region.width, region.height].map((part) => part.toFixed(6)).join(',');
const encodeExample = (example: Example) => (typeof example === 'string' ? example : Array.from(example));

/** A query without an image as JSON has it. */
function encodeQuery(query: Exclude<Query, { image: Uint8Array }>) {
  if ('positives' in query) {
    const { positives, negatives } = query;
    return { ...query, positives: positives.map(encodeExample), negatives: negatives.map(encodeExample) };
  }
  return 'vector' in query ? { vector: Array.from(query.vector) } : query;
}
const text = (value: number | boolean | undefined) => (value === undefined ? undefined : String(value));

/**
 * Talks to a pawdex server. Every method throws ApiError (a PawdexError) if the server refuses the request, and
 * PawdexError `server_unreachable` if it does not answer. After a 503 it tries again when Retry-After has passed.
 *
 * @example
 * const pawdex = new PawdexClient({ baseUrl: 'http://127.0.0.1:3000' });
 * const { breed, confidence } = await pawdex.identify(await readFile('cat.jpg'));
 */
export class PawdexClient extends JobClient {
  readonly #http: Transport;
  #info: Promise<ServerInfo> | null = null;

  /** @throws PawdexError config_invalid if `baseUrl` is not an http or https address */
  constructor(options: ClientOptions) {
    const http = new Transport(options);
    super(http);
    this.#http = http;
  }

  /** Version, model and limits of the server. The answer is cached. */
  info(): Promise<ServerInfo> {
    this.#info ??= this.#http.json<ServerInfo>({ path: '/v1/info' }).catch((error) => {
      this.#info = null;
      throw error;
    });
    return this.#info;
  }

  /**
   * Breed and nearest neighbours of a photo.
   *
   * @param image the file's bytes
   * @param options collection: `breeds` when absent; k: neighbours to list, 1..1000; views: `flip` or `5` for
   *   several views of the photo; region: the part of it to look at; explain: where the similarity to each neighbour comes from
   */
  identify(image: Uint8Array, options: Partial<IdentifyOptions> = {}): Promise<Identification> {
    const { collection, k, views, explain, region } = options;
    const query = { collection, k: text(k), views, explain: text(explain), region: regionText(region) };
    return this.#http.json({ method: 'POST', path: '/v1/identify', query, form: createImageForm(image) });
  }

  /**
   * Nearest neighbours of an image, an item, a vector or examples.
   *
   * @example
   * await pawdex.search('breeds', { id }, { k: 5, filter: { species: ['cat'] } });
   *
   * @example
   * const { embedding } = await pawdex.embed(photo);
   * await pawdex.search('breeds', { positives: [embedding, liked], negatives: [disliked] });
   */
  search(collection: string, query: Query, options: Partial<SearchOptions> = {}): Promise<SearchResult> {
    const call = { method: 'POST', path: '/v1/search' } as const;
    if ('image' in query) {
      const fields = {
        collection,
        k: text(options.k),
        exact: text(options.exact),
        views: options.views,
        region: regionText(options.region),
        explain: text(options.explain),
        filter: options.filter && JSON.stringify(options.filter),
      };
      return this.#http.json({ ...call, form: createImageForm(query.image, fields) });
    }
    const region = regionText(options.region);
    return this.#http.json({ ...call, json: { ...encodeQuery(query), ...options, region, collection } });
  }

  /** The embedding of a photo. */
  embed(image: Uint8Array, { views, region }: LookOptions = {}): Promise<EmbedResult> {
    const query = { views, region: regionText(region) };
    return this.#http.json({ method: 'POST', path: '/v1/embed', query, form: createImageForm(image) });
  }

  /**
   * The photo with a map of where its similarity to an item comes from.
   *
   * @param options collection: `breeds` when absent; neighbour: id of an item of it
   * @returns a PNG, at most 1024 pixels on the longer side
   *
   * @example
   * const { neighbours } = await pawdex.identify(photo);
   * await writeFile('why.png', await pawdex.heatMap(photo, { neighbour: neighbours[0].id }));
   */
  heatMap(
    image: Uint8Array,
    options: Omit<HeatMapOptions, 'collection'> & { collection?: string },
  ): Promise<Uint8Array> {
    const { collection, neighbour, views, region } = options;
    const query = { collection, neighbour, views, region: regionText(region) };
    return this.#http.bytes({ method: 'POST', path: '/v1/explain', query, form: createImageForm(image) });
  }

  async listCollections(): Promise<CollectionInfo[]> {
    return (await this.#http.json<CollectionList>({ path: '/v1/collections' })).collections;
  }

  /** @param options encoder: name of an added encoder; originals: what to keep of each photo */
  createCollection(name: string, description?: string, options: CreateOptions = {}): Promise<CollectionInfo> {
    const json = { name, description, ...options };
    return this.#http.json({ method: 'POST', path: '/v1/collections', json });
  }

  /** Renames a collection, gives it aliases, or changes its description or what it keeps of photos. */
  updateCollection(name: string, patch: CollectionPatch): Promise<CollectionInfo> {
    return this.#http.json({ method: 'PATCH', path: `/v1/collections/${segment(name)}`, json: patch });
  }

  /** Writes a collection to a Parquet file here; one that is there is replaced when the new one is complete. */
  async exportCollection(collection: string, file: string): Promise<{ items: number; bytes: number }> {
    const path = `/v1/collections/${segment(collection)}/export`;
    const headers = await downloadFile(this.#http, path, file);
    return { items: Number(headers.get('x-pawdex-items')), bytes: Number(headers.get('content-length')) };
  }

  /** Adds the items of a Parquet file to a collection, which is created if there is none. */
  async importCollection(
    collection: string,
    file: string,
    { reembed, previews }: Pick<ImportOptions, 'reembed' | 'previews'> = {},
  ): Promise<ImportAnswer> {
    return this.#http.json({
      method: 'POST',
      path: `/v1/collections/${segment(collection)}/import`,
      query: { reembed: text(reembed), previews: text(previews) },
      file: { content: await openAsBlob(file), type: PARQUET_TYPE },
      timeoutMs: TRANSFER_MS,
    });
  }

  getCollection(name: string): Promise<CollectionInfo> {
    return this.#http.json({ path: `/v1/collections/${segment(name)}` });
  }

  /** Labels with counts, most items first; null stands for items without a label. */
  async listLabels(collection: string): Promise<LabelList['labels']> {
    const path = `/v1/collections/${segment(collection)}/labels`;
    return (await this.#http.json<LabelList>({ path })).labels;
  }

  deleteCollection(name: string): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: `/v1/collections/${segment(name)}` });
  }

  /**
   * Adds images, in as many requests as the server's limits require.
   *
   * @param options upsert: images that are there already get the label, source and metadata that come with them
   * @returns one result per image, in order; look at `status` of each
   */
  async addItems(collection: string, items: ItemInput[], { upsert }: AddOptions = {}): Promise<AddResult[]> {
    const { limits } = await this.info();
    const path = `/v1/collections/${segment(collection)}/items`;
    const send = async (batch: ItemInput[]) => {
      const form = createItemsForm(batch);
      const query = { upsert: text(upsert) };
      const { results } = await this.#http.json<AddAnswer>({ method: 'POST', path, query, form });
      // If one were missing, each photo after it would get the result of another.
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
    const refused = new PawdexError('payload_too_large', {
      detail: `A file may have at most ${limits.fileBytes} bytes.`,
    });
    return items.map((item) => (fits(item) ? inOrder.next().value! : toFailure(refused)));
  }

  /** A page of items in order of insertion; pass `next` of one page as `cursor` of the following. */
  listItems(
    collection: string,
    options: { limit?: number; cursor?: string; filter?: Filter } = {},
  ): Promise<ItemPage> {
    const { label, species, sha256, metadata, text: words } = options.filter ?? {};
    const query = {
      limit: text(options.limit),
      cursor: options.cursor,
      label,
      species,
      text: words,
      sha256: sha256?.join(','),
      filter: metadata && JSON.stringify({ metadata }),
    };
    return this.#http.json({ path: `/v1/collections/${segment(collection)}/items`, query });
  }

  getItem(collection: string, id: string): Promise<Item> {
    return this.#http.json({ path: itemPath(collection, id) });
  }

  /** Changes label, source or metadata; absent fields stay. */
  updateItem(collection: string, id: string, patch: ItemPatch): Promise<Item> {
    return this.#http.json({ method: 'PATCH', path: itemPath(collection, id), json: patch });
  }

  deleteItem(collection: string, id: string): Promise<void> {
    return this.#http.done({ method: 'DELETE', path: itemPath(collection, id) });
  }

  /**
   * Changes many items, named by their ids (at most 10,000) or by a filter.
   *
   * @returns how many there were
   *
   * @example
   * await pawdex.updateItems('mine', { filter: { label: ['tabby'] } }, { label: 'domestic shorthair' });
   */
  async updateItems(collection: string, target: Target, patch: BulkPatch): Promise<number> {
    const path = `/v1/collections/${segment(collection)}/items/update`;
    const json = { ...target, ...patch };
    return (await this.#http.json<{ updated: number }>({ method: 'POST', path, json })).updated;
  }

  /** Deletes many items, named as in {@link updateItems}. @returns how many there were */
  async deleteItems(collection: string, target: Target): Promise<number> {
    const path = `/v1/collections/${segment(collection)}/items/delete`;
    return (await this.#http.json<{ deleted: number }>({ method: 'POST', path, json: target })).deleted;
  }

  /** Values at a key of the metadata with the number of items of each, most frequent first. */
  async listFacets(collection: string, field: string, limit?: number): Promise<FacetList['values']> {
    const path = `/v1/collections/${segment(collection)}/facets`;
    return (await this.#http.json<FacetList>({ path, query: { field, limit: text(limit) } })).values;
  }

  /**
   * Attaches small pictures to items that have none, by the hash of their original bytes.
   *
   * @param thumbnails JPEG or WebP, at most 64 KiB each
   */
  async attachThumbnails(collection: string, thumbnails: ThumbnailInput[]): Promise<AttachAnswer['results']> {
    const path = `/v1/collections/${segment(collection)}/items/thumbnails`;
    const results: AttachAnswer['results'] = [];
    for (let from = 0; from < thumbnails.length; from += THUMBNAILS_AT_ONCE) {
      const some = thumbnails.slice(from, from + THUMBNAILS_AT_ONCE).map(({ sha256, thumbnail }) => ({
        sha256,
        imageBase64: Buffer.from(thumbnail).toString('base64'),
      }));
      const call = { method: 'POST', path, json: { thumbnails: some } } as const;
      results.push(...(await this.#http.json<AttachAnswer>(call)).results);
    }
    return results;
  }

  /** The items as points on a plane: one array for each property. Takes up to a minute when it is not kept. */
  getMap(collection: string): Promise<CollectionMap> {
    return this.#http.json({ path: `/v1/collections/${segment(collection)}/map` });
  }

  /** The report of an evaluation that has succeeded, as an HTML page. */
  async getReport(job: string): Promise<string> {
    return Buffer.from(await this.#http.bytes({ path: `/v1/jobs/${segment(job)}/report` })).toString();
  }

  /** A small WebP or JPEG. */
  getThumbnail(collection: string, id: string): Promise<Uint8Array> {
    return this.#http.bytes({ path: `${itemPath(collection, id)}/thumbnail` });
  }

  /**
   * Pairs of items that are nearly one picture, for the next `limit` items in order of insertion; pass `next` of
   * one page as `cursor` of the following.
   *
   * @param options threshold: cosine similarity, 0..1, 0.95 when absent; limit: 1..1000, 200 when absent
   */
  duplicates(
    collection: string,
    options: { threshold?: number; limit?: number; cursor?: string } = {},
  ): Promise<DuplicatePage> {
    const { threshold, limit, cursor } = options;
    const query = { threshold: text(threshold), limit: text(limit), cursor };
    return this.#http.json({ path: `/v1/collections/${segment(collection)}/duplicates`, query });
  }

  /** Writes a snapshot of all collections on the server; resolves when it is on the disk there. */
  createSnapshot(): Promise<Snapshot> {
    return this.#http.json({ method: 'POST', path: '/v1/snapshots' });
  }

  /** The snapshots that the server keeps, the newest first. */
  async listSnapshots(): Promise<Snapshot[]> {
    return (await this.#http.json<SnapshotList>({ path: '/v1/snapshots' })).snapshots;
  }
}

const itemPath = (collection: string, id: string) =>
  `/v1/collections/${segment(collection)}/items/${segment(id)}`;
