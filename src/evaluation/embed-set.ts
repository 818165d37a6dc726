/** Embeds labelled photos. */
import pLimit from 'p-limit';
import type { LabelledPhoto } from '../datasets/labelled-photo.js';
import { embedViews } from '../encoder/embed-views.js';
import type { Encoder } from '../encoder/encoder.js';
import { asPawdexError, PawdexError } from '../errors.js';
import { prepareImage } from '../image/decode.js';
import { decodeViews, type Views } from '../image/decode-views.js';
import { isImageFault } from '../image/image-errors.js';
import { readPhotoFile } from '../image/read-photo.js';
import { getRow, type Matrix, stackRows } from '../math/matrix.js';
import type { EmbeddingCache } from './embedding-cache.js';

/** A photo that has a label. */
export type PhotoToEmbed = LabelledPhoto & { label: string };

/** One row of an {@link EmbeddedSet}. */
export interface EmbeddedItem {
  file: string;
  label: string;
  /** Hex sha256 of the file's bytes. */
  sha256: string;
  /** The manifest's other columns; empty for a set without a manifest. */
  metadata: Readonly<Record<string, string>>;
}

export interface EmbeddedSet {
  /** Row i is the unit vector of item i. */
  vectors: Matrix;
  /** At least one. */
  items: EmbeddedItem[];
}

export interface EmbedSetOptions {
  encoder: Encoder;
  maxPixels: number;
  /** Photos in progress at once; enough to fill the encoder's largest batch while others are decoded. */
  parallel: number;
  views: Views;
  /** Must be made for these views. */
  cache: EmbeddingCache | undefined;
  /** Called after each photo. */
  onPhoto: () => void;
  /** Called for each photo that cannot be read. */
  onSkipped: (file: string, fault: PawdexError) => void;
}

/**
 * Embeds photos in order, without those that cannot be read.
 *
 * @throws PawdexError set_invalid when none can be read; overloaded, shutting_down
 */
export async function embedSet(
  photos: readonly PhotoToEmbed[],
  options: EmbedSetOptions,
): Promise<EmbeddedSet> {
  const { encoder, parallel, cache, onPhoto, onSkipped } = options;
  const limit = pLimit(parallel);
  const embedOne = async ({ file, label, metadata }: PhotoToEmbed) => {
    try {
      return { file, label, metadata, ...(await embedFile(file, options)) };
    } catch (error) {
      const fault = asPawdexError(error);
      if (!isImageFault(fault)) {
        throw error;
      }
      onSkipped(file, fault);
      return null;
    } finally {
      onPhoto();
    }
  };
  const embedded = await Promise.all(photos.map((photo) => limit(embedOne, photo))).finally(() =>
    cache?.save(),
  );
  const rows = embedded.filter((row) => row !== null);
  if (rows.length === 0) {
    throw new PawdexError('set_invalid', { detail: `None of the ${photos.length} photos can be read.` });
  }
  const vectors = rows.map(({ vector }) => vector);
  const items = rows.map(({ vector, ...item }) => item);
  return { vectors: stackRows(vectors, encoder.info.dimension), items };
}

/** Embeds the photo of a file, unless the cache has its embedding. */
async function embedFile(
  file: string,
  { encoder, maxPixels, views, cache }: EmbedSetOptions,
): Promise<{ sha256: string; vector: Float32Array }> {
  const { bytes, sha256 } = await readPhotoFile(file);
  const cached = cache?.get(sha256);
  if (cached !== undefined) {
    return { sha256, vector: cached };
  }
  const pixels = await decodeViews(await prepareImage(bytes, { maxPixels }), views, encoder.info.resize);
  const vector = await embedViews(encoder, pixels);
  cache?.set(sha256, vector);
  return { sha256, vector };
}

/**
 * Selects the rows for which `keep` returns true.
 *
 * @param keep called with each item and its row
 */
export function takeSubset(
  set: EmbeddedSet,
  keep: (item: EmbeddedItem, row: number) => boolean,
): EmbeddedSet {
  const rows = set.items.flatMap((item, row) => (keep(item, row) ? [row] : []));
  const vectors = rows.map((row) => getRow(set.vectors, row));
  return {
    vectors: stackRows(vectors, set.vectors.dimension),
    items: rows.map((row) => set.items[row]!),
  };
}

/** Joins sets in order. @param sets at least one, all of the same encoder */
export function joinSets(sets: readonly EmbeddedSet[]): EmbeddedSet {
  const rows = sets.reduce((sum, { vectors }) => sum + vectors.rows, 0);
  const { dimension } = sets[0]!.vectors;
  const data = new Float32Array(rows * dimension);
  let offset = 0;
  for (const { vectors } of sets) {
    data.set(vectors.data, offset);
    offset += vectors.data.length;
  }
  return {
    vectors: { data, rows, dimension },
    items: sets.flatMap(({ items }) => items),
  };
}

/** Keeps only the first of photos with the same bytes, as a collection does. */
export function removeRepeats(set: EmbeddedSet): EmbeddedSet {
  const seen = new Set<string>();
  return takeSubset(set, ({ sha256 }) => {
    if (seen.has(sha256)) {
      return false;
    }
    seen.add(sha256);
    return true;
  });
}
