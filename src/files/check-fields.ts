/** Checks the fields of a file. */
import { z } from 'zod';
import { type ErrorCode, PawdexError } from '../errors.js';

/**
 * Parses a value that was read from a file.
 *
 * @param what names the file in the error
 * @param hint what to do about a wrong field, instead of the hint of the code
 * @throws PawdexError with `code`: the first wrong field in the message, all in `errors`
 */
export function checkFields<S extends z.ZodType>(
  schema: S,
  value: unknown,
  what: string,
  code: ErrorCode,
  hint?: string,
): z.output<S> {
  const { data, error } = schema.safeParse(value);
  if (error === undefined) {
    return data as z.output<S>;
  }
  const errors = error.issues.map(({ path, message }) => ({ path: z.core.toDotPath(path), message }));
  const [{ path, message } = { path: '', message: '' }] = errors;
  const detail = `${what}: ${path === '' ? '' : `${path}: `}${message}.`;
  throw new PawdexError(code, { detail, errors, hint });
}
