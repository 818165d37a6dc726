/** The typed client of the HTTP API, for other programs. */
import type {
  AddOptions,
  CreateOptions,
  DuplicateOptions,
  HeatMapOptions,
  IdentifyOptions,
  ImportOptions,
  ItemInput,
  LookOptions,
  Query,
  SearchOptions,
  ThumbnailInput,
} from '../engine/engine.js';
import type { JobRequest } from '../jobs/job-request.js';
import type { BulkPatch, CollectionPatch, Filter, ItemPatch, Target } from '../store/store.js';
import {
  createImageCall,
  createItemsForm,
  encodeFilter,
  encodeJob,
  encodeSearch,
  findArchiveType,
} from './encode-request.js';
import { type ClientOptions, PARQUET_TYPE, Transport, v1 } from './transport.js';
import { uploadImages, uploadThumbnails } from './upload-in-batches.js';
import type * as wire from './wire.js';

const readText = (response: Response) => response.text();
const readBytes = async (response: Response) => new Uint8Array(await response.arrayBuffer());

type Moving = Pick<ImportOptions, 'reembed' | 'previews'>;

/**
 * Talks to a pawdex server. Every method throws ApiError (a PawdexError) if the server refuses the request, and
 * PawdexError `server_unreachable` if it does not answer. After a 503 it tries again when Retry-After has passed. The
 * methods are fields, so that they can be passed on without their object.
 *
 * @example
 * const pawdex = new PawdexClient({ baseUrl: 'http://127.0.0.1:3000' });
 * const { breed, confidence } = await pawdex.identify(await readFile('cat.jpg'));
 */
export class PawdexClient {
  readonly #server: Transport;
  #info: Promise<wire.ServerInfo> | null = null;

  /** @throws PawdexError config_invalid if `baseUrl` is not an http or https address */
  constructor(options: ClientOptions) {
    this.#server = new Transport(options);
  }

