/**
 * Schemas of an item's label, source and metadata. Uploads, updates, manifests and folders all use them, so that a
 * file is indexed in the same way from any source.
 */
import { z } from 'zod';
import type { Item } from '../store/store.js';

/** Longest label or species, in characters. */
const MAX_LABEL = 200;
/** Longest source, in characters. */
const MAX_SOURCE = 2000;
/** Longest metadata key, in characters. */
const MAX_METADATA_KEY = 128;
/** Largest metadata of an item, in bytes of JSON. */
const MAX_METADATA_BYTES = 16 * 1024;
/** Deepest nesting of objects and arrays. */
const MAX_METADATA_DEPTH = 16;

/** Text that fits on one line of a log, table or page: no control characters, line breaks or lone surrogates. */
const PLAIN_TEXT = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u;

/** Creates a schema for one line of 1 to `max` characters. */
export function plainText(max: number) {
  const length = { message: `must have 1 to ${max} characters`, abort: true };
  return z.string().min(1, length).max(max, length).regex(PLAIN_TEXT, 'must not contain control characters');
}

/** What an image shows. */
export const labelText = plainText(MAX_LABEL);
/** Where an image came from: a path, a file name, an address. */
export const sourceText = plainText(MAX_SOURCE);
/** May be empty, like a column without a name. */
export const metadataKey = z
  .string()
  .max(MAX_METADATA_KEY, `must have at most ${MAX_METADATA_KEY} characters`)
  .regex(PLAIN_TEXT, 'must not contain control characters');

/** Free-form JSON. Checked in one pass that stops at the first problem, however large the value. */
export const metadataObject = z.preprocess(
  (value, context) => {
    const problem = findMetadataProblem(value);
    if (problem === null) {
      return value;
    }
    context.addIssue({ code: 'custom', message: problem });
    return z.NEVER;
  },
  z.record(z.string(), z.unknown()),
);

function findMetadataProblem(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'must be an object';
  }
  // Copying an object silently drops this key, and a filter without its condition would match everything.
  if (Object.hasOwn(value, '__proto__')) {
    return 'must not have a key __proto__';
  }
  for (const key of Object.keys(value)) {
    if (key.length > MAX_METADATA_KEY) {
      return `must have keys of at most ${MAX_METADATA_KEY} characters`;
    }
    if (!PLAIN_TEXT.test(key)) {
      return 'must have keys without control characters';
    }
  }
  const inside = findProblemInside(value);
  if (inside !== null) {
    return inside;
  }
  if (Buffer.byteLength(JSON.stringify(value)) > MAX_METADATA_BYTES) {
    return 'must be at most 16 KiB as JSON';
  }
  return null;
}

/** Finds what would be lost when the value is stored, and nesting that is too deep for recursive code. */
function findProblemInside(value: object): string | null {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_METADATA_DEPTH) {
      return `must be nested at most ${MAX_METADATA_DEPTH} deep`;
    }
    // JSON has no infinity, but 1e999 is read as one.
    if (level.some((inner) => typeof inner === 'number' && !Number.isFinite(inner))) {
      return 'must have finite numbers';
    }
    // Its last digits are lost already.
    if (level.some((inner) => Number.isInteger(inner) && !Number.isSafeInteger(inner))) {
      return `must have whole numbers up to ${Number.MAX_SAFE_INTEGER}, larger ones as text`;
    }
    level = level.flatMap((inner) =>
      typeof inner === 'object' && inner !== null ? Object.values(inner) : [],
    );
  }
  return null;
}

/** What a photo of a folder or archive comes with. */
const photoFields = z.object({ label: labelText.nullable(), path: sourceText, metadata: metadataObject });

/**
 * Explains in a sentence why a photo with these fields would be refused.
 *
 * @returns null if it is valid
 */
export function findProblem({
  label,
  source: path,
  metadata,
}: Pick<Item, 'label' | 'source' | 'metadata'>): string | null {
  const issue = photoFields.safeParse({ label, path, metadata }).error?.issues[0];
  return issue === undefined ? null : `Its ${String(issue.path[0])} ${issue.message}.`;
}
