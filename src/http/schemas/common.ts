/** Pieces that several endpoints share. Each schema both validates requests and documents them. */
import { z } from 'zod';
import { labelText, metadataKey, metadataObject, plainText, sourceText } from '../../engine/description.js';

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

export const label = labelText.meta({ description: 'What the image shows.', example: 'siamese' });
export const source = sourceText.meta({
  description: 'Where the image came from, for people.',
  example: 'photos/milo.jpg',
});
export const species = labelText.meta({ description: '`metadata.species`.', example: 'cat' });

export const metadata = metadataObject.meta({
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

/**
 * An array whose length is checked before its elements, so that a million bad ones cost nothing.
 *
 * @param bounds numbers of elements
 */
export function boundedArray<T extends z.ZodType>(
  element: T,
  { min = 0, max }: { min?: number; max: number },
) {
  const message = `must have ${min} to ${max} elements`;
  return z
    .array(z.unknown())
    .min(min, message)
    .max(max, message)
    .pipe(z.array(element))
    .meta({ type: 'array', items: {} });
}

/** One value or several of them, as an array. */
export function oneOrMany<T extends z.ZodType>(value: T, description: string, max = 100) {
  return z
    .union(
      [value.transform((one) => [one]), boundedArray(value, { min: 1, max })],
      `must be one such text or an array of 1 to ${max} of them`,
    )
    .optional()
    .meta({ description });
}

/** A query vector; the first element that is no number is named, not all of them. */
export const vector = z
  .array(z.unknown())
  .max(8192, 'must have at most 8192 numbers')
  .transform((values, context) => {
    const bad = values.findIndex((value) => typeof value !== 'number' || !Number.isFinite(value));
    if (bad === -1) return values as number[];
    context.addIssue({ code: 'custom', path: [bad], message: 'must be a finite number' });
    return z.NEVER;
  })
  .meta({ type: 'array', items: { type: 'number' }, maxItems: 8192 });

/** A text for people, of several lines if need be. */
export const paragraph = z
  .string()
  .max(2000, { abort: true })
  .refine((text) => !/[^\P{Cc}\t\r\n]|\p{Cs}/u.test(text), 'must not hold control characters');

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');

/** Content hashes: repeated, or separated by commas. */
const sha256s = boundedArray(sha256, { min: 1, max: 1000 });

/** Content hashes: repeated, or separated by commas. */
export const sha256List = z
  .unknown()
  .transform((given) => (typeof given === 'string' ? given.split(',') : (given as unknown[])))
  .pipe(sha256s)
  .optional()
  .meta({
    description: 'One of these hex content hashes, separated by commas.',
    type: 'string',
  });

/** Conditions on metadata. */
const MAX_CONDITIONS = 100;

const conditions = z
  .unknown()
  .refine((value) => typeof value === 'object' && value !== null && !Array.isArray(value), {
    message: 'must be an object',
    abort: true,
  })
  // Zod leaves out this key without a word, and a filter that is left out finds everything.
  .refine((value) => !Object.hasOwn(value as object, '__proto__'), {
    message: 'must not have a key __proto__',
    abort: true,
  })
  .refine((value) => Object.keys(value as object).length <= MAX_CONDITIONS, {
    message: `must have at most ${MAX_CONDITIONS} keys`,
    abort: true,
  })
  .pipe(z.record(metadataKey, z.union([z.string().max(2000), z.number(), z.boolean()])));

export const filter = z
  .strictObject({
    label: oneOrMany(label, 'One of these labels.'),
    species: oneOrMany(species, '`metadata.species` is one of these.'),
    metadata: conditions.optional().meta({
      description: 'Top-level metadata keys with the value they must have.',
      type: 'object',
      additionalProperties: { type: ['string', 'number', 'boolean'] },
    }),
    sha256: sha256s.optional().meta({ description: 'One of these content hashes.' }),
  })
  .meta({
    id: 'Filter',
    description: 'Which items may answer; all conditions hold together.',
    example: { species: ['cat'] },
  });

export const collectionPath = z.strictObject({ collection: collectionName });
export const jobPath = z.strictObject({
  id: z.uuid('must be the id of a job').meta({ description: "A job's id." }),
});
export const itemPath = z.strictObject({ collection: collectionName, id: itemId });
/** Endpoints without query parameters. */
export const noQuery = z.strictObject({});
