/**
 * The page's requests to the server; those that manage collections are in manage/manage-calls.ts. Each throws a Problem if the
 * server refuses it or does not answer.
 */
import type {
  CollectionInfo,
  CollectionList,
  EmbedResult,
  LabelList,
  SearchResult,
  ServerInfo,
} from '../client/wire.js';
import type { Identification, Neighbour } from '../engine/engine.js';
import type { Share } from '../http/shares.js';
import type { Rectangle } from '../image/regions.js';
import { tabMemory } from './browser-memory.js';
import { createNoAnswerProblem, toProblem } from './problem.js';

const KEY = 'pawdex.apiKey';

export function setApiKey(key: string): void {
  tabMemory.write(KEY, key);
}

/** Whether a key has been entered in this tab. */
export function hasApiKey(): boolean {
  return tabMemory.read(KEY) !== null;
}

/** Waits, as before a request is repeated. */
export const wait = (milliseconds = 0) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Options of a request; `json` becomes its body. */
export interface Call extends Pick<RequestInit, 'keepalive' | 'signal'> {
  method?: 'POST' | 'PATCH' | 'DELETE';
  json?: unknown;
  body?: FormData | Blob;
}

function createAuthHeaders(): Record<string, string> {
  const key = tabMemory.read(KEY);
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

/**
 * A request to the server.
 *
 * @param path relative to the page
 * @throws the signal's reason when aborted
 */
export async function call(path: string, { json, ...options }: Call = {}): Promise<Response> {
  const key = tabMemory.read(KEY);
  const request: RequestInit = { ...options, headers: createAuthHeaders() };
  if (json !== undefined) {
    request.headers = { ...request.headers, 'content-type': 'application/json' };
    request.body = JSON.stringify(json);
  }
  const { body, signal } = options;
  const answer = await fetch(path, request).catch(async () => {
    signal?.throwIfAborted();
    const sent = body instanceof FormData ? [...body.values()] : [body];
    throw await createNoAnswerProblem(sent.filter((part) => part instanceof Blob));
  });
  if (!answer.ok) {
    const problem = toProblem(answer.status, await answer.text(), answer.headers.get('retry-after'));
    if (problem.code === 'read_only') {
      markReadOnly(true);
    }
    if (problem.code === 'unauthorized' && tabMemory.read(KEY) !== key) {
      // A key was entered in the meantime: this answer is not about it.
      return call(path, { json, ...options });
    }
    throw problem;
  }
  return answer;
}

/** The body of a response, whose connection may break. */
export async function receive<T>(body: Promise<T>, signal?: AbortSignal | null): Promise<T> {
  return body.catch(async () => {
    signal?.throwIfAborted();
    throw await createNoAnswerProblem([]);
  });
}

/** @throws Problem if it is not JSON, as from a proxy that answers in place of the server */
function parseAnswer<T>(status: number, body: string): T {
  try {
    return JSON.parse(body) as T;
  } catch {
    throw toProblem(status, body, null);
  }
}

/** Requests JSON. */
export async function read<T>(path: string, options: Call = {}): Promise<T> {
  const answer = await call(path, options);
  return parseAnswer(answer.status, await receive(answer.text(), options.signal));
}

/** Requests a file. */
export async function readBlob(path: string, options?: Call): Promise<Blob> {
  return receive((await call(path, options)).blob());
}

/** The path of a collection, or of something in it. */
export const getCollectionPath = (collection: string, rest = '') =>
  `v1/collections/${encodeURIComponent(collection)}${rest}`;

export async function listCollections(): Promise<CollectionInfo[]> {
  return (await read<CollectionList>('v1/collections')).collections;
}

/** The labels of a collection, most items first. */
export async function listLabels(collection: string): Promise<LabelList['labels']> {
  return (await read<LabelList>(getCollectionPath(collection, '/labels'))).labels;
}

/** URL of an item's picture. With an API key, `img` cannot load it. */
export function getThumbnailPath(collection: string, id: string): string {
  return getCollectionPath(collection, `/items/${encodeURIComponent(id)}/thumbnail`);
}

/** The picture of an item, as an object URL for `img` that the caller revokes. */
export async function fetchThumbnailUrl(collection: string, id: string): Promise<string> {
  return URL.createObjectURL(await readBlob(getThumbnailPath(collection, id)));
}

/** What a search looks for: similar to an item, or to some examples and not to others, which are ids or vectors. */
export type Search = { collection: string; k: number } & (
  | { id: string }
  | { positives: (string | number[])[]; negatives: string[] }
);

/** The items that a search finds, nearest first. */
export async function search(json: Search): Promise<Neighbour[]> {
  return (await read<SearchResult>('v1/search', { method: 'POST', json })).neighbours;
}

/** A part of a photo in the API's format. */
const formatRegion = ({ left, top, width, height }: Rectangle) =>
  [left, top, width, height].map((part) => part.toFixed(6)).join(',');

function createPhotoForm(photo: Blob): FormData {
  const form = new FormData();
  form.append('image', photo, photo instanceof File ? photo.name : 'photo.jpg');
  return form;
}

/** The vector of a photo, or of a part of it. */
export async function embedPhoto(photo: Blob, region: Rectangle | null): Promise<number[]> {
  const query = region === null ? '' : `?region=${formatRegion(region)}`;
  const body = createPhotoForm(photo);
  return (await read<EmbedResult>(`v1/embed${query}`, { method: 'POST', body })).embedding;
}

/** The items of a collection that are similar to a photo, nearest first. */
export async function searchByPhoto(collection: string, photo: Blob, k: number): Promise<Neighbour[]> {
  const query = new URLSearchParams({ collection, k: String(k) });
  const body = createPhotoForm(photo);
  return (await read<SearchResult>(`v1/search?${query}`, { method: 'POST', body })).neighbours;
}

/** What the server accepts and allows; null while it is not known. */
export let server: ServerInfo | null = null;

/** Asks for `server`, once. */
export async function readServer(): Promise<void> {
  if (server === null) {
    server = await read<ServerInfo>('v1/info');
    markReadOnly(server.readOnly);
  }
}

/** Hides what would change something: the style sheet hides `.writes`. */
function markReadOnly(isReadOnly: boolean): void {
  document.documentElement.toggleAttribute('data-read-only', isReadOnly);
}

export const isReadOnly = () => document.documentElement.hasAttribute('data-read-only');

/** A photo that the server fetches from its URL. */
export async function fetchPhoto(url: string): Promise<File> {
  const blob = await readBlob(`v1/fetch?${new URLSearchParams({ url })}`, { method: 'POST' });
  const name = new URL(url).pathname.split('/').at(-1) || new URL(url).hostname;
  return new File([blob], name, { type: blob.type });
}

/** Shares an answer with a small JPEG of its photo. */
export async function shareAnswer(photo: File, collection: string, answer: Identification): Promise<Share> {
  const form = createPhotoForm(photo);
  // Explanations make up most of an answer, and can be requested again.
  const neighbours = answer.neighbours.map(({ explanation: _, ...neighbour }) => neighbour);
  form.append('answer', JSON.stringify({ ...answer, neighbours }));
  form.append('collection', collection);
  return read('v1/shares', { method: 'POST', body: form });
}

export function readShared(id: string): Promise<Share> {
  return read(`v1/shares/${encodeURIComponent(id)}`);
}

/**
 * An example photo that is part of the page.
 *
 * @param animal `cat` or `dog`
 */
export async function fetchExample(animal: string): Promise<File> {
  const blob = await readBlob(`example-${animal}.jpg`);
  return new File([blob], `${animal}.jpg`, { type: blob.type });
}

/** Options of a question about a photo. */
export interface Question {
  collection: string;
  /** Whether each neighbour comes with an explanation of its similarity. */
  explain?: boolean;
  /** The part to look at; null: the whole photo. */
  region?: Rectangle | null;
  /** Whether to look for a second animal after one was found. */
  animals?: boolean;
}

/**
 * Asks for the breed of a photo. Uses XMLHttpRequest, because fetch does not report the progress of an upload, which
 * matters for a phone's photo on a slow connection.
 *
 * @param photo the unchanged file; the server reads format and orientation from it
 * @param onSent called with the share of the upload that was sent, 0..1
 * @throws the signal's reason when aborted
 */
export function identify(
  photo: Blob,
  { collection, explain = false, region = null, animals = false }: Question,
  signal: AbortSignal,
  onSent: (share: number) => void = () => {},
): Promise<Identification> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    const query = new URLSearchParams({
      collection,
      ...(explain ? { explain: 'true' } : {}),
      ...(region ? { region: formatRegion(region) } : {}),
      ...(animals ? { animals: 'true' } : {}),
    });
    request.open('POST', `v1/identify?${query}`);
    for (const [name, value] of Object.entries(createAuthHeaders())) {
      request.setRequestHeader(name, value);
    }
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) {
        onSent(event.loaded / event.total);
      }
    });
    request.addEventListener('load', () => {
      const { status, responseText } = request;
      try {
        if (status !== 200) {
          throw toProblem(status, responseText, request.getResponseHeader('retry-after'));
        }
        resolve(parseAnswer(status, responseText));
      } catch (problem) {
        reject(problem);
      }
    });
    request.addEventListener('error', () => void createNoAnswerProblem([photo]).then(reject));
    request.addEventListener('abort', () => reject(signal.reason));
    request.addEventListener('loadend', () => signal.removeEventListener('abort', abort));
    signal.addEventListener('abort', abort);
    request.send(createPhotoForm(photo));
  });
}
