/** Says what is wrong with a value that does not match its zod schema, in words for people who do not know zod. */
import type { z } from 'zod';

const TYPES: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
  record: 'an object',
};

/** What the length of a value counts. */
const UNITS: Record<string, string> = { string: 'characters', array: 'elements' };

function describeBound(type: string, bound: string): string {
  const unit = UNITS[type];
  return unit === undefined ? `must be ${bound}` : `must have ${bound} ${unit}`;
}

/**
 * Describes what a value must be, for schemas without a message of their own: "must be at least 1".
 *
 * @example
 * schema.safeParse(value, { error: describeIssue });
 */
export const describeIssue: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is required' : `must be ${TYPES[issue.expected] ?? issue.expected}`;
    case 'too_big':
      return describeBound(issue.origin, `at most ${issue.maximum}`);
    case 'too_small':
      return describeBound(issue.origin, `at least ${issue.minimum}`);
    case 'invalid_value': {
      const values = issue.values.map((value) => `\`${String(value)}\``);
      return values.length < 3 ? `must be ${values.join(' or ')}` : `must be one of ${values.join(', ')}`;
    }
    case 'invalid_key':
      return `has a key that ${issue.issues[0]?.message}`;
    default:
      return undefined;
  }
};
