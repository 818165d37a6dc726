/** The page's calls to the server: collections, identify, thumbnails. */
import type { ServerInfo } from '../client/wire.js';
import type { Identification, Neighbour, ServedCollection } from '../engine/engine.js';
import type { Rectangle } from '../image/heat-colours.js';
import { noAnswer, Problem, problemFrom } from './problem.js';

export type Collection = ServedCollection;

/** How many items carry a label; null: none. */
export interface LabelCount {
  label: string | null;
  count: number;
}

const KEY = 'pawdex.apiKey';

/** Keeps the API key until the tab is closed; it is never written to disk by the page. */
export function setApiKey(key: string): void {
  sessionStorage.setItem(KEY, key);
}

/** Whether a key has been entered in this tab. */
export function hasApiKey(): boolean {
  return sessionStorage.getItem(KEY) !== null;
}

/** What a request sends. */
export interface Call {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  json?: unknown;
  form?: FormData;
  file?: Blob;
  /** Whether it goes on when the page is left. */
  keepalive?: boolean;
  signal?: AbortSignal;
}

function authorisation(): Record<string, string> {
  const key = sessionStorage.getItem(KEY);
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

/**
 * A request to the server.
 *
 * @param path relative to the page
 * @throws Problem; the signal's reason when aborted
 */
export async function call(
  path: string,
  { method, json, form, file, keepalive, signal }: Call = {},
): Promise<Response> {
  const type = json !== undefined ? 'application/json' : file && 'application/octet-stream';
  const answer = await fetch(path, {
    method: method ?? 'GET',
    headers: { ...authorisation(), ...(type === undefined ? {} : { 'content-type': type }) },
    body: json === undefined ? (form ?? file ?? null) : JSON.stringify(json),
    keepalive: keepalive ?? false,
    signal: signal ?? null,
  }).catch(async () => {
    signal?.throwIfAborted();
    throw await noAnswer([...(form?.values() ?? []), file].filter((part) => part instanceof Blob));
  });
  if (!answer.ok) {
    throw problemFrom(answer.status, await answer.text(), answer.headers.get('retry-after'));
  }
  return answer;
}

const get = (path: string) => call(path);

/** @throws Problem */
export async function listCollections(): Promise<Collection[]> {
  const body = (await (await get('v1/collections')).json()) as { collections: Collection[] };
  return body.collections;
}

/** The labels of a collection, most items first. @throws Problem */
export async function listLabels(collection: string): Promise<LabelCount[]> {
  const path = `v1/collections/${encodeURIComponent(collection)}/labels`;
  return ((await (await get(path)).json()) as { labels: LabelCount[] }).labels;
}

/** Where the picture of an item is; with a key, `img` cannot fetch it from there. */
export function thumbnailPath(collection: string, id: string): string {
  return `v1/collections/${encodeURIComponent(collection)}/items/${encodeURIComponent(id)}/thumbnail`;
}

/** The picture of an item, as an address for `img`; the caller revokes it. @throws Problem */
export async function thumbnailUrl(collection: string, id: string): Promise<string> {
  return URL.createObjectURL(await (await get(thumbnailPath(collection, id))).blob());
}

/** What is most similar to an item, nearest first. @throws Problem */
export async function searchById(collection: string, id: string, k: number): Promise<Neighbour[]> {
  const answer = await call('v1/search', { method: 'POST', json: { collection, id, k } });
  return ((await answer.json()) as { neighbours: Neighbour[] }).neighbours;
}

/** A part of a photo as the API has it. */
const regionText = ({ left, top, width, height }: Rectangle) =>
  [left, top, width, height].map((part) => part.toFixed(6)).join(',');

const nameOf = (photo: Blob) => (photo instanceof File ? photo.name : 'photo.jpg');

/** The vector of a photo, or of a part of it. @throws Problem */
export async function embedPhoto(photo: Blob, region: Rectangle | null): Promise<number[]> {
  const form = new FormData();
  form.append('image', photo, nameOf(photo));
  const query = region === null ? '' : `?region=${regionText(region)}`;
  const answer = await call(`v1/embed${query}`, { method: 'POST', form });
  return ((await answer.json()) as { embedding: number[] }).embedding;
}

/** What is similar to examples, which are ids of items or vectors, and not to others. @throws Problem */
export async function searchByExamples(
  collection: string,
  positives: (string | number[])[],
  negatives: string[],
  k: number,
): Promise<Neighbour[]> {
  const json = { collection, positives, negatives, k };
  const answer = await call('v1/search', { method: 'POST', json });
  return ((await answer.json()) as { neighbours: Neighbour[] }).neighbours;
}

/** What the server takes. */
export interface Intake {
  /** The largest photo, in bytes. */
  mostBytes: number;
  /** Whether a photo may be named by its address on the web. */
  fetchesUrls: boolean;
  /** Whether answers can be shared by a link. */
  sharesAnswers: boolean;
}

/** What the server takes; null where it does not say. */
export async function readIntake(): Promise<Intake | null> {
  try {
    const info = (await (await get('v1/info')).json()) as ServerInfo;
    const { limits, fetchesUrls, sharesAnswers } = info;
    return { mostBytes: limits.fileBytes, fetchesUrls, sharesAnswers };
  } catch (error) {
    // The photo's own request will meet the same problem, and say so.
    if (error instanceof Problem) {
      return null;
    }
    throw error;
  }
}

/** A photo from its address on the web, which the server fetches. @throws Problem */
export async function fetchPhoto(url: string): Promise<File> {
  const blob = await (await call(`v1/fetch?${new URLSearchParams({ url })}`, { method: 'POST' })).blob();
  const name = new URL(url).pathname.split('/').at(-1) || new URL(url).hostname;
  return new File([blob], name, { type: blob.type });
}

/** A shared answer. */
export interface Shared {
  id: string;
  /** Until when it can be opened, as ISO 8601. */
  expires: string;
  collection: string;
  photoBase64: string;
  answer: Identification;
}

/** Shares an answer with a small JPEG of its photo. @throws Problem */
export async function shareAnswer(photo: File, collection: string, answer: Identification): Promise<Shared> {
  const form = new FormData();
  form.append('image', photo, nameOf(photo));
  // Where the similarities come from can be asked again; it is most of the answer.
  const neighbours = answer.neighbours.map(({ explanation: _, ...neighbour }) => neighbour);
  form.append('answer', JSON.stringify({ ...answer, neighbours }));
  form.append('collection', collection);
  return (await call('v1/shares', { method: 'POST', form })).json() as Promise<Shared>;
}

/** @throws Problem share_not_found */
export async function readShared(id: string): Promise<Shared> {
  return (await get(`v1/shares/${encodeURIComponent(id)}`)).json() as Promise<Shared>;
}

/** A photo that comes with the page. @param animal `cat` or `dog` @throws Problem */
export async function examplePhoto(animal: string): Promise<File> {
  const blob = await (await get(`example-${animal}.jpg`)).blob();
  return new File([blob], `${animal}.jpg`, { type: blob.type });
}

/** What is asked about a photo. */
export interface Question {
  collection: string;
  /** Whether each neighbour comes with where its similarity comes from. */
  explain?: boolean;
  /** The part to look at; null: all of it. */
  region?: Rectangle | null;
  /** Whether to look for a second animal where one was found. */
  animals?: boolean;
}

/**
 * Asks for the breed of a photo. XMLHttpRequest rather than fetch, because only it tells how much of an upload
 * has been sent, which matters for a phone's photo on a slow line.
 *
 * @param photo the file's bytes as they are; the server reads kind and orientation from them
 * @param onSent called with the share of the upload that has left, 0..1
 * @throws Problem, or the signal's reason when aborted
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
      ...(region ? { region: regionText(region) } : {}),
      ...(animals ? { animals: 'true' } : {}),
    });
    request.open('POST', `v1/identify?${query}`);
    for (const [name, value] of Object.entries(authorisation())) {
      request.setRequestHeader(name, value);
    }
    request.upload.addEventListener('progress', (event) => {
      if (event.lengthComputable) {
        onSent(event.loaded / event.total);
      }
    });
    request.addEventListener('load', () => {
      const problem = () =>
        problemFrom(request.status, request.responseText, request.getResponseHeader('retry-after'));
      if (request.status !== 200) {
        return reject(problem());
      }
      try {
        resolve(JSON.parse(request.responseText) as Identification);
      } catch {
        reject(problem());
      }
    });
    request.addEventListener('error', () => void noAnswer([photo]).then(reject));
    request.addEventListener('abort', () => reject(signal.reason));
    request.addEventListener('loadend', () => signal.removeEventListener('abort', abort));
    signal.addEventListener('abort', abort);
    const form = new FormData();
    form.append('image', photo, nameOf(photo));
    request.send(form);
  });
}
