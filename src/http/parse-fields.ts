/** Validates requests against schemas, and reports what is wrong. */
import type { z } from 'zod';
import { describeIssue } from '../describe-issue.js';
import { type FieldError, PawdexError } from '../errors.js';

/** Maximum number of entries of `errors` in one response. */
const MAX_ERRORS = 20;

/** Names of fields with their schemas. */
export type Shape = Record<string, z.ZodType>;
/** The parsed values of a {@link Shape}. */
export type Parsed<S extends Shape> = z.output<z.ZodObject<S>>;

type Part = 'query' | 'body' | 'path';

/**
 * Parses a value.
 *
 * @param part the part of the request, for the paths in errors
 * @throws PawdexError invalid_request with `errors`; vector_invalid if the vector is invalid
 */
export function parseFields<S extends z.ZodType>(schema: S, value: unknown, part: Part): z.output<S> {
  const parsed = schema.safeParse(value, { error: describeIssue });
  if (parsed.success) {
    return parsed.data;
  }
  const { issues } = parsed.error;
  // Cut before as well as after: a hostile body has thousands of issues.
  const errors = issues
    .slice(0, MAX_ERRORS)
    .flatMap((issue) => toErrors(issue, part))
    .slice(0, MAX_ERRORS);
  const first = errors[0]!;
  const detail = `${first.path}: ${first.message}.`;
  if (part === 'body' && issues.every((issue) => issue.path[0] === 'vector')) {
    throw new PawdexError('vector_invalid', { detail, errors });
  }
  throw new PawdexError('invalid_request', { detail, errors });
}

function toErrors(issue: z.core.$ZodIssue, part: Part): FieldError[] {
  const at = [part, ...issue.path.map(String)];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, MAX_ERRORS).map((key) => ({
      path: [...at, key].join('.').slice(0, 200),
      message: 'is unknown',
    }));
  }
  return [{ path: at.join('.').slice(0, 200), message: issue.message.slice(0, 500) }];
}
