/** Reads a request's body, form or JSON alike, into files and fields. */
import express, { type Request, type RequestHandler, type Response } from 'express';
import type { Config } from '../../config.js';
import { PawdexError } from '../../errors.js';
import { ByteBudget } from './budget.js';
import { FORM_OVERHEAD_BYTES, multipartError, multipartParser } from './multipart.js';
import { receive } from './receive.js';

const MIB = 1024 * 1024;
/** Bytes of all files of one upload of many, unless one file alone may be larger. */
const BATCH_BYTES = 64 * MIB;
/** Bytes that uploads of all requests together may hold, unless two of the largest need more. */
const BUDGET_BYTES = 512 * MIB;
/** JSON around an image's base64. */
const JSON_OVERHEAD_BYTES = MIB;
/** Fields of a form whose text is JSON. */
const JSON_FIELDS = ['filter', 'metadata', 'items', 'vector', 'positives', 'negatives'];

/** A body as the routes see it. */
export interface Body {
  /** Files of the form's field `image`, with the names the client gave them; none for JSON. */
  files: { buffer: Buffer; originalname: string }[];
  /** The JSON object, or the form's text fields; those that hold JSON are parsed. */
  fields: Record<string, unknown>;
}

/** Sizes that uploads are held to, in bytes unless named otherwise. */
export interface UploadLimits {
  fileBytes: number;
  batchFiles: number;
  batchBytes: number;
  jsonBytes: number;
}

/** The limits that follow from the settings. */
export function uploadLimits(config: Pick<Config, 'MAX_UPLOAD_MB' | 'MAX_BATCH_FILES'>): UploadLimits {
  const fileBytes = Math.floor(config.MAX_UPLOAD_MB * MIB);
  return {
    fileBytes,
    batchFiles: config.MAX_BATCH_FILES,
    batchBytes: Math.max(fileBytes, BATCH_BYTES),
    jsonBytes: Math.ceil(fileBytes / 3) * 4 + JSON_OVERHEAD_BYTES,
  };
}

/** Reads bodies under the limits of one app. */
export class BodyReader {
  readonly limits: UploadLimits;
  readonly #budget: ByteBudget;
  readonly #json: RequestHandler;
  readonly #one: RequestHandler;
  readonly #many: RequestHandler;

  constructor(limits: UploadLimits) {
    this.limits = limits;
    this.#budget = new ByteBudget(Math.max(BUDGET_BYTES, 2 * (limits.batchBytes + FORM_OVERHEAD_BYTES)));
    // No inflating: a compressed body could be a bomb, and photos do not compress.
    this.#json = express.json({ limit: limits.jsonBytes, inflate: false, type: isJson });
    this.#one = multipartParser({ files: 1, fileBytes: limits.fileBytes });
    this.#many = multipartParser({ files: limits.batchFiles, fileBytes: limits.fileBytes });
  }

  /**
   * Reads a body of either kind; no body at all is an empty object.
   *
   * @param many whether a form may hold many files
   * @throws PawdexError invalid_json, invalid_multipart, unsupported_media_type, payload_too_large,
   *   image_unexpected, overloaded
   */
  async read(req: Request, res: Response, { many = false } = {}): Promise<Body> {
    if (req.is('multipart/form-data')) return this.#form(req, res, many);
    return { files: [], fields: await this.object(req, res) };
  }

  /** Reads a JSON object; no body at all is an empty one. Throws as {@link read}. */
  async object(req: Request, res: Response): Promise<Record<string, unknown>> {
    if (!isJson(req)) {
      const type = req.headers['content-type'];
      if (type === undefined && !hasBody(req)) return {};
      throw new PawdexError('unsupported_media_type', {
        detail:
          type === undefined ? 'The request names no content type.' : 'The content type is another one.',
      });
    }
    await receive(this.#json, req, res, this.limits.jsonBytes, this.#budget);
    const body: unknown = req.body ?? {};
    if (Array.isArray(body))
      throw new PawdexError('invalid_request', { detail: 'The body is an array; it must be an object.' });
    return body as Record<string, unknown>;
  }

  async #form(req: Request, res: Response, many: boolean): Promise<Body> {
    if ((req.headers['content-encoding'] ?? 'identity') !== 'identity')
      throw new PawdexError('unsupported_media_type', { detail: 'A compressed form is not read.' });
    const { fileBytes, batchBytes, batchFiles } = this.limits;
    const most = (many ? batchBytes : fileBytes) + FORM_OVERHEAD_BYTES;
    await receive(many ? this.#many : this.#one, req, res, most, this.#budget).catch((error) => {
      throw multipartError(error, { files: many ? batchFiles : 1, fileBytes });
    });
    const fields = { ...(req.body as Record<string, unknown>) };
    for (const name of JSON_FIELDS) if (name in fields) fields[name] = parseField(name, fields[name]);
    return { files: (req.files as Express.Multer.File[] | undefined) ?? [], fields };
  }
}

function isJson(req: { headers: { 'content-type'?: string | undefined } }): boolean {
  return /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(req.headers['content-type'] ?? '');
}

function hasBody(req: Request): boolean {
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}

function parseField(name: string, text: unknown): unknown {
  try {
    return JSON.parse(text as string);
  } catch (cause) {
    throw new PawdexError('invalid_request', {
      detail: `The form field \`${name}\` is not valid JSON.`,
      errors: [{ path: `body.${name}`, message: 'must be JSON' }],
      cause,
    });
  }
}
