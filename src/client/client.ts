/** The typed client of the HTTP API, for other programs. */
import type {
  Example,
  HeatMapOptions,
  IdentifyOptions,
  LookOptions,
  Query,
  SearchOptions,
} from '../engine/engine.js';
import { CollectionClient } from './collection-client.js';
import { createImageForm } from './upload.js';
import type { EmbedResult, Identification, SearchResult } from './wire.js';

const formatRegion = (region: LookOptions['region']) =>
  region && [region.left, region.top, region.width, region.height].map((part) => part.toFixed(6)).join(',');
const encodeExample = (example: Example) => (typeof example === 'string' ? example : Array.from(example));

/** Converts a query without an image to JSON. */
function encodeQuery(query: Exclude<Query, { image: Uint8Array }>) {
  if ('positives' in query) {
    const { positives, negatives } = query;
    return { ...query, positives: positives.map(encodeExample), negatives: negatives.map(encodeExample) };
  }
  return 'vector' in query ? { vector: Array.from(query.vector) } : query;
}

/**
 * Talks to a pawdex server. Every method throws ApiError (a PawdexError) if the server refuses the request, and
 * PawdexError `server_unreachable` if it does not answer. After a 503 it tries again when Retry-After has passed.
 *
 * @example
 * const pawdex = new PawdexClient({ baseUrl: 'http://127.0.0.1:3000' });
 * const { breed, confidence } = await pawdex.identify(await readFile('cat.jpg'));
 */
export class PawdexClient extends CollectionClient {
  /**
   * Identifies the breed on a photo and finds its nearest neighbours.
   *
   * @param image the file's bytes
   * @param options collection: default `breeds`; k: neighbours to list, 1..1000; views: `flip` or `5` for several views of
   *   the photo; region: the part of it to look at; explain: also return where the similarity to each neighbour comes
   *   from; animals: also look for other animals in addition to the first
   */
  identify(image: Uint8Array, options: Partial<IdentifyOptions> = {}): Promise<Identification> {
    const { region, ...rest } = options;
    const query = { ...rest, region: formatRegion(region) };
    return this.transport.requestJson({
      method: 'POST',
      path: '/v1/identify',
      query,
      form: createImageForm(image),
    });
  }

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
  search(collection: string, query: Query, options: Partial<SearchOptions> = {}): Promise<SearchResult> {
    const call = { method: 'POST', path: '/v1/search' } as const;
    const { region, filter, ...rest } = options;
    const fields = { collection, ...rest, region: formatRegion(region) };
    if ('image' in query) {
      const form = createImageForm(query.image, { ...fields, filter: filter && JSON.stringify(filter) });
      return this.transport.requestJson({ ...call, form });
    }
    return this.transport.requestJson({ ...call, json: { ...encodeQuery(query), ...fields, filter } });
  }

  /** Returns the embedding of a photo. */
  embed(image: Uint8Array, { views, region }: LookOptions = {}): Promise<EmbedResult> {
    const query = { views, region: formatRegion(region) };
    return this.transport.requestJson({
      method: 'POST',
      path: '/v1/embed',
      query,
      form: createImageForm(image),
    });
  }

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
  heatMap(
    image: Uint8Array,
    options: Omit<HeatMapOptions, 'collection'> & { collection?: string },
  ): Promise<Uint8Array> {
    const { collection, neighbour, views, region } = options;
    const query = { collection, neighbour, views, region: formatRegion(region) };
    return this.transport.requestBytes({
      method: 'POST',
      path: '/v1/explain',
      query,
      form: createImageForm(image),
    });
  }
}
