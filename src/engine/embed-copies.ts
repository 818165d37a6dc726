/** Embeds copies of the photos of items, with another encoder. */
import { asPawdexError } from '../errors.js';
import { keepTrying } from '../threads/keep-trying.js';
import type { EncoderRuntime } from './encoders.js';
import type { CopyOrigin } from './engine.js';
import type { PhotoCopy } from './find-best-copy.js';
import type { EmbedOne } from './image-embedder.js';

/** How long to wait, in milliseconds, while others keep the encoder busy. */
const PATIENCE_MS = 120_000;

/** The vector of an item and where the copy of its photo was found, or why it has none. */
type EmbeddedCopy = { vector: Float32Array; origin: CopyOrigin } | { reason: string };

/**
 * Embeds copies of the photos of items in bulk, and waits while others keep the encoder busy.
 *
 * @param find finds the copy of an item's photo; null if there is none
 * @returns one result per item, in order
 * @throws errors of the service itself; the signal's reason
 */
export async function embedCopies<I>(
  { embedder }: EncoderRuntime,
  items: readonly I[],
  find: (item: I) => Promise<PhotoCopy | null>,
  signal: AbortSignal | undefined,
): Promise<EmbeddedCopy[]> {
  const embedOne = async (item: I, embed: EmbedOne): Promise<EmbeddedCopy> => {
    const copy = await find(item);
    if (copy === null) {
      return { reason: 'No copy of the photo was found.' };
    }
    try {
      const { embedding } = await embed(copy.bytes);
      return { vector: embedding, origin: copy.origin };
    } catch (error) {
      const { status, message } = asPawdexError(error);
      if (status >= 500) {
        throw error;
      }
      return { reason: message };
    }
  };
  const embedAll = (embed: EmbedOne) => Promise.all(items.map((item) => embedOne(item, embed)));
  const patience = { codes: ['overloaded'], patienceMs: PATIENCE_MS, signal } as const;
  return keepTrying(() => embedder.embedInBulk(items.length, embedAll), patience).catch((error) => {
    signal?.throwIfAborted();
    throw error;
  });
}
