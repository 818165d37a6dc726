/** Embeds labelled sets with a progress bar, for the commands that measure. */
import type { Encoder } from '../encoder/encoder.js';
import { openEncoder } from '../encoder/open-encoder.js';
import { isGalleryFile, readGallerySet } from '../engine/load-gallery.js';
import { type EmbeddedSet, embedSet, type PhotoToEmbed } from '../evaluation/embed-set.js';
import { EmbeddingCache } from '../evaluation/embedding-cache.js';
import { VIEW_COUNT, type Views } from '../image/decode-views.js';
import { getRow } from '../math/matrix.js';
import type { CommonOptions } from './create-command.js';
import { pluralise, printMessage } from './print.js';
import { withProgress } from './progress.js';
import { readSet, type SetFlags } from './set-options.js';

/** Photos processed at a time: one batch in the encoder while the next is decoded. */
const CONCURRENCY = 48;

/** A labelled set to embed. */
export interface SetRequest {
  /** A folder, FOLDER:SPLIT, or a gallery file. */
  set: string;
  /** Views of each photo whose embeddings are averaged; default `1`. */
  views?: Views;
  /** Whether its photos are of other subjects, which need no label. */
  isOther?: boolean;
}

/** Stands for the label of photos of other subjects that have none. */
const OTHER = 'other';

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
  common: CommonOptions,
  flags: SetFlags = {},
) {
  const { config, quiet } = common;
  const photos = new Map<string, PhotoToEmbed[]>();
  const specs = new Set(requests.map(({ set }) => set).filter((spec) => !isGalleryFile(spec)));
  for (const spec of specs) {
    const labelsRequired = requests.some(({ set, isOther }) => set === spec && isOther !== true);
    const set = await readSet(spec, flags, { labelsRequired, quiet });
    photos.set(
      spec,
      set.photos.map((photo) => ({ ...photo, label: photo.label ?? OTHER })),
    );
  }
  const encoder = await openEncoder({
    cardPath: config.MODEL,
    threads: config.THREADS,
    maxQueue: 2 * CONCURRENCY * Math.max(...Object.values(VIEW_COUNT)),
    bulk: true,
  });
  const embedOne = (set: string, views: Views) =>
    isGalleryFile(set)
      ? readGallerySet(set, encoder.info)
      : embedLabelledSet(photos.get(set)!, { set, views }, encoder, cacheDir, common);
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

/** Embeds the photos of one set, and names those that cannot be read. */
async function embedLabelledSet(
  photos: readonly PhotoToEmbed[],
  { set, views }: Required<Omit<SetRequest, 'isOther'>>,
  encoder: Encoder,
  cacheDir: string | undefined,
  { config, quiet }: CommonOptions,
): Promise<EmbeddedSet> {
  const cache = cacheDir === undefined ? undefined : await EmbeddingCache.open(cacheDir, encoder.info, views);
  if (!quiet) {
    const suffix = views === '1' ? '' : `, views ${views}`;
    printMessage(`Embedding ${pluralise(photos.length, 'photo')} of ${set}${suffix}`);
  }
  let done = 0;
  const skipped: string[] = [];
  const embedded = await withProgress(photos.length, quiet, (update) =>
    embedSet(photos, {
      encoder,
      maxPixels: config.MAX_PIXELS,
      parallel: CONCURRENCY,
      views,
      cache,
      onPhoto: () => update({ done: ++done }),
      onSkipped: (file, { message }) => skipped.push(`Skipped ${file} of ${set}: ${message}`),
    }),
  ).finally(() => printMessage(skipped));
  return embedded;
}

/** Embeds photos of other subjects in this process, because a server does not accept folders. */
export async function embedPhotos(set: string, common: CommonOptions): Promise<Float32Array[]> {
  const { sets } = await embedSets([{ set, isOther: true }], undefined, common);
  const { vectors } = sets[0]!;
  return Array.from({ length: vectors.rows }, (_, row) => getRow(vectors, row).slice());
}
