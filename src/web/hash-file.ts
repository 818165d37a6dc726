/** SHA-256 of a file as hex digits; null where the page cannot compute it, as without TLS on another machine. */
export async function hashFile(file: Blob): Promise<string | null> {
  // Browsers have it only in secure contexts, despite its type.
  const subtle = crypto.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) {
    return null;
  }
  const digest = await subtle.digest('SHA-256', await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
