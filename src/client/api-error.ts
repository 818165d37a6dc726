/** Errors that the client throws for responses with an error status. */
import { ERRORS, type ErrorCode, type ErrorDetails, PawdexError } from '../errors.js';
import { parseProblem } from './parse-problem.js';

/** Characters of the response body to keep for debugging. */
const MAX_BODY = 1000;

/** Codes for responses that are not problem+json and therefore come from a proxy. */
const BY_STATUS: Record<number, ErrorCode> = {
  401: 'unauthorized',
  403: 'unauthorized',
  404: 'not_found',
  408: 'request_timeout',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  502: 'server_unreachable',
  503: 'overloaded',
  504: 'server_unreachable',
};

/** The server responded with an error. `code`, `hint`, `errors` and `retryAfter` come from the server. */
export class ApiError extends PawdexError {
  /**
   * @param httpStatus the status of the response
   * @param body the body of the response, at most 1000 characters
   * @param requestId the id of the request in the server's log
   */
  constructor(
    code: ErrorCode,
    details: ErrorDetails,
    readonly httpStatus: number,
    readonly body: string,
    readonly requestId: string | null,
  ) {
    super(code, details);
    this.name = 'ApiError';
  }
}

/** Parses a Retry-After header, which contains seconds or a date. Returns seconds from now. */
function parseRetryAfter(header: string | null): number | undefined {
  const seconds = /^\d+$/.test(header ?? '')
    ? Number(header)
    : (Date.parse(header ?? '') - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/** Reads the error from an unsuccessful response. Consumes the body. */
export async function toApiError(response: Response): Promise<ApiError> {
  const { status, headers } = response;
  const body = await response.text();
  const {
    code = '',
    title = `The server responded with status ${status}.`,
    detail = title,
    hint,
    errors,
  } = parseProblem(body);
  return new ApiError(
    Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : (BY_STATUS[status] ?? 'internal'),
    {
      detail,
      hint,
      errors: Array.isArray(errors) ? errors : undefined,
      retryAfter: parseRetryAfter(headers.get('retry-after')),
    },
    status,
    body.slice(0, MAX_BODY),
    headers.get('x-request-id'),
  );
}
