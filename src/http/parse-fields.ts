/** Validates requests against schemas, and reports what is wrong. */
import type { z } from 'zod';
import { PawdexError } from '../errors.js';

/** The most entries of `errors` in one answer. */
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
export function parse<S extends z.ZodType>(schema: S, value: unknown, part: Part): z.output<S> {
  const parsed = schema.safeParse(value, { error: describeIssue });
  if (parsed.success) {
    return parsed.data;
  }
  const errors = parsed.error.issues
    .slice(0, MAX_ERRORS)
    .flatMap((issue) => toErrors(issue, part))
    .slice(0, MAX_ERRORS);
  const first = errors[0]!;
  const detail = `${first.path}: ${first.message}.`;
  if (part === 'body' && parsed.error.issues.every((issue) => issue.path[0] === 'vector')) {
    throw new PawdexError('vector_invalid', { detail, errors });
  }
  throw new PawdexError('invalid_request', { detail, errors });
}

const TYPES: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  record: 'an object',
};

/** Describes what a value must be, for schemas without a message of their own. */
const describeIssue: z.core.$ZodErrorMap = (issue) => {
  const unit = issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' elements' : '';
  const verb = unit === '' ? 'be' : 'have';
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${TYPES[issue.expected] ?? issue.expected}`;
    case 'too_big':
      return `must ${verb} at most ${issue.maximum}${unit}`;
    case 'too_small':
      return `must ${verb} at least ${issue.minimum}${unit}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => `\`${String(value)}\``).join(' or ')}`;
    case 'invalid_key':
      return `has a key that ${issue.issues[0]?.message}`;
    default:
      return undefined;
  }
};

function toErrors(issue: z.core.$ZodIssue, part: Part): { path: string; message: string }[] {
  const at = [part, ...issue.path.map(String)];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, MAX_ERRORS).map((key) => ({
      path: [...at, key].join('.').slice(0, 200),
      message: 'is unknown',
    }));
  }
  return [{ path: at.join('.').slice(0, 200), message: issue.message.slice(0, 500) }];
}
