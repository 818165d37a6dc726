/**
 * What may be said of an image. The HTTP API and the index job hold it to the same limits, so that a folder is
 * indexed alike through a server and without one.
 */

/** Characters of a label. */
export const MAX_LABEL = 200;
/** Characters of a source. */
export const MAX_SOURCE = 2000;
/** Characters of a metadata key. */
export const MAX_METADATA_KEY = 128;
/** Bytes of an item's metadata as JSON. */
export const MAX_METADATA_BYTES = 16 * 1024;

/** Whether a text can be shown in logs, tables and pages: without control characters and lone surrogates. */
export function isPlainText(text: string): boolean {
  return !/[\p{Cc}\p{Cs}]/u.test(text);
}

/** What {@link describeTrouble} looks at. */
interface Description {
  label: string | null;
  source: string;
  metadata: Record<string, string>;
}

/** In words, why the store's users would not take an image with this description; null where they would. */
export function describeTrouble({ label, source, metadata }: Description): string | null {
  for (const [name, text, most] of [
    ['label', label ?? '-', MAX_LABEL],
    ['path', source, MAX_SOURCE],
  ] as const) {
    if (text.length === 0 || text.length > most) return `Its ${name} must have 1 to ${most} characters.`;
    if (!isPlainText(text)) return `Its ${name} must not hold control characters.`;
  }
  if (Object.keys(metadata).some((key) => key.length > MAX_METADATA_KEY))
    return `The name of a column may have at most ${MAX_METADATA_KEY} characters.`;
  if (Buffer.byteLength(JSON.stringify(metadata)) > MAX_METADATA_BYTES)
    return `Its metadata may have at most ${MAX_METADATA_BYTES / 1024} KiB as JSON.`;
  return null;
}
