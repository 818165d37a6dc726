/** Sends one request: adds the API key, limits its time, and waits if the server is overloaded. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import { PawdexError } from '../errors.js';
import { toApiError } from './api-error.js';

export interface ClientOptions {
  /** Where the server is: http://127.0.0.1:3000. */
  baseUrl: string;
  /** The API key, if the server requires one. */
  apiKey?: string;
  /** Another `fetch`, for tests or a proxy. */
  fetch?: typeof fetch;
  /** Time limit of one request, in milliseconds. */
  timeoutMs?: number;
  /** How long one call may wait in total while the server answers 503, in milliseconds. 0: never wait. */
  maxWaitMs?: number;
}

/** A value in a query or a form; omitted if undefined. */
export type Parameter = string | number | boolean | undefined;

/** A request's parts. */
export interface Call {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path with its parameters encoded. */
  path: string;
  query?: Record<string, Parameter | string[]>;
  /** Sent as JSON. */
  json?: unknown;
  form?: FormData;
  /** A file to send as the body, with its type. */
  file?: { content: Blob; type: string };
  /** Time limit in milliseconds. Default: that of the client. */
  timeoutMs?: number;
}

/** Builds the path of a resource, with encoded names. @example formatPath('collections', name, 'items') */
export const formatPath = (...names: string[]): string => `/v1/${names.map(encodeURIComponent).join('/')}`;

const DEFAULT_TIMEOUT_MS = 120_000;
const DEFAULT_MAX_WAIT_MS = 30_000;
/** Wait after a 503 without Retry-After. */
const DEFAULT_RETRY_SECONDS = 1;

/** Sends requests for {@link PawdexClient}. */
export class Transport {
  readonly #base: string;
  readonly #headers: Record<string, string>;
  readonly #fetch: typeof fetch;
  readonly #timeoutMs: number;
  readonly #maxWaitMs: number;

  /** @throws PawdexError config_invalid if `baseUrl` is not an http or https address */
  constructor(options: ClientOptions) {
    if (!/^https?:\/\//.test(options.baseUrl) || !URL.canParse(options.baseUrl)) {
      throw new PawdexError('config_invalid', {
        detail: `"${options.baseUrl}" is not the address of a server.`,
        hint: 'Use an address such as http://127.0.0.1:3000.',
      });
    }
    this.#base = options.baseUrl.replace(/\/+$/, '');
    this.#headers = options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` };
    this.#fetch = options.fetch ?? fetch;
    this.#timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#maxWaitMs = options.maxWaitMs ?? DEFAULT_MAX_WAIT_MS;
  }

  /** Returns the answer as JSON. @throws ApiError, PawdexError server_unreachable */
  async json<T>(call: Call): Promise<T> {
    return (await this.#send(call, (response) => response.json())) as T;
  }

  /** Returns the answer's bytes. Throws like {@link json}. */
  async bytes(call: Call): Promise<Uint8Array> {
    return new Uint8Array(await this.#send(call, (response) => response.arrayBuffer()));
  }

  /** Streams the answer to a file. @returns its headers. Throws like {@link json} */
  download(call: Call, file: string): Promise<Headers> {
    return this.#send(call, async ({ body, headers }) => {
      await pipeline(Readable.fromWeb(body as ReadableStream), createWriteStream(file));
      return headers;
    });
  }

  /** For answers without a body. Throws like {@link json}. */
  async done(call: Call): Promise<void> {
    await this.#send(call, (response) => response.arrayBuffer());
  }

  /** Every call can be repeated: a request answered with 503 has done nothing, and adding is idempotent. */
  async #send<T>(call: Call, read: (response: Response) => Promise<T>): Promise<T> {
    let waited = 0;
    for (;;) {
      const response = await this.#attempt(call);
      if (response.ok) {
        return await read(response).catch((cause) => this.#throwUnreachable(call, cause));
      }
      const error = await toApiError(response).catch((cause) => this.#throwUnreachable(call, cause));
      const pause = (error.retryAfter ?? DEFAULT_RETRY_SECONDS) * 1000;
      if (response.status !== 503 || waited + pause > this.#maxWaitMs) {
        throw error;
      }
      waited += pause;
      // Spread the retries of clients that were refused at the same time.
      await sleep(pause * (1 + Math.random() / 4));
    }
  }

  #attempt(call: Call): Promise<Response> {
    const { method = 'GET', path, query = {}, json, form, file, timeoutMs = this.#timeoutMs } = call;
    const url = new URL(this.#base + path);
    for (const [name, value] of Object.entries(query)) {
      for (const one of value === undefined ? [] : [value].flat()) {
        url.searchParams.append(name, String(one));
      }
    }
    const body = json === undefined ? (file?.content ?? form) : JSON.stringify(json);
    const media = json === undefined ? file?.type : 'application/json';
    const type: Record<string, string> = media === undefined ? {} : { 'content-type': media };
    return this.#fetch(url, {
      method,
      headers: { ...this.#headers, ...type },
      signal: AbortSignal.timeout(timeoutMs),
      body,
    }).catch((cause) => this.#throwUnreachable(call, cause));
  }

  #throwUnreachable({ path, timeoutMs = this.#timeoutMs }: Call, cause: unknown): never {
    const hasTimedOut = cause instanceof Error && cause.name === 'TimeoutError';
    const reason = hasTimedOut ? `no response within ${timeoutMs / 1000} s` : describe(cause);
    throw new PawdexError('server_unreachable', { detail: `${this.#base}${path}: ${reason}.`, cause });
  }
}

/** The message of `fetch` is only "fetch failed"; its cause says what happened. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}

/** Time limit of a transfer, in milliseconds. */
export const TRANSFER_MS = 24 * 3_600_000;

export const PARQUET_TYPE = 'application/vnd.apache.parquet';

/** Writes an answer to a file. An existing file is replaced once the new one is complete. @returns the headers */
export async function downloadFile(http: Transport, path: string, file: string): Promise<Headers> {
  const aside = `${file}.tmp`;
  try {
    const headers = await http.download({ path, timeoutMs: TRANSFER_MS }, aside);
    await rename(aside, file);
    return headers;
  } finally {
    await rm(aside, { force: true });
  }
}
