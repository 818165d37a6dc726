/** Describes what is wrong with the fields of a file. */
import { z } from 'zod';
import type { ErrorDetails } from '../errors.js';

/**
 * Converts the result of a failed validation to details of an error: the first field in the message, all in `errors`.
 *
 * @param what names the file in the message
 */
export function describeInvalidFields(
  what: string,
  { issues }: z.ZodError,
): Pick<ErrorDetails, 'detail' | 'errors'> {
  const errors = issues.map(({ path, message }) => ({ path: z.core.toDotPath(path), message }));
  const [{ path, message } = { path: '', message: '' }] = errors;
  return { detail: `${what}: ${path === '' ? '' : `${path}: `}${message}.`, errors };
}
