/**
 * All coded errors. HTTP responses, the exit codes of the command line and docs/errors.md come from this table, so that a code
 * means the same everywhere.
 */
import { getSystemErrorMap } from 'node:util';
import { COLLECTION_ERRORS } from './error-codes/collection-errors.js';
import { REQUEST_ERRORS } from './error-codes/request-errors.js';
import { SERVICE_ERRORS } from './error-codes/service-errors.js';

interface ErrorSpec {
  /** HTTP status. */
  status: number;
  /** What happened, in a sentence that fits every occurrence. */
  title: string;
  /** What the caller can do about it. */
  hint: string;
}

/** The errors by code. Codes are stable: a released code is never renamed or reused. */
export const ERRORS = {
  ...REQUEST_ERRORS,
  ...COLLECTION_ERRORS,
  ...SERVICE_ERRORS,
} satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

/** What is wrong with one field of a request, a file or the settings. */
export interface FieldError {
  /** Names of the fields on the way to it, such as `body.items.0.label`. */
  path: string;
  /** Ends a sentence about the field: `must be a number`. */
  message: string;
}

/** The details of a {@link PawdexError}. */
export interface ErrorDetails {
  /** What exactly went wrong. Safe to show to the caller. */
  detail?: string;
  /** `detail` with paths of this machine, for the command line and the log. It is the error's message, and never sent to clients. */
  localDetail?: string;
  /** Replaces the table's hint. */
  hint?: string;
  /** One entry per field that failed validation. */
  errors?: FieldError[];
  /** Seconds to wait before trying again. */
  retryAfter?: number;
  cause?: unknown;
}

/** An error with a stable code. pawdex throws no other errors on purpose. */
export class PawdexError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly hint: string;
  readonly detail: string | undefined;
  readonly errors: FieldError[] | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    const spec = ERRORS[code];
    const { detail, localDetail = detail ?? spec.title, cause } = details;
    super(localDetail, cause === undefined ? undefined : { cause });
    this.name = 'PawdexError';
    this.code = code;
    this.status = spec.status;
    this.hint = details.hint ?? spec.hint;
    this.detail = detail;
    this.errors = details.errors;
    this.retryAfter = details.retryAfter;
  }

  /** Converts the error to plain data, to send it to another thread or process. */
  toWire(): WireError {
    const { code, detail, message: localDetail, hint, errors, retryAfter } = this;
    return { code, detail, localDetail, hint, errors, retryAfter };
  }

  /** The inverse of {@link toWire}; an unknown code becomes `internal`. */
  static fromWire(wire: WireError): PawdexError {
    const code = Object.hasOwn(ERRORS, wire.code) ? (wire.code as ErrorCode) : 'internal';
    return new PawdexError(code, wire);
  }
}

/** A {@link PawdexError} as structured-clone or JSON data. */
export interface WireError extends Omit<ErrorDetails, 'cause'> {
  code: string;
}

/** An error as shown in responses and results. */
export interface Failure {
  code: ErrorCode;
  detail: string;
  hint: string;
}

/** Converts any thrown value for a response or a result. */
export function describeFailure(error: unknown): Failure {
  const { code, detail = ERRORS[code].title, hint } = asPawdexError(error);
  return { code, detail, hint };
}

/** Formats a size limit: "20 MiB", "64 KiB". */
function formatLimit(bytes: number): string {
  const [unit, size] = bytes < 2 ** 20 ? ['KiB', 2 ** 10] : ['MiB', 2 ** 20];
  return `${Math.round((10 * bytes) / size) / 10} ${unit}`;
}

/** @param what what is too large, as the subject of a sentence: `The file` */
export function createTooLargeError(what: string, maxBytes: number, hint?: string): PawdexError {
  const detail = `${what} exceeds the limit of ${formatLimit(maxBytes)}.`;
  return new PawdexError('payload_too_large', { detail, hint });
}

/** Hint for a folder that cannot be written. */
export const WRITE_ACCESS =
  'Check that the folder exists and that the user running pawdex may write to it, or choose another folder.';

/** What errors of the file system mean, by their code. */
const FILE_ERRORS = new Map<string, { code: ErrorCode; hint?: string; retryAfter?: number }>([
  ...['ENOSPC', 'EDQUOT', 'EFBIG'].map((code) => [code, { code: 'storage_full' }] as const),
  ...['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'ENOTDIR', 'EEXIST', 'EISDIR'].map(
    (code) => [code, { code: 'storage_failed', hint: WRITE_ACCESS }] as const,
  ),
  ...['EIO', 'EBUSY', 'ELOOP', 'ENAMETOOLONG', 'ENODEV', 'ENOTEMPTY', 'ENXIO', 'ESTALE'].map(
    (code) => [code, { code: 'storage_failed' }] as const,
  ),
  ...['EMFILE', 'ENFILE'].map((code) => [code, { code: 'too_many_open_files', retryAfter: 2 }] as const),
]);
/** System calls that are not about files. */
const OTHER_CALLS = /^(listen|bind|connect|accept|spawn|kill|getaddrinfo)/;

/** Converts an error of the file system. Returns null for any other error. */
export function toFileError(error: unknown): PawdexError | null {
  const { code, errno = 0, syscall, path = '' } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  const fileError =
    syscall === undefined || OTHER_CALLS.test(syscall) ? undefined : FILE_ERRORS.get(code ?? '');
  if (fileError === undefined) {
    return null;
  }
  const [, reason = 'it failed'] = getSystemErrorMap().get(errno) ?? [];
  const format = (name: string) => `Cannot access ${name || 'a file'}: ${reason} (${code}).`;
  // Clients must not learn the folders of the server.
  const details =
    fileError.code === 'storage_failed'
      ? { detail: format(path.split(/[\\/]/).at(-1)!), localDetail: format(path) }
      : {};
  return new PawdexError(fileError.code, { ...details, ...fileError, cause: error });
}

/** Converts any thrown value to a {@link PawdexError}; unexpected errors become `internal` with their cause. */
export function asPawdexError(error: unknown): PawdexError {
  return error instanceof PawdexError
    ? error
    : (toFileError(error) ?? new PawdexError('internal', { cause: error }));
}

/**
 * Waits for a result; null if it fails with one of these codes.
 *
 * @example catchAsNull(store.getItem(c, id), 'item_not_found')
 */
export async function catchAsNull<T>(result: Promise<T>, ...codes: ErrorCode[]): Promise<T | null> {
  return result.catch((error) => {
    if (codes.includes(asPawdexError(error).code)) {
      return null;
    }
    throw error;
  });
}
