/** Decodes text in the encodings that spreadsheet programs write. */

/**
 * Detects UTF-8 and UTF-16 by the byte order mark or zero bytes. Otherwise decodes as UTF-8 if valid, else as Windows-1252.
 */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) {
    return new TextDecoder('utf-16le').decode(bytes);
  }
  if (first === 0xfe && second === 0xff) {
    return new TextDecoder('utf-16be').decode(bytes);
  }
  if (bytes.length >= 4 && (first === 0) !== (second === 0)) {
    return new TextDecoder(first === 0 ? 'utf-16be' : 'utf-16le').decode(bytes);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