  /** Returns version, model and limits of the server. The response is cached. */
  info = (): Promise<wire.ServerInfo> => {
    this.#info ??= this.#server.get<wire.ServerInfo>(v1`info`).catch((error) => {
      this.#info = null;
      throw error;
    });
    return this.#info;
  };

  /**
   * Identifies the breed on a photo and finds its nearest neighbours.
   *
   * @param image the file's bytes
   * @param options collection: default `breeds`; k: neighbours to list, 1..1000; views: `flip` or `5` for several views of
   *   the photo; region: the part of it to look at; explain: also return where the similarity to each neighbour comes
   *   from; animals: also look for other animals in addition to the first
   */
  identify = (image: Uint8Array, options: Partial<IdentifyOptions> = {}) =>
    this.#server.post<wire.Identification>(v1`identify`, createImageCall(image, options));

  /**
   * Finds the nearest neighbours of an image, an item, a vector or examples.
   *
   * @example
   * await pawdex.search('breeds', { id }, { k: 5, filter: { species: ['cat'] } });
   *
   * @example
   * const { embedding } = await pawdex.embed(photo);
   * await pawdex.search('breeds', { positives: [embedding, liked], negatives: [disliked] });
   */
  search = (collection: string, query: Query, options: Partial<SearchOptions> = {}) =>
    this.#server.post<wire.SearchResult>(v1`search`, encodeSearch(query, { ...options, collection }));

  /** Returns the embedding of a photo. */
  embed = (image: Uint8Array, { views, region }: LookOptions = {}) =>
    this.#server.post<wire.EmbedResult>(v1`embed`, createImageCall(image, { views, region }));

  /**
   * Draws the photo with a map of where its similarity to an item comes from.
   *
   * @param options collection: default `breeds`; neighbour: id of an item in it
   * @returns a PNG, at most 1024 pixels on the longer side
   *
   * @example
   * const { neighbours } = await pawdex.identify(photo);
   * await writeFile('why.png', await pawdex.heatMap(photo, { neighbour: neighbours[0].id }));
   */
  heatMap = (
    image: Uint8Array,
    { collection, neighbour, views, region }: Omit<HeatMapOptions, 'collection'> & { collection?: string },
  ) => {
    const call = createImageCall(image, { collection, neighbour, views, region });
    return this.#server.send({ method: 'POST', path: v1`explain`, ...call }, readBytes);
  };

  listCollections = async () => (await this.#server.get<wire.CollectionList>(v1`collections`)).collections;

  getCollection = (name: string): Promise<wire.CollectionInfo> => this.#server.get(v1`collections/${name}`);

  /** @param options encoder: name of an added encoder; originals: which copy of each photo to keep */
  createCollection = (name: string, description?: string, options: CreateOptions = {}) =>
    this.#server.post<wire.CollectionInfo>(v1`collections`, { json: { name, description, ...options } });

  /** Renames a collection, sets its aliases, or changes its description or `originals`. */
  updateCollection = (name: string, patch: CollectionPatch) =>
    this.#server.patch<wire.CollectionInfo>(v1`collections/${name}`, patch);

  deleteCollection = (name: string): Promise<void> => this.#server.delete(v1`collections/${name}`);

  /** Lists labels with counts, most frequent first. null stands for items without a label. */
  listLabels = async (collection: string) =>
    (await this.#server.get<wire.LabelList>(v1`collections/${collection}/labels`)).labels;

  /** Lists the values of a metadata key with counts, most frequent first. */
  listFacets = async (collection: string, field: string, limit?: number) => {
    const path = v1`collections/${collection}/facets`;
    return (await this.#server.get<wire.FacetList>(path, { field, limit })).values;
  };

  /** Returns the items as points on a plane, with one array per property. Takes up to a minute if it is not cached. */
  getMap = (collection: string) => this.#server.get<wire.CollectionMap>(v1`collections/${collection}/map`);

  /**
   * Lists near-duplicates of the next `limit` items, in order of insertion. Pass `next` as `cursor` to get the next page.
   *
   * @param query threshold: cosine similarity, 0..1, default 0.95; limit: 1..1000, default 200
   */
  duplicates = (collection: string, query: Partial<DuplicateOptions> = {}) =>
    this.#server.get<wire.DuplicatePage>(v1`collections/${collection}/duplicates`, query);

  /** Downloads a collection as a Parquet file. An existing file is replaced once the new one is complete. */
  exportCollection = async (collection: string, file: string): Promise<{ items: number; bytes: number }> => {
    const headers = await this.#server.download(v1`collections/${collection}/export`, file);
    return { items: Number(headers.get('x-pawdex-items')), bytes: Number(headers.get('content-length')) };
  };

  /** Adds the items of a Parquet file to a collection, which is created if needed. */
  importCollection = (collection: string, file: string, { reembed, previews }: Moving = {}) => {
    const path = v1`collections/${collection}/import`;
    return this.#server.upload<wire.ImportOutcome>(path, { reembed, previews }, file, PARQUET_TYPE);
  };

  /**
   * Adds images, in as many requests as the server's limits require.
   *
   * @param options upsert: existing items get the new label, source and metadata
   * @returns one result per image, in order; check the `status` of each
   */
  addItems = async (collection: string, items: ItemInput[], { upsert }: AddOptions = {}) => {
    const path = v1`collections/${collection}/items`;
    const { limits } = await this.info();
    return uploadImages(items, limits, async (batch) => {
      const parts = { query: { upsert }, body: createItemsForm(batch) };
      return (await this.#server.post<wire.AddResults>(path, parts)).results;
    });
  };

  /** Lists a page of items in order of insertion. Pass `next` as `cursor` to get the next page. */
  listItems = (
    collection: string,
    { limit, cursor, filter }: { limit?: number; cursor?: string; filter?: Filter } = {},
  ) => {
    const query = { limit, cursor, ...encodeFilter(filter) };
    return this.#server.get<wire.ItemPage>(v1`collections/${collection}/items`, query);
  };

  getItem = (collection: string, id: string) =>
    this.#server.get<wire.Item>(v1`collections/${collection}/items/${id}`);

  /** Changes label, source or metadata. Absent fields do not change. */
  updateItem = (collection: string, id: string, patch: ItemPatch) =>
    this.#server.patch<wire.Item>(v1`collections/${collection}/items/${id}`, patch);

  deleteItem = (collection: string, id: string) =>
    this.#server.delete<void>(v1`collections/${collection}/items/${id}`);

  /**
   * Changes many items, selected by ids (at most 10,000) or by a filter.
   *
   * @returns the number of items
   *
   * @example
   * await pawdex.updateItems('mine', { filter: { label: ['tabby'] } }, { label: 'domestic shorthair' });
   */
  updateItems = async (collection: string, target: Target, patch: BulkPatch): Promise<number> => {
    const path = v1`collections/${collection}/items/update`;
    return (await this.#server.post<{ updated: number }>(path, { json: { ...target, ...patch } })).updated;
  };

  /** Deletes many items, selected as in {@link updateItems}. @returns the number of items */
  deleteItems = async (collection: string, target: Target): Promise<number> => {
    const path = v1`collections/${collection}/items/delete`;
    return (await this.#server.post<{ deleted: number }>(path, { json: target })).deleted;
  };

  /** Returns the thumbnail of an item, a WebP or JPEG. */
  getThumbnail = (collection: string, id: string): Promise<Uint8Array> =>
    this.#server.send({ path: v1`collections/${collection}/items/${id}/thumbnail` }, readBytes);

  /**
   * Adds thumbnails to items without one, found by the hash of their original bytes.
   *
   * @param thumbnails JPEG or WebP, at most 64 KiB each
   */
  attachThumbnails = (collection: string, thumbnails: ThumbnailInput[]) =>
    uploadThumbnails(thumbnails, async (batch) => {
      const path = v1`collections/${collection}/items/thumbnails`;
      return (await this.#server.post<wire.AttachResults>(path, { json: { thumbnails: batch } })).results;
    });

  /**
   * Starts a job. `runJob` also waits for its result.
   *
   * @example
   * const { id } = await pawdex.startJob({ kind: 'calibrate', collection: 'mine' });
   */
  startJob = (request: JobRequest): Promise<wire.Job> =>
    this.#server.post(v1`jobs`, { json: encodeJob(request) });

  /**
   * Uploads an archive of photos and starts a job that indexes it.
   *
   * @param file a zip, tar or tar.gz file
   * @param options label: where labels come from, like `--label` of `pawdex index`
   */
  indexArchive = async (
    collection: string,
    file: string,
    options: { label?: string } = {},
  ): Promise<wire.Job> => {
    const path = v1`collections/${collection}/archive`;
    return this.#server.upload(path, options, file, findArchiveType(file));
  };

  /** Uploads a Parquet file and starts a job that imports it. The collection is created if needed. */
  startImport = (collection: string, file: string, { reembed, previews }: Moving = {}): Promise<wire.Job> => {
    const path = v1`collections/${collection}/import-job`;
    return this.#server.upload(path, { reembed, previews }, file, PARQUET_TYPE);
  };

  /** Downloads the file of an export job. An existing file is replaced once the new one is complete. */
  downloadExport = async (id: string, file: string): Promise<void> => {
    await this.#server.download(v1`jobs/${id}/file`, file);
  };

  /** Lists all jobs without their results, newest first. */
  listJobs = async (): Promise<wire.JobList['jobs']> => (await this.#server.get<wire.JobList>(v1`jobs`)).jobs;

  /** Returns a job with its result, which is null until the job has succeeded. */
  getJob = (id: string): Promise<wire.Job> => this.#server.get(v1`jobs/${id}`);

  /** Pauses a job. Returns the job afterwards: `paused`, or another state if it finished first. */
  pauseJob = (id: string): Promise<wire.Job> => this.#server.post(v1`jobs/${id}/pause`);

  /** Queues a paused job again. */
  resumeJob = (id: string): Promise<wire.Job> => this.#server.post(v1`jobs/${id}/resume`);

  /** Cancels a job. Returns the job afterwards: `cancelled`, or another state if it finished first. */
  cancelJob = (id: string): Promise<wire.Job> => this.#server.delete(v1`jobs/${id}`);

  /** Lists the files that a job could not process, at most 10,000. */
  listJobFailures = async (id: string): Promise<wire.JobFailure[]> => {
    const text = await this.#server.send({ path: v1`jobs/${id}/failures` }, readText);
    const lines = text.split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line));
  };

  /** Returns the report of a successful evaluation, as an HTML page. */
  getReport = (job: string): Promise<string> => this.#server.send({ path: v1`jobs/${job}/report` }, readText);

  /** Writes a snapshot of all collections on the server, and resolves when it is on disk there. */
  createSnapshot = (): Promise<wire.Snapshot> => this.#server.post(v1`snapshots`);

  /** Lists the server's snapshots, newest first. */
  listSnapshots = async () => (await this.#server.get<wire.SnapshotList>(v1`snapshots`)).snapshots;
}
