/** Turns the arguments of the client's methods into queries, forms and JSON. */
import type { Example, ItemInput, LookOptions, Query, SearchOptions } from '../engine/engine.js';
import { PawdexError } from '../errors.js';
import type { JobRequest } from '../jobs/job-request.js';
import type { Filter } from '../store/store.js';
import type { Parameter } from './transport.js';

const formatRegion = (region: LookOptions['region']) =>
  region && [region.left, region.top, region.width, region.height].map((part) => part.toFixed(6)).join(',');

const encodeExample = (example: Example) => (typeof example === 'string' ? example : Array.from(example));

/** Converts a query without an image to JSON. */
function encodeQuery(query: Exclude<Query, { image: Uint8Array }>): object {
  if ('positives' in query) {
    const { positives, negatives } = query;
    return { ...query, positives: positives.map(encodeExample), negatives: negatives.map(encodeExample) };
  }
  return 'vector' in query ? { vector: Array.from(query.vector) } : query;
}

/** Encodes a search: by an image as a form, otherwise as JSON. */
export function encodeSearch(
  query: Query,
  { filter, region, ...rest }: Partial<SearchOptions> & { collection: string },
) {
  const fields = { ...rest, region: formatRegion(region) };
  return 'image' in query
    ? { body: createImageForm(query.image, { ...fields, filter: filter && JSON.stringify(filter) }) }
    : { json: { ...encodeQuery(query), ...fields, filter } };
}

/** Converts a filter to the query parameters of a list. */
export function encodeFilter({ sha256, metadata, ...parameters }: Filter = {}) {
  return {
    ...parameters,
    sha256: sha256?.join(','),
    filter: metadata && JSON.stringify({ metadata }),
  };
}

/** Converts a job to JSON. Vectors are sent as base64 of little-endian float32 numbers, which all supported machines use. */
export function encodeJob(request: JobRequest): object {
  const nonPets = 'nonPets' in request ? request.nonPets : undefined;
  if (nonPets === undefined || 'collection' in nonPets) {
    return request;
  }
  const bytes = nonPets.embeddings.map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(buffer, byteOffset, byteLength),
  );
  return { ...request, nonPets: { embeddings: Buffer.concat(bytes).toString('base64') } };
}

const createBlob = (bytes: Uint8Array) => new Blob([bytes as Uint8Array<ArrayBuffer>]);

/** Builds a form with one image in the field `image`. */
function createImageForm(image: Uint8Array, fields: Record<string, Parameter> = {}): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) {
      form.append(name, String(value));
    }
  }
  form.append('image', createBlob(image), 'image');
  return form;
}

/** Builds a request about an image, with its options in the query. */
export function createImageCall<O extends LookOptions>(image: Uint8Array, options: O) {
  return {
    query: { ...options, region: formatRegion(options.region) },
    body: createImageForm(image),
  };
}

/** Builds a form with many images and the description of each. */
export function createItemsForm(items: ItemInput[]): FormData {
  // Without `source: null` the server would use the file name.
  const descriptions = items.map(({ image: _, ...description }) => ({ source: null, ...description }));
  const form = new FormData();
  form.append('items', JSON.stringify(descriptions));
  for (const { image } of items) {
    form.append('image', createBlob(image), 'image');
  }
  return form;
}

const ARCHIVE_TYPES: [RegExp, string][] = [
  [/\.zip$/i, 'application/zip'],
  [/\.tar$/i, 'application/x-tar'],
  [/\.(tar\.gz|tgz)$/i, 'application/gzip'],
];

/** Finds the media type of an archive by its name. Throws PawdexError usage if it is not an archive. */
export function findArchiveType(file: string): string {
  const [, type] = ARCHIVE_TYPES.find(([names]) => names.test(file)) ?? [];
  if (type === undefined) {
    throw new PawdexError('usage', { detail: `${file} has no extension of a zip, tar or tar.gz file.` });
  }
  return type;
}
