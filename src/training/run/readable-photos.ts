/** Finds the usable photos of a set, before hours are spent on training. */
import pLimit from 'p-limit';
import { asPawdexError, type PawdexError } from '../../errors.js';
import { decode, type ResizeRule } from '../../image/decode.js';
import { isImageFault } from '../../image/image-errors.js';
import { readPhoto } from '../../image/read-photo.js';
import type { TrainingPhoto } from './training-set.js';

/** Photos decoded at once. */
const CONCURRENCY = 8;

export interface ReadableOptions {
  rule: ResizeRule;
  maxPixels: number;
  signal?: AbortSignal;
  onProgress?: (done: number) => void;
  /** Called for each photo that is left out. */
  onBad: (file: string, error: PawdexError) => void;
}

/**
 * Decodes every photo once.
 *
 * @returns those that can be decoded, in their order
 * @throws PawdexError for errors that are not a photo's fault; the signal's reason
 */
export async function findReadablePhotos(
  photos: readonly TrainingPhoto[],
  { rule, maxPixels, signal, onProgress, onBad }: ReadableOptions,
): Promise<TrainingPhoto[]> {
  const limit = pLimit(CONCURRENCY);
  let done = 0;
  const checked = await Promise.all(
    photos.map((photo) =>
      limit(async () => {
        signal?.throwIfAborted();
        try {
          await decode(await readPhoto(photo.file), rule, { maxPixels });
          return photo;
        } catch (error) {
          const coded = asPawdexError(error);
          if (!isImageFault(coded)) {
            throw error;
          }
          onBad(photo.file, coded);
          return null;
        } finally {
          onProgress?.(++done);
        }
      }),
    ),
  );
  return checked.filter((photo) => photo !== null);
}
