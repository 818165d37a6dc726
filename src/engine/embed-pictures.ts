/** Embeds pictures of items again, with another encoder. */
import { asPawdexError } from '../errors.js';
import { keepTrying } from '../threads/keep-trying.js';
import type { EncoderRuntime } from './encoders.js';
import type { PictureOrigin } from './engine.js';
import type { FoundPicture } from './find-picture.js';
import type { EmbedOne } from './image-embedder.js';

/** How long to wait, in milliseconds, while others keep the encoder busy. */
const PATIENCE_MS = 120_000;

/** The vector of an item and where its picture was found, or why it has none. */
type EmbeddedPicture = { vector: Float32Array; origin: PictureOrigin } | { reason: string };

/**
 * Embeds the pictures of items in bulk, and waits while others keep the encoder busy.
 *
 * @param find finds the picture of an item; null if there is none
 * @returns one result per item, in order
 * @throws errors of the service itself; the signal's reason
 */
export async function embedPictures<I>(
  { embedder }: EncoderRuntime,
  items: readonly I[],
  find: (item: I) => Promise<FoundPicture | null>,
  signal: AbortSignal | undefined,
): Promise<EmbeddedPicture[]> {
  const embedOne = async (item: I, embed: EmbedOne): Promise<EmbeddedPicture> => {
    const picture = await find(item);
    if (picture === null) {
      return { reason: 'No picture was found.' };
    }
    try {
      const { embedding } = await embed(picture.bytes, async () => {});
      return { vector: embedding, origin: picture.origin };
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
