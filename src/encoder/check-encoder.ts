/** Checks with test pictures that the output of an encoder is usable as an embedding. */
import { PawdexError } from '../errors.js';
import { createRandom } from '../math/random.js';
import { computeDot, computeLength } from '../math/vectors.js';
import { openSession } from './encoder-session.js';
import type { LoadedCard } from './model-card.js';

/** Smallest cosine of equal pictures. Batches may be summed in another order. */
const MIN_SAME_COSINE = 0.9999;
/** Different pictures must be less similar than this. */
const MAX_OTHER_COSINE = 0.99999;

/** Creates pictures, uint8 [size, size, 3]: a colour gradient, stripes, a checkerboard and noise. */
function drawPictures(size: number): Uint8Array[] {
  const draw = (colour: (x: number, y: number, channel: number) => number) => {
    const pixels = new Uint8Array(size * size * 3);
    for (let at = 0; at < pixels.length; at++) {
      const place = Math.floor(at / 3);
      pixels[at] = colour((place % size) / size, Math.floor(place / size) / size, at % 3);
    }
    return pixels;
  };
  const random = createRandom(1);
  return [
    draw((x, y, channel) => 255 * [x, y, 1 - x][channel]!),
    draw((x, _y, channel) => (Math.floor(x * 12) % 2 === channel % 2 ? 230 : 20)),
    draw((x, y) => (Math.floor(x * 6 + Math.floor(y * 6)) % 2 === 0 ? 250 : 10)),
    draw(() => 256 * random()),
  ];
}

export const createUnsuitableError = (detail: string, hint?: string, cause?: unknown) =>
  new PawdexError('encoder_unsuitable', { detail, hint, cause });

/**
 * Embeds test pictures, alone and together.
 *
 * @throws PawdexError encoder_unsuitable if the model does not run alone or in a batch, or if embeddings do not have length
 *   1, change with the batch, or do not depend on the picture
 */
export async function checkEncoder(loaded: LoadedCard): Promise<void> {
  const session = await openSession(loaded, 1);
  try {
    const { dimension } = loaded.card.output;
    const { size } = loaded.card.input;
    const pictures = drawPictures(size);
    const embed = async (images: Uint8Array[], hint: string) => {
      const rows = await session.run(images).catch((error: unknown) => {
        if (error instanceof PawdexError) {
          throw error;
        }
        const detail = `The model cannot embed ${images.length} pictures at once: ${(error as Error).message.trim()}`;
        throw createUnsuitableError(detail, hint, error);
      });
      return images.map((_, i) => rows.slice(i * dimension, (i + 1) * dimension));
    };
    const alone: Float32Array[] = [];
    for (const picture of pictures) {
      alone.push(...(await embed([picture], `Check that the network takes ${size} x ${size} pixels.`)));
    }
    const together = await embed([...pictures, pictures[0]!], 'Export the network with a free batch axis.');
    requireUsable(alone, together);
  } finally {
    await session.release();
  }
}

/** @param together the same pictures in one batch, and the first of them again */
function requireUsable(alone: readonly Float32Array[], together: readonly Float32Array[]): void {
  for (const vector of alone) {
    const length = computeLength(vector);
    if (!(Math.abs(length - 1) < 1e-3)) {
      throw createUnsuitableError(
        `An embedding has length ${length} instead of 1, because it has non-finite numbers or only zeros.`,
      );
    }
  }
  const isSame = (a: Float32Array, b: Float32Array) => computeDot(a, b) >= MIN_SAME_COSINE;
  if (!isSame(together[0]!, together.at(-1)!)) {
    throw createUnsuitableError('Two equal pictures in one batch have different embeddings.');
  }
  if (!alone.every((vector, i) => isSame(vector, together[i]!))) {
    throw createUnsuitableError(
      'The embedding of a picture depends on the other pictures in its batch.',
      'Use stored statistics for normalisation, not those of the batch.',
    );
  }
  if (alone.slice(1).every((vector) => computeDot(alone[0]!, vector) > MAX_OTHER_COSINE)) {
    throw createUnsuitableError('All pictures have the same embedding.');
  }
}
