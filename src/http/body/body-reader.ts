/** Reads a request's body, a form or JSON, into files and fields. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Config } from '../../config.js';
import { PawdexError } from '../../errors.js';
import { type FetchOptions, fetchImage } from '../fetch-image.js';
import { checkJson } from './check-json.js';
import { FORM_OVERHEAD_BYTES, type FormFile, parseForm } from './multipart.js';
import { ByteBudget, receiveBody } from './receive-body.js';

const MIB = 1024 * 1024;
/** Size limit of all files in one batch upload, unless a single file may be larger. */
const BATCH_BYTES = 64 * MIB;
/** Memory for the uploads of all requests together, unless two of the largest need more. */
const BUDGET_BYTES = 256 * MIB;
/** JSON around an image's base64. */
const JSON_OVERHEAD_BYTES = MIB;
/** Size limit of JSON without images: enough for 10,000 ids, or for 16 KiB of metadata with every character escaped. */
const SMALL_JSON_BYTES = 512 * 1024;

export interface Body {
  isForm: boolean;
  /** Parts of the form's field `image`, in order; none for JSON. */
  files: FormFile[];
  /** The JSON object, or the form's text fields. */
  fields: Record<string, unknown>;
}

/** How a body is read. */
export interface ReadOptions {
  /** Whether a form may contain many files. */
  many?: boolean;
  /** Paths of images in the JSON, such as `imageBase64`. Without any, JSON is limited to 512 KiB. */
  imagePaths?: readonly string[];
}

export const uploadLimitsSchema = z.object({
  fileBytes: z.int(),
  batchFiles: z.int(),
  batchBytes: z.int(),
  jsonBytes: z.int(),
});
/** Limits of uploads. All except `batchFiles` are in bytes. */
export type UploadLimits = z.output<typeof uploadLimitsSchema>;

function getUploadLimits(config: BodyConfig): UploadLimits {
  const fileBytes = Math.floor(config.MAX_UPLOAD_MB * MIB);
  return {
    fileBytes,
    batchFiles: config.MAX_BATCH_FILES,
    batchBytes: Math.max(fileBytes, BATCH_BYTES),
    jsonBytes: Math.ceil(fileBytes / 3) * 4 + JSON_OVERHEAD_BYTES,
  };
}

type BodyConfig = Pick<Config, 'MAX_UPLOAD_MB' | 'MAX_BATCH_FILES' | 'FETCH_URLS'>;

/** Reads bodies under the limits of one app. */
export class BodyReader {
  readonly limits: UploadLimits;
  readonly #fetchesUrls: boolean;
  readonly #mayFetchFrom: FetchOptions['isAllowed'];
  readonly #budget: ByteBudget;

  /** @param mayFetchFrom whether to connect to an IP address. Default: only public ones. */
  constructor(config: BodyConfig, mayFetchFrom?: FetchOptions['isAllowed']) {
    this.limits = getUploadLimits(config);
    this.#fetchesUrls = config.FETCH_URLS;
    this.#mayFetchFrom = mayFetchFrom;
    const largest = this.limits.batchBytes + FORM_OVERHEAD_BYTES;
    this.#budget = new ByteBudget(Math.max(BUDGET_BYTES, 2 * largest));
  }

  /**
   * Reads a body of either kind. A missing body counts as an empty object.
   *
   * @throws PawdexError invalid_json, invalid_multipart, unsupported_media_type, payload_too_large,
   *   invalid_request, image_unexpected, overloaded
   */
  async read(req: Request, res: Response, options: ReadOptions = {}): Promise<Body> {
    if (req.is('multipart/form-data')) {
      return this.#readForm(req, res, options);
    }
    return { isForm: false, files: [], fields: await this.readJson(req, res, options) };
  }

  /**
   * Fetches the image at a URL.
   *
   * @throws PawdexError url_input_disabled, url_not_allowed, url_unreachable, payload_too_large, overloaded
   */
  fetch(url: string): Promise<Uint8Array> {
    if (!this.#fetchesUrls) {
      throw new PawdexError('url_input_disabled');
    }
    return fetchImage(url, { maxBytes: this.limits.fileBytes, isAllowed: this.#mayFetchFrom });
  }

  /** Reads a JSON object. A missing body counts as an empty one. Throws as {@link read}. */
  async readJson(
    req: Request,
    res: Response,
    { imagePaths = [] }: ReadOptions = {},
  ): Promise<Record<string, unknown>> {
    const type = req.headers['content-type'];
    if (type === undefined && !hasBody(req)) {
      return {};
    }
    checkJsonType(type);
    refuseCompressed(req);
    const isSmall = imagePaths.length === 0;
    const bytes = await receiveBody(req, res, {
      limit: isSmall ? SMALL_JSON_BYTES : this.limits.jsonBytes,
      hint: isSmall ? 'Split the request into several smaller ones.' : undefined,
      budget: this.#budget,
    });
    checkJson(bytes, 'body', imagePaths);
    return bytes.length === 0 ? {} : parseObject(bytes);
  }

  async #readForm(req: Request, res: Response, { many = false }: ReadOptions): Promise<Body> {
    refuseCompressed(req);
    const { fileBytes, batchBytes, batchFiles } = this.limits;
    const bytes = await receiveBody(req, res, {
      limit: (many ? batchBytes : fileBytes) + FORM_OVERHEAD_BYTES,
      hint: many ? 'Send fewer or smaller images in one request.' : undefined,
      budget: this.#budget,
    });
    const limits = { files: many ? batchFiles : 1, fileBytes };
    return { isForm: true, ...parseForm(bytes, req.headers['content-type']!, limits) };
  }
}

/** @throws PawdexError unsupported_media_type unless it is JSON in UTF-8 */
function checkJsonType(type: string | undefined): void {
  const toError = (detail: string) => new PawdexError('unsupported_media_type', { detail });
  if (type === undefined) {
    throw toError('The request has no content type.');
  }
  const [essence = '', ...parameters] = type.split(';').map((part) => part.trim());
  if (!/^application\/([\w.-]+\+)?json$/i.test(essence)) {
    throw toError(`Unsupported content type \`${essence.slice(0, 100)}\`.`);
  }
  const charset = parameters.find((parameter) => /^charset=/i.test(parameter))?.slice('charset='.length);
  if (charset !== undefined && !/^"?utf-?8"?$/i.test(charset)) {
    throw toError(`JSON must be UTF-8, not ${charset.slice(0, 100)}.`);
  }
}

/** Refuses compressed bodies: they could be decompression bombs, and photos do not compress. */
function refuseCompressed(req: Request): void {
  const encoding = req.headers['content-encoding'] ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') {
    throw new PawdexError('unsupported_media_type', { detail: 'Compressed bodies are not supported.' });
  }
}

/** @throws PawdexError invalid_json, invalid_request when it is an array */
function parseObject(bytes: Buffer): Record<string, unknown> {
  const toError = (detail: string, cause?: unknown) => new PawdexError('invalid_json', { detail, cause });
  let body: unknown;
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw toError(error instanceof SyntaxError ? `${error.message}.` : 'The body is not UTF-8.', error);
  }
  if (Array.isArray(body)) {
    throw new PawdexError('invalid_request', { detail: 'The body is an array; it must be an object.' });
  }
  if (typeof body !== 'object' || body === null) {
    throw toError('The body must be a JSON object.');
  }
  return body as Record<string, unknown>;
}

function hasBody(req: Request): boolean {
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}
