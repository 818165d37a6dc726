/** Embeds labelled sets with a progress bar, for the commands that measure. */

import type { LabelledPhoto } from '../datasets/labelled-photo.js';
import { openEncoder } from '../encoder/open-encoder.js';
import { isGalleryFile, readGallerySet } from '../engine/load-gallery.js';
import { type EmbeddedSet, embedSet } from '../evaluation/embed-set.js';
import { EmbeddingCache } from '../evaluation/embedding-cache.js';
import { VIEW_COUNT, type Views } from '../image/decode-views.js';
import type { CommonOptions } from './create-command.js';
import { note, pluralise } from './print.js';
import { showProgress } from './progress.js';
import { readSet, type SetFlags } from './set-options.js';

/** Photos processed at a time: one batch in the encoder while the next is decoded. */
const PARALLEL = 48;

/** A labelled set to embed. */
export interface SetRequest {
  /** A folder, FOLDER:SPLIT, or a gallery file. */
  set: string;
  /** Views of each photo whose embeddings are averaged; default `1`. */
  views?: Views;
}

/**
 * Embeds sets, each distinct one once, and lists the photos that cannot be read.
 *
 * @param cacheDir folder that keeps embeddings between runs
 * @param flags which photos to take
 * @returns the sets in the order of the requests, with the card and the fingerprint of the encoder
 * @throws PawdexError set_invalid, model_invalid
 */
export async function embedSets(
  requests: SetRequest[],
  cacheDir: string | undefined,
  { config, quiet }: CommonOptions,
  { label, include, exclude }: Partial<SetFlags> = {},
) {
  const photos = new Map<string, LabelledPhoto[]>();
  const specs = new Set(requests.map(({ set }) => set).filter((spec) => !isGalleryFile(spec)));
  for (const spec of specs) {
    photos.set(spec, (await readSet(spec, { label, include, exclude, labelsRequired: true, quiet })).photos);
  }
  const encoder = await openEncoder({
    cardPath: config.MODEL,
    threads: config.THREADS,
    maxQueue: 2 * PARALLEL * Math.max(...Object.values(VIEW_COUNT)),
    bulk: true,
  });
  const embedOne = async (spec: string, views: Views): Promise<EmbeddedSet> => {
    if (isGalleryFile(spec)) {
      return readGallerySet(spec, encoder.info);
    }
    const files = photos.get(spec)!;
    const total = files.length;
    const cache =
      cacheDir === undefined ? undefined : await EmbeddingCache.open(cacheDir, encoder.info, views);
    if (!quiet) {
      note(`Embedding ${pluralise(total, 'photo')} of ${spec}${views === '1' ? '' : `, views ${views}`}`);
    }
    const display = showProgress(total, quiet);
    let done = 0;
    const set = await embedSet(files, {
      encoder,
      maxPixels: config.MAX_PIXELS,
      parallel: PARALLEL,
      views,
      cache,
      onPhoto: () => display.update({ done: ++done }),
    }).finally(() => display.stop());
    for (const { file, detail } of set.skipped) {
      note(`Skipped ${file} of ${spec}: ${detail}`);
    }
    return set;
  };
  try {
    const embedded = new Map<string, EmbeddedSet>();
    const sets: EmbeddedSet[] = [];
    for (const { set, views = '1' } of requests) {
      const key = `${views} ${set}`;
      embedded.set(key, embedded.get(key) ?? (await embedOne(set, views)));
      sets.push(embedded.get(key)!);
    }
    return { sets, card: encoder.card, fingerprint: encoder.info.fingerprint };
  } finally {
    await encoder.close();
  }
}

/** Embeds the photos of a labelled set in this process, because a server does not accept folders. */
export async function embedPhotos(set: string, common: CommonOptions): Promise<Float32Array[]> {
  const { sets } = await embedSets([{ set }], undefined, common);
  const { data, rows, dimension } = sets[0]!.vectors;
  return Array.from({ length: rows }, (_, row) => data.slice(row * dimension, (row + 1) * dimension));
}
