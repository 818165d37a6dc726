/** Fields of requests. Each schema validates requests, types the engine and the handlers, and documents the endpoints. */
import { z } from 'zod';
import { SIMILAR_PICTURE } from '../breeds/same-picture.js';
import { PLAIN_NAME } from '../store/records.js';
import { labelText, metadataKey, metadataObject, plainText, sourceText } from './item-fields.js';

export const collectionName = z
  .string()
  .regex(PLAIN_NAME, 'must be 1-64 letters, digits, - or _, the first a letter or digit')
  .meta({ description: 'Name of a collection.', example: 'breeds' });

export const itemId = plainText(200).meta({
  description: "An item's id: the first 32 hex digits of its content's sha256.",
  example: '3fdba35f04dc8c462986c992bcf87554',
});

export const jobId = z.uuid('must be the id of a job').meta({ description: "A job's id." });

const label = labelText.meta({ description: 'What the image shows.', example: 'siamese' });
export const source = sourceText.meta({
  description: 'Where the image came from.',
  example: 'photos/milo.jpg',
});
const metadata = metadataObject.meta({
  description: 'Free-form JSON. Filters have a separate field for the key `species`.',
  example: { species: 'cat' },
});
const species = labelText.meta({ description: '`metadata.species`.', example: 'cat' });

/** Label, source and metadata of an image. */
export const descriptionFields = {
  label: label.nullable().optional(),
  source: source.nullable().optional(),
  metadata: metadata.optional(),
};

/** Text that may have several lines. */
export const paragraph = z
  .string()
  .max(2000, { abort: true })
  .regex(/^(?:[^\p{Cc}\p{Cs}]|[\t\r\n])*$/u, 'must not contain control characters');

/** A whole number as JSON or as the text of a query or form. */
export function wholeNumber(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z.preprocess(
    (value) => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value),
    z.int(message).min(min, message).max(max, message),
  );
}

/** A number as JSON or as the text of a query or form. */
export function numberWithin(min: number, max: number) {
  const message = `must be a number from ${min} to ${max}`;
  return z.preprocess(
    (value) =>
      typeof value === 'string' && /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : value,
    z.number(message).min(min, message).max(max, message),
  );
}

/** A boolean as JSON or as the text of a query or form. */
export function yesNo() {
  return z.preprocess(
    (value) => (value === 'true' || value === 'false' ? value === 'true' : value),
    z.boolean('must be true or false'),
  );
}

/** One of several words. If the word is a number, JSON may contain it as a number. */
export function choice<const W extends readonly string[]>(words: W) {
  return z.preprocess(
    (value) => (typeof value === 'number' ? String(value) : value),
    z.enum(words, `must be one of ${words.join(', ')}`),
  );
}

/**
 * An array whose length is checked before its elements, so that a million invalid elements cost nothing.
 *
 * @param bounds smallest and largest number of elements
 */
export function boundedArray<T extends z.ZodType>(
  element: T,
  { min = 0, max }: { min?: number; max: number },
) {
  return z.preprocess((value, context) => {
    if (!Array.isArray(value) || (value.length >= min && value.length <= max)) {
      return value;
    }
    context.addIssue({ code: 'custom', message: `must have ${min} to ${max} elements` });
    return z.NEVER;
  }, z.array(element).min(min).max(max));
}

/** One value or several of them, as an array. */
function oneOrMany<T extends z.ZodType<string>>(value: T) {
  const max = 100;
  return z
    .union(
      [value, boundedArray(value, { min: 1, max })],
      `must be a single value or an array of 1 to ${max} values`,
    )
    .transform((values) => [values].flat() as string[]);
}

/** A query vector. Only the first element that is not a number is reported. */
export const vector = z.preprocess(
  (values, context) => {
    const bad = Array.isArray(values) ? values.findIndex((value) => !Number.isFinite(value)) : -1;
    if (bad === -1) {
      return values;
    }
    context.addIssue({ code: 'custom', path: [bad], message: 'must be a finite number' });
    return z.NEVER;
  },
  z.array(z.number()).max(8192, 'must have at most 8192 numbers'),
);

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');
export const sha256s = boundedArray(sha256, { min: 1, max: 1000 });

const MAX_CONDITIONS = 100;

const conditions = z.preprocess(
  (value, context) => {
    if (typeof value !== 'object' || value === null) {
      return value;
    }
    const refuse = (message: string) => {
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    };
    // Zod silently drops this key, and a filter without conditions would match everything.
    if (Object.hasOwn(value, '__proto__')) {
      return refuse('must not have a key __proto__');
    }
    if (Object.keys(value).length > MAX_CONDITIONS) {
      return refuse(`must have at most ${MAX_CONDITIONS} keys`);
    }
    return value;
  },
  z.record(
    metadataKey,
    z.union([z.string().max(2000), z.number(), z.boolean()], 'must be a string, a number or a boolean'),
  ),
);

/** The conditions of a filter that can be query parameters. */
export const filterParameters = {
  label: oneOrMany(label).optional().meta({ description: 'One of these labels.' }),
  species: oneOrMany(species).optional().meta({ description: '`metadata.species` is one of these.' }),
  text: plainText(200).optional().meta({
    description: 'Text that the label, the source or the metadata contains, ignoring case.',
    example: 'milo',
  }),
};

export const filter = z
  .strictObject({
    ...filterParameters,
    metadata: conditions.optional().meta({
      description:
        'Metadata keys with the value that they must have. `a.b` is the key `b` inside `a`. An array matches if one of its elements does.',
    }),
    sha256: sha256s.optional().meta({ description: 'One of these content hashes.' }),
  })
  .meta({
    id: 'Filter',
    description: 'Conditions. Items must meet all of them.',
    example: { species: ['cat'] },
  });

export const cursor = z.string().min(1).max(500).meta({ description: '`next` of the previous page.' });

const REGION = /^(0|1|0?\.\d+|1\.0+)(,(0|1|0?\.\d+|1\.0+)){3}$/;
/** A region of a photo as text: x,y,width,height. */
export const photoRegion = z
  .string()
  .regex(REGION, 'must be x,y,width,height, each from 0 to 1')
  .transform((text) => {
    const [left, top, width, height] = text.split(',').map(Number) as [number, number, number, number];
    return { left, top, width, height };
  });

/** Two photos count as the same picture from this similarity on. */
export const threshold = numberWithin(0, 1)
  .default(SIMILAR_PICTURE)
  .meta({ description: 'Cosine similarity from which two photos count as the same picture.' });
