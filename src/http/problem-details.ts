/** Turns thrown values into responses: RFC 9457 problem+json. */
import type { ErrorRequestHandler, Request, Response } from 'express';
import { z } from 'zod';
import { asPawdexError, ERRORS, type ErrorCode, PawdexError } from '../errors.js';
import { linger } from './body/receive-body.js';
import { toRelativeAddress } from './relative-address.js';

const DEFAULT_RETRY_AFTER = 1;

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    code: z.string().meta({ description: 'Stable; see /docs/errors.', example: 'image_missing' }),
    hint: z.string().meta({ description: 'What to do about it.' }),
    instance: z.string().optional(),
    requestId: z.string().optional(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });
/** An error's body. `type`, the code's entry in the error table, and `instance` are relative to the request's URL. */
export type Problem = z.output<typeof problemSchema>;

/**
 * Creates the body for an error.
 *
 * @param req the request, unless it could not be read
 */
export function toProblem(error: PawdexError, req?: Pick<Request, 'originalUrl' | 'path' | 'id'>): Problem {
  const { code, status, hint, detail, errors } = error;
  const toAddress = (target: string) => toRelativeAddress(req?.originalUrl ?? '/', target);
  return {
    type: toAddress(`docs/errors#${code}`),
    title: ERRORS[code].title,
    status,
    // Details of internal errors only go to the log.
    ...(detail === undefined || code === 'internal' ? {} : { detail }),
    code,
    hint,
    ...(req && { instance: toAddress(req.path.slice(1)), requestId: String(req.id) }),
    errors,
  };
}

/** Codes by the status of Express' errors about `Range` and conditional requests for files. */
const FILE_CODES = new Map<number, ErrorCode>([
  [412, 'precondition_failed'],
  [416, 'range_not_satisfiable'],
]);

/** Converts any thrown value. Express throws its own errors for URLs that it cannot decode. */
function toPawdexError(thrown: unknown): PawdexError {
  const error = asPawdexError(thrown);
  const { status = 500, message } = (thrown ?? {}) as { status?: number; message?: string };
  return error.code === 'internal' && status >= 400 && status < 500
    ? new PawdexError(FILE_CODES.get(status) ?? 'invalid_request', { detail: message, cause: thrown })
    : error;
}

/** Whether Node closes the connection after the response, even if the client is still sending. */
const willClose = (res: Response) => !res.shouldKeepAlive || res.getHeader('connection') === 'close';

function sendProblem(req: Request, res: Response, error: PawdexError): void {
  if (error.status === 503) {
    res.set('Retry-After', String(Math.ceil(error.retryAfter ?? DEFAULT_RETRY_AFTER)));
  }
  if (error.code === 'unauthorized') {
    res.set('WWW-Authenticate', 'Bearer');
  }
  res
    .status(error.status)
    .type('application/problem+json')
    .send(JSON.stringify(toProblem(error, req)));
}

/** The last middleware: turns every error into a response. */
export const errorHandler: ErrorRequestHandler = async (thrown, req, res, _next) => {
  const error = toPawdexError(thrown);
  if (error.status >= 500 && error.status !== 503) {
    req.log.error({ err: error.cause ?? error, code: error.code }, 'request failed');
  } else {
    req.log.debug({ code: error.code, detail: error.detail }, 'request refused');
  }
  // Read and discard the rest of the body, so that the client sees the response, unless it has disconnected.
  const discarded = req.complete || req.destroyed ? undefined : linger(req);
  const closes = willClose(res);
  if (closes) {
    await discarded;
  }
  if (res.headersSent || res.destroyed) {
    res.destroy();
  } else {
    sendProblem(req, res, error);
  }
  // Close the connection if the client keeps sending after the response.
  if (closes || discarded === undefined) {
    return;
  }
  await discarded;
  if (!req.complete) {
    req.destroy();
  }
};
