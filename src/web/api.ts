/** The page's requests to the server: collections, identify, thumbnails. */
import type { CollectionInfo, CollectionList, LabelList, ServerInfo } from '../client/wire.js';
import type { Identification, Neighbour } from '../engine/engine.js';
import type { Rectangle } from '../image/heat-colours.js';
import { noAnswer, Problem, problemFrom } from './problem.js';

const KEY = 'pawdex.apiKey';

/** Keeps the API key until the tab is closed; it is never written to disk by the page. */
export function setApiKey(key: string): void {
  sessionStorage.setItem(KEY, key);
}

/** Whether a key has been entered in this tab. */
export function hasApiKey(): boolean {
  return sessionStorage.getItem(KEY) !== null;
}

/** Options of a request. */
export interface Call {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  json?: unknown;
  form?: FormData;
  file?: Blob;
  /** Whether it continues when the page is closed. */
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
export async function listCollections(): Promise<CollectionInfo[]> {
  const body = (await (await get('v1/collections')).json()) as CollectionList;
  return body.collections;
}

/** The labels of a collection, most items first. @throws Problem */
export async function listLabels(collection: string): Promise<LabelList['labels']> {
  const path = `v1/collections/${encodeURIComponent(collection)}/labels`;
  return ((await (await get(path)).json()) as LabelList).labels;
}

/** URL of an item's picture. With an API key, `img` cannot load it. */
export function thumbnailPath(collection: string, id: string): string {
  return `v1/collections/${encodeURIComponent(collection)}/items/${encodeURIComponent(id)}/thumbnail`;
}

/** The picture of an item, as an object URL for `img` that the caller revokes. @throws Problem */
export async function thumbnailUrl(collection: string, id: string): Promise<string> {
  return URL.createObjectURL(await (await get(thumbnailPath(collection, id))).blob());
}

/** The items most similar to an item, nearest first. @throws Problem */
export async function searchById(collection: string, id: string, k: number): Promise<Neighbour[]> {
  const answer = await call('v1/search', { method: 'POST', json: { collection, id, k } });
  return ((await answer.json()) as { neighbours: Neighbour[] }).neighbours;
}

/** A part of a photo in the API's format. */
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

/** Items similar to some examples and not to others. Examples are ids of items or vectors. @throws Problem */
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

/** What the server accepts. */
export interface Intake {
  /** The largest photo, in bytes. */
  mostBytes: number;
  /** Whether the server fetches a photo from its URL. */
  fetchesUrls: boolean;
  /** Whether answers can be shared with a link. */
  sharesAnswers: boolean;
}

/** What the server accepts; null if it does not say. */
export async function readIntake(): Promise<Intake | null> {
  try {
    const info = (await (await get('v1/info')).json()) as ServerInfo;
    const { limits, fetchesUrls, sharesAnswers } = info;
    return { mostBytes: limits.fileBytes, fetchesUrls, sharesAnswers };
  } catch (error) {
    // The request with the photo will meet the same problem and report it.
    if (error instanceof Problem) {
      return null;
    }
    throw error;
  }
}

/** A photo that the server fetches from its URL. @throws Problem */
export async function fetchPhoto(url: string): Promise<File> {
  const blob = await (await call(`v1/fetch?${new URLSearchParams({ url })}`, { method: 'POST' })).blob();
  const name = new URL(url).pathname.split('/').at(-1) || new URL(url).hostname;
  return new File([blob], name, { type: blob.type });
}

/** A shared answer. */
export interface Shared {
  id: string;
  /** Expiry, as ISO 8601. */
  expires: string;
  collection: string;
  photoBase64: string;
  answer: Identification;
}

/** Shares an answer with a small JPEG of its photo. @throws Problem */
export async function shareAnswer(photo: File, collection: string, answer: Identification): Promise<Shared> {
  const form = new FormData();
  form.append('image', photo, nameOf(photo));
  // Explanations make up most of an answer, and can be requested again.
  const neighbours = answer.neighbours.map(({ explanation: _, ...neighbour }) => neighbour);
  form.append('answer', JSON.stringify({ ...answer, neighbours }));
  form.append('collection', collection);
  return (await call('v1/shares', { method: 'POST', form })).json() as Promise<Shared>;
}

/** @throws Problem share_not_found */
export async function readShared(id: string): Promise<Shared> {
  return (await get(`v1/shares/${encodeURIComponent(id)}`)).json() as Promise<Shared>;
}

/**
 * An example photo that is part of the page.
 *
 * @param animal `cat` or `dog`
 * @throws Problem
 */
export async function examplePhoto(animal: string): Promise<File> {
  const blob = await (await get(`example-${animal}.jpg`)).blob();
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
