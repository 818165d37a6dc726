/** Errors as RFC 9457 problem+json: the one place where a thrown value becomes an answer. */
import type { ErrorRequestHandler, Request, Response } from 'express';
import { asPawdexError, ERRORS, PawdexError } from '../errors.js';
import { linger } from './body/receive.js';
import { relativeAddress } from './relative-address.js';

/** Seconds a caller is asked to wait when the error does not say. */
const DEFAULT_RETRY_AFTER = 1;

/** An error's body; `type` is the address of the code's entry in the error table, relative to the request's. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  code: string;
  hint: string;
  instance?: string;
  requestId?: string;
  errors?: { path: string; message: string }[];
}

/**
 * The body for an error.
 *
 * @param where the request's path and id, as far as there is one
 * @param requested path and query of the request
 */
export function problemOf(
  error: PawdexError,
  where: { instance?: string; requestId?: string },
  requested = '/',
): Problem {
  const { code, status, hint, detail, errors } = error;
  return {
    type: relativeAddress(requested, `docs/errors#${code}`),
    title: ERRORS[code].title,
    status,
    // What went wrong inside is for the log alone.
    ...(detail === undefined || code === 'internal' ? {} : { detail }),
    code,
    hint,
    ...where,
    ...(errors === undefined ? {} : { errors }),
  };
}

/** Errors of Express and its body parser, by their `type`, as ours. */
function fromHttpError(error: unknown): PawdexError {
  if (error instanceof PawdexError || !(error instanceof Error)) return asPawdexError(error);
  const { type, status } = error as { type?: unknown; status?: unknown };
  switch (type) {
    case 'entity.too.large':
      return new PawdexError('payload_too_large', { cause: error });
    case 'entity.parse.failed':
      return new PawdexError('invalid_json', { detail: error.message, cause: error });
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new PawdexError('unsupported_media_type', { detail: `${error.message}.`, cause: error });
  }
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new PawdexError('invalid_request', { detail: error.message, cause: error });
  return asPawdexError(error);
}

/** Whether Node ends the connection with the answer, whatever the client is still sending. */
const closesAfter = (res: Response) => !res.shouldKeepAlive || res.getHeader('connection') === 'close';

/** Answers with the problem of `error`. */
function send(req: Request, res: Response, error: PawdexError): void {
  if (error.status === 503)
    res.set('Retry-After', String(Math.ceil(error.retryAfter ?? DEFAULT_RETRY_AFTER)));
  if (error.code === 'unauthorized') res.set('WWW-Authenticate', 'Bearer');
  const where = { instance: req.path, requestId: String(req.id) };
  const problem = problemOf(error, where, req.originalUrl);
  res.status(error.status).type('application/problem+json').send(JSON.stringify(problem));
}

/** The last middleware: every error ends here. */
export const errorHandler: ErrorRequestHandler = async (thrown, req, res, _next) => {
  const error = fromHttpError(thrown);
  if (error.status >= 500 && error.status !== 503)
    req.log.error({ err: error.cause ?? error, code: error.code }, 'request failed');
  else req.log.debug({ code: error.code, detail: error.detail }, 'request refused');
  // A client that has gone away is not answered; a body that still comes is read off.
  const rest = req.complete || req.destroyed ? undefined : linger(req);
  const closes = closesAfter(res);
  if (closes) await rest;
  if (res.headersSent || res.destroyed) res.destroy();
  else send(req, res, error);
  // Who has had the answer and sends on is cut off; where the connection closes with the answer, Node does that.
  if (closes || rest === undefined) return;
  await rest;
  if (!req.complete) req.destroy();
};
