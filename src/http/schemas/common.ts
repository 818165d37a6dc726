/** Pieces that several endpoints share. Each schema both validates requests and documents them. */
import { z } from 'zod';
import {
  isPlainText,
  MAX_LABEL,
  MAX_METADATA_BYTES,
  MAX_METADATA_KEY,
  MAX_SOURCE,
} from '../../engine/description.js';

/** Objects and arrays inside one another; deeper ones exhaust the stack of whoever walks them. */
const MAX_METADATA_DEPTH = 16;

const children = (value: unknown): unknown[] =>
  typeof value === 'object' && value !== null ? Object.values(value) : [];

function shallow(value: unknown): boolean {
  let level = children(value);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_METADATA_DEPTH) return false;
    level = level.flatMap(children);
  }
  return true;
}

const plainText = (max: number) =>
  z.string().min(1).max(max).refine(isPlainText, 'must not hold control characters');

export const collectionName = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/,
    'must be 1-64 letters, digits, - or _, the first a letter or digit',
  )
  .meta({ description: 'Name of a collection.', example: 'breeds' });

export const itemId = plainText(200).meta({
  description: "An item's id: the first 32 hex digits of its content's sha256.",
  example: '3fdba35f04dc8c462986c992bcf87554',
});

export const label = plainText(MAX_LABEL).meta({ description: 'What the image shows.', example: 'siamese' });
export const source = plainText(MAX_SOURCE).meta({
  description: 'Where the image came from, for people.',
  example: 'photos/milo.jpg',
});

// Zod leaves out this key without a word, and a filter that is left out finds everything.
const noProto = (value: unknown) =>
  typeof value !== 'object' || value === null || !Object.hasOwn(value, '__proto__');
const NO_PROTO = { message: 'must not have a key __proto__', abort: true };

export const metadata = z
  .unknown()
  .refine(noProto, NO_PROTO)
  .pipe(z.record(z.string().max(MAX_METADATA_KEY), z.unknown()))
  .refine(shallow, { message: `must be nested at most ${MAX_METADATA_DEPTH} deep`, abort: true })
  .refine(
    (value) => Buffer.byteLength(JSON.stringify(value)) <= MAX_METADATA_BYTES,
    'must be at most 16 KiB as JSON',
  )
  .meta({
    description: 'Free-form JSON; `species` is what filters know by name.',
    example: { species: 'cat' },
    type: 'object',
    additionalProperties: true,
  });

/** A whole number as JSON or as the text of a query or form. */
export function wholeNumber(min: number, max: number, description: string, byDefault?: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .unknown()
    .transform((value, context) => {
      const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
      if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max)
        return number;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .optional()
    .meta({
      description,
      type: 'integer',
      minimum: min,
      maximum: max,
      ...(byDefault === undefined ? {} : { default: byDefault }),
    });
}

/** A number as JSON or as the text of a query. */
export function numberWithin(min: number, max: number, description: string, byDefault: number) {
  const message = `must be a number from ${min} to ${max}`;
  return z
    .unknown()
    .transform((value, context) => {
      const number = typeof value === 'string' && /^-?\d*\.?\d+$/.test(value) ? Number(value) : value;
      if (typeof number === 'number' && number >= min && number <= max) return number;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    })
    .optional()
    .meta({ description, type: 'number', minimum: min, maximum: max, default: byDefault });
}

/** A yes or no as JSON or as the text of a query or form. */
export function yesNo(description: string) {
  return z
    .union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])
    .optional()
    .meta({ description, type: 'boolean' });
}

/** One of a few words; a number among them may be given as JSON's, too. */
export function choice<W extends string>(words: readonly W[], description: string, byDefault: W) {
  return z
    .unknown()
    .transform((value, context) => {
      const word = words.find((each) => each === (typeof value === 'number' ? String(value) : value));
      if (word !== undefined) return word;
      context.addIssue({ code: 'custom', message: `must be one of ${words.join(', ')}` });
      return z.NEVER;
    })
    .optional()
    .meta({ description, type: 'string', enum: [...words], default: byDefault });
}

/** One value or several of them, as an array. */
export function oneOrMany<T extends z.ZodType>(value: T, description: string, max = 100) {
  return z
    .union(
      [value.transform((one) => [one]), z.array(value).min(1).max(max)],
      `must be one such text or an array of 1 to ${max} of them`,
    )
    .optional()
    .meta({ description });
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');

/** Content hashes: repeated, or separated by commas. */
export const sha256List = z
  .union([z.string().transform((text) => text.split(',')), z.array(z.string())])
  .pipe(z.array(sha256).min(1).max(1000))
  .optional()
  .meta({
    description: 'One of these hex content hashes, separated by commas.',
    type: 'string',
  });

export const filter = z
  .strictObject({
    label: oneOrMany(label, 'One of these labels.'),
    species: oneOrMany(plainText(200), '`metadata.species` is one of these.'),
    metadata: z
      .unknown()
      .refine(noProto, NO_PROTO)
      .pipe(
        z.record(
          z.string().min(1).max(MAX_METADATA_KEY),
          z.union([z.string().max(2000), z.number(), z.boolean()]),
        ),
      )
      .optional()
      .meta({
        description: 'Top-level metadata keys with the value they must have.',
        type: 'object',
        additionalProperties: { type: ['string', 'number', 'boolean'] },
      }),
    sha256: z.array(sha256).min(1).max(1000).optional().meta({ description: 'One of these content hashes.' }),
  })
  .meta({
    id: 'Filter',
    description: 'Which items may answer; all conditions hold together.',
    example: { species: ['cat'] },
  });

export const species = plainText(200);

export const collectionPath = z.strictObject({ collection: collectionName });
export const jobPath = z.strictObject({
  id: z.uuid('must be the id of a job').meta({ description: "A job's id." }),
});
export const itemPath = z.strictObject({ collection: collectionName, id: itemId });
/** Endpoints without query parameters. */
export const noQuery = z.strictObject({});
