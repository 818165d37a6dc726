/** Sends requests: adds the API key, limits the time, and waits if the server is overloaded. */
import { openAsBlob } from 'node:fs';
import { ERRORS, type ErrorCode, PawdexError, toFileError } from '../errors.js';
import { replaceFile } from '../files/replace-file.js';
import { keepTrying } from '../threads/keep-trying.js';
import { ApiError, toApiError } from './api-error.js';

export interface ClientOptions {
  /** Where the server is: http://127.0.0.1:3000. */
  baseUrl: string;
  /** The API key, if the server requires one. */
  apiKey?: string;
  /** Another `fetch`, for tests or a proxy. */
  fetch?: typeof fetch;
  /** Time limit of one request, in milliseconds. */
  timeoutMs?: number;
  /** How long one call may wait in total while the server responds with 503, in milliseconds. 0: never wait. */
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
  /** A form, or a file with its media type. */
  body?: FormData | Blob;
  /** Time limit in milliseconds. Default: that of the client. */
  timeoutMs?: number;
}

/**
 * Builds the path of a resource, with encoded names.
 *
 * @example v1`collections/${name}/items`
 */
export const v1 = (texts: TemplateStringsArray, ...names: string[]): string =>
  `/v1/${String.raw(texts, ...names.map(encodeURIComponent))}`;

/** Media type of Parquet files. */
export const PARQUET_TYPE = 'application/vnd.apache.parquet';

const DEFAULT_TIMEOUT_MS = 120_000;
/** Time limit of uploads and downloads of files. */
const TRANSFER_MS = 24 * 3_600_000;
const DEFAULT_MAX_WAIT_MS = 30_000;
/** Codes of requests that were refused with 503. */
const RETRIABLE = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => ERRORS[code].status === 503);

/** Reads the JSON of a response; undefined if it has none. */
const readJson = async <T>(response: Response) =>
  (response.status === 204 ? undefined : await response.json()) as T;

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

  get<T>(path: string, query?: Call['query']): Promise<T> {
    return this.send({ path, query });
  }

  post<T>(path: string, parts?: Pick<Call, 'query' | 'json' | 'body'>): Promise<T> {
    return this.send({ method: 'POST', path, ...parts });
  }

  patch<T>(path: string, json: object): Promise<T> {
    return this.send({ method: 'PATCH', path, json });
  }

  delete<T>(path: string): Promise<T> {
    return this.send({ method: 'DELETE', path });
  }

  /**
   * Downloads a file, which replaces an existing one once it is complete. Also throws the file system's errors.
   *
   * @returns the headers of the response
   */
  download(path: string, file: string): Promise<Headers> {
    return this.send({ path, timeoutMs: TRANSFER_MS }, async ({ body, headers }) => {
      await replaceFile(file, (body as AsyncIterable<Uint8Array> | null) ?? '');
      return headers;
    });
  }

  /** Uploads a file of this machine and returns the JSON of the response. */
  async upload<T>(path: string, query: Call['query'], file: string, type: string): Promise<T> {
    const body = await openAsBlob(file, { type });
    return this.send({ method: 'POST', path, query, body, timeoutMs: TRANSFER_MS });
  }

  /**
   * Sends a request. After a 503 it tries again: a refused request has done nothing, and adding is idempotent.
   *
   * @param read reads the response. Default: its JSON.
   * @throws ApiError, PawdexError server_unreachable
   */
  send<T>(call: Call, read: (response: Response) => Promise<T> = readJson<T>): Promise<T> {
    const attempt = async () => {
      try {
        const response = await this.#fetchCall(call);
        if (!response.ok) {
          throw await toApiError(response);
        }
        return await read(response);
      } catch (error) {
        throw this.#toCallError(call, error);
      }
    };
    return keepTrying(attempt, {
      codes: RETRIABLE,
      patienceMs: this.#maxWaitMs,
      // Spread the retries of clients that were refused at the same time.
      waitMs: ({ retryAfter = 1 }) => retryAfter * 1000 * (1 + Math.random() / 4),
    });
  }

  #fetchCall({ method = 'GET', path, query = {}, json, body, timeoutMs }: Call): Promise<Response> {
    const url = new URL(this.#base + path);
    for (const [name, value] of Object.entries(query)) {
      for (const element of value === undefined ? [] : [value].flat()) {
        url.searchParams.append(name, String(element));
      }
    }
    return this.#fetch(url, {
      method,
      headers: this.#headers,
      signal: AbortSignal.timeout(timeoutMs ?? this.#timeoutMs),
      // `fetch` sends the type of a blob.
      body: json === undefined ? body : new Blob([JSON.stringify(json)], { type: 'application/json' }),
    });
  }

  /** Converts what a call has thrown to an ApiError, the error of a file that cannot be written, or server_unreachable. */
  #toCallError({ path, timeoutMs = this.#timeoutMs }: Call, cause: unknown): PawdexError {
    if (cause instanceof ApiError) {
      return cause;
    }
    const hasTimedOut = cause instanceof Error && cause.name === 'TimeoutError';
    const reason = hasTimedOut ? `no response within ${timeoutMs / 1000} s` : formatCause(cause);
    const detail = `${this.#base}${path}: ${reason}.`;
    return toFileError(cause) ?? new PawdexError('server_unreachable', { detail, cause });
  }
}

/** The message of `fetch` is only "fetch failed"; its cause says what happened. */
function formatCause(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const { cause } = error;
  return cause instanceof Error && cause.message !== '' ? cause.message : error.message;
}
