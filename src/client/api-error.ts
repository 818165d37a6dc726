/** Errors that the client throws for answers with an error status. */
import { ERRORS, type ErrorCode, type ErrorDetails, PawdexError } from '../errors.js';

/** Characters of the answer's body to keep for debugging. */
const MAX_BODY = 1000;

/** Codes for answers that are not problem+json and therefore come from a proxy. */
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

/** The server answered with an error. `code`, `hint`, `errors` and `retryAfter` come from the server. */
export class ApiError extends PawdexError {
  /**
   * @param httpStatus the answer's status
   * @param body the answer's text, at most 1000 characters
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

interface ProblemFields {
  code?: unknown;
  title?: unknown;
  detail?: unknown;
  hint?: unknown;
  errors?: { path: string; message: string }[];
}

function parseProblem(text: string): ProblemFields {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    // For example the error page of a proxy. The status decides.
    return {};
  }
}

/** Parses a Retry-After header, which contains seconds or a date. Returns seconds. */
function readRetryAfter(header: string | null): number | undefined {
  if (header === null) {
    return undefined;
  }
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

/** Reads the error from an unsuccessful answer. Consumes the body. */
export async function toApiError(response: Response): Promise<ApiError> {
  const text = await response.text();
  const { code, title, detail, hint, errors } = parseProblem(text);
  const known = typeof code === 'string' && Object.hasOwn(ERRORS, code);
  const retryAfter = readRetryAfter(response.headers.get('retry-after'));
  const said = [detail, title].find((part) => typeof part === 'string') as string | undefined;
  return new ApiError(
    known ? (code as ErrorCode) : (BY_STATUS[response.status] ?? 'internal'),
    {
      detail: said ?? `The server answered with status ${response.status}.`,
      ...(typeof hint === 'string' ? { hint } : {}),
      ...(Array.isArray(errors) ? { errors } : {}),
      retryAfter,
    },
    response.status,
    text.slice(0, MAX_BODY),
    response.headers.get('x-request-id'),
  );
}
