/** Questions about a photo: its breed, what is similar to it, its embedding, and why. */
import type { Calibration } from '../breeds/calibration.js';
import { answer } from '../breeds/identify.js';
import type { OpenedEncoder } from '../encoder/open.js';
import { heatMap } from '../image/heat-map.js';
import type { CollectionInfo, Store } from '../store/store.js';
import type { Embedded, ImageEmbedder } from './embedding.js';
import type {
  EmbedAnswer,
  Explanation,
  HeatMapOptions,
  Identification,
  IdentifyOptions,
  LookOptions,
  Query,
  SearchAnswer,
  SearchOptions,
  Timing,
} from './engine.js';
import { explainAll } from './explain.js';
import { resolveQuery } from './query.js';

/** What is known of a collection without asking the store. */
export interface Space extends Pick<CollectionInfo, 'fingerprint' | 'dimension' | 'model'> {
  calibration: Calibration | null;
}

/** What {@link Ask} asks. */
export interface AskDeps {
  store: Store;
  encoder: OpenedEncoder;
  embedder: ImageEmbedder;
  /** Answers for collections without a calibration, where the encoder comes with it. */
  statistics: Calibration | null;
  /** @throws PawdexError collection_not_found, model_mismatch */
  space: (collection: string) => Promise<Space>;
}

/** What an answer says of the time it took, with the milliseconds of the search. */
function timing(started: number, { decodeMs, embedMs }: Omit<Embedded, 'image'>, searchMs: number): Timing {
  return { decodeMs, embedMs, searchMs, totalMs: performance.now() - started };
}

/** Answers on behalf of the engine; see its methods of the same names. */
export class Ask {
  readonly #store: Store;
  readonly #encoder: OpenedEncoder;
  readonly #embedder: ImageEmbedder;
  readonly #statistics: Calibration | null;
  readonly #space: AskDeps['space'];

  constructor({ store, encoder, embedder, statistics, space }: AskDeps) {
    this.#store = store;
    this.#encoder = encoder;
    this.#embedder = embedder;
    this.#statistics = statistics;
    this.#space = space;
  }

  async identify(image: Uint8Array, options: IdentifyOptions): Promise<Identification> {
    const started = performance.now();
    const { collection, views } = options;
    const { calibration } = await this.#space(collection);
    const asked = await this.#embedder.embed(image, { views, explained: options.explain });
    const { vote } = this.#encoder.card;
    const voters = calibration?.k ?? vote.k;
    const listed = options.k ?? voters;
    const searching = performance.now();
    const hits = await this.#store.search(collection, asked.embedding, { k: Math.max(voters, listed) });
    const searchMs = performance.now() - searching;
    const neighbours = hits.map(({ item, similarity }) => ({
      id: item.id,
      label: item.label,
      similarity,
      source: item.source,
      hasThumbnail: item.hasThumbnail,
    }));
    const decided = answer(neighbours.slice(0, voters), {
      temperature: vote.temperature,
      calibration,
      statistics: this.#statistics,
    });
    const answered = await this.#explained(collection, neighbours.slice(0, listed), ({ id }) => id, asked);
    return {
      ...decided,
      neighbours: answered,
      model: this.#model(),
      timing: timing(started, asked, searchMs),
    };
  }

  async search(collection: string, query: Query, options: SearchOptions): Promise<SearchAnswer> {
    const started = performance.now();
    const { views, explain: explained, ...searched } = options;
    const { dimension } = await this.#space(collection);
    const asked = await resolveQuery(query, collection, dimension, this.#store, this.#embedder, {
      views,
      explained,
    });
    const searching = performance.now();
    const hits = await this.#store.search(collection, asked.embedding, {
      ...searched,
      exclude: asked.exclude,
    });
    const searchMs = performance.now() - searching;
    const answered = await this.#explained(collection, hits, ({ item }) => item.id, asked);
    return { hits: answered, model: this.#model(), timing: timing(started, asked, searchMs) };
  }

  async embed(image: Uint8Array, { views }: LookOptions = {}): Promise<EmbedAnswer> {
    const started = performance.now();
    const asked = await this.#embedder.embed(image, { views });
    return { embedding: asked.embedding, model: this.#model(), timing: timing(started, asked, 0) };
  }

  async heatMap(image: Uint8Array, options: HeatMapOptions): Promise<Uint8Array> {
    await this.#space(options.collection);
    const vector = await this.#store.getVector(options.collection, options.neighbour);
    const asked = await this.#embedder.embed(image, { views: options.views, explained: true });
    return heatMap(asked.image, asked.explain!(vector));
  }

  /** The neighbours, each with where its similarity comes from if that was asked for. */
  #explained<N extends object>(
    collection: string,
    neighbours: N[],
    idOf: (neighbour: N) => string,
    { explain }: Pick<Embedded, 'explain'>,
  ): Promise<(N & { explanation?: Explanation })[]> | N[] {
    return explain === null
      ? neighbours
      : explainAll(neighbours, idOf, { store: this.#store, collection, explain });
  }

  #model() {
    const { name, fingerprint } = this.#encoder.info;
    return { name, fingerprint };
  }
}
