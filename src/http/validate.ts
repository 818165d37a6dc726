/** Checks what a caller sent against a schema and says in the answer what is wrong with it. */
import type { z } from 'zod';
import { PawdexError } from '../errors.js';

/** Entries of `errors` in one answer. */
const MAX_ERRORS = 20;

type Part = 'query' | 'body' | 'path';

/**
 * The parsed value.
 *
 * @param part what is checked, for the paths in the answer
 * @throws PawdexError invalid_request with `errors`; vector_invalid when it is the vector that is wrong
 */
export function parse<S extends z.ZodType>(schema: S, value: unknown, part: Part): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues
    .slice(0, MAX_ERRORS)
    .flatMap((issue) => describe(issue, part))
    .slice(0, MAX_ERRORS);
  const first = errors[0]!;
  const detail = `${first.path}: ${first.message}.`;
  if (part === 'body' && parsed.error.issues.every((issue) => issue.path[0] === 'vector'))
    throw new PawdexError('vector_invalid', { detail, errors });
  throw new PawdexError('invalid_request', { detail, errors });
}

function describe(issue: z.core.$ZodIssue, part: Part): { path: string; message: string }[] {
  const at = [part, ...issue.path.map(String)];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.slice(0, MAX_ERRORS).map((key) => ({
      path: [...at, key].join('.').slice(0, 200),
      message: 'is not known here',
    }));
  return [{ path: at.join('.').slice(0, 200), message: issue.message.slice(0, 500) }];
}

/** An object without the keys that hold undefined, as exact optional properties want it. */
export type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Drops keys whose value is undefined. */
export function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as Defined<T>;
}

/**
 * A parameter that may stand in the query or in the body.
 *
 * @throws PawdexError invalid_request when both name it and differ
 */
export function either<T>(name: string, query: T | undefined, body: T | undefined): T | undefined {
  if (query !== undefined && body !== undefined && query !== body)
    throw new PawdexError('invalid_request', {
      detail: `\`${name}\` is given twice, in the query and in the body, with different values.`,
      errors: [{ path: `body.${name}`, message: 'differs from the query' }],
    });
  return body ?? query;
}
