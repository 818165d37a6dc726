/**
 * What may be said of an image. Uploads, changes, manifests and folders are all held to these schemas, so that a file
 * is indexed alike whichever way it comes in.
 */
import { z } from 'zod';

/** Characters of a label, and of a species. */
const MAX_LABEL = 200;
/** Characters of a source. */
const MAX_SOURCE = 2000;
/** Characters of a metadata key. */
const MAX_METADATA_KEY = 128;
/** Bytes of an item's metadata as JSON. */
const MAX_METADATA_BYTES = 16 * 1024;
/** Objects and arrays inside one another. */
const MAX_METADATA_DEPTH = 16;

/** Text that fits on one line of a log, table or page: no control characters, line ends or lone surrogates. */
const PLAIN_TEXT = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u;

/** A text of 1 to `max` characters on one line. */
export function plainText(max: number) {
  const length = { message: `must have 1 to ${max} characters`, abort: true };
  return z.string().min(1, length).max(max, length).regex(PLAIN_TEXT, 'must not hold control characters');
}

/** What an image shows. */
export const labelText = plainText(MAX_LABEL);
/** Where an image came from: a path, a file name, an address. */
export const sourceText = plainText(MAX_SOURCE);
/** A key of metadata. */
export const metadataKey = plainText(MAX_METADATA_KEY);

/** Free-form JSON. Checked by one walk that stops at the first trouble, whatever was sent. */
export const metadataObject = z.preprocess(
  (value, context) => {
    const trouble = findMetadataTrouble(value);
    if (trouble === null) {
      return value;
    }
    context.addIssue({ code: 'custom', message: trouble });
    return z.NEVER;
  },
  z.record(z.string(), z.unknown()),
);

function findMetadataTrouble(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'must be an object';
  }
  // An object that is copied loses this key without a word, and a filter that is lost finds everything.
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
  if (!isShallow(value)) {
    return `must be nested at most ${MAX_METADATA_DEPTH} deep`;
  }
  if (Buffer.byteLength(JSON.stringify(value)) > MAX_METADATA_BYTES) {
    return 'must be at most 16 KiB as JSON';
  }
  return null;
}

/** Deeper values exhaust the stack of whoever walks them. */
function isShallow(value: object): boolean {
  let level: unknown[] = Object.values(value);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_METADATA_DEPTH) {
      return false;
    }
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []));
  }
  return true;
}

/** What {@link describeTrouble} looks at. */
interface Description {
  label: string | null;
  source: string;
  metadata: Record<string, string>;
}

/** In words, why an image with this description would be refused; null when it would not. */
export function describeTrouble({ label, source, metadata }: Description): string | null {
  const checks = [
    ['label', labelText.nullable(), label],
    ['path', sourceText, source],
    ['metadata', metadataObject, metadata],
  ] as const;
  for (const [name, schema, value] of checks) {
    const issue = schema.safeParse(value).error?.issues[0];
    if (issue !== undefined) {
      return `Its ${name} ${issue.message}.`;
    }
  }
  return null;
}
