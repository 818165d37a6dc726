/** Embeds labelled sets with the shipped encoder, for the scripts of this folder. */
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { readLabelledSet } from '../../../dist/datasets/labelled-set.js';
import { openEncoder } from '../../../dist/encoder/open-encoder.js';
import { isGalleryFile, readGallerySet } from '../../../dist/engine/load-gallery.js';
import { embedSet } from '../../../dist/evaluation/embed-set.js';
import { EmbeddingCache } from '../../../dist/evaluation/embedding-cache.js';

/** The shipped model card. */
export const SHIPPED_CARD = fileURLToPath(new URL('../../../models/encoder.json', import.meta.url));

/**
 * @param {{ model?: string, cache?: string }} options card of the encoder, folder to keep embeddings in
 * @param {string[]} specs labelled sets, or gallery files
 * @returns the sets in the same order, the card and the fingerprint
 */
export async function embedSets({ model = SHIPPED_CARD, cache }, specs) {
  const encoder = await openEncoder({
    cardPath: path.resolve(model),
    threads: availableParallelism(),
    maxQueue: 64,
  });
  try {
    const kept = cache === undefined ? undefined : await EmbeddingCache.open(cache, encoder.info);
    const sets = [];
    for (const spec of specs) {
      if (isGalleryFile(spec)) {
        sets.push(await readGallerySet(spec, encoder.info));
        continue;
      }
      const photos = await readLabelledSet(spec, { labelsRequired: true });
      console.error(`embedding ${photos.length} photos of ${spec}`);
      const set = await embedSet(photos, {
        encoder,
        maxPixels: 1e8,
        parallel: 24,
        ...(kept ? { cache: kept } : {}),
      });
      for (const { file, detail } of set.skipped) {
        console.error(`left out: ${file}: ${detail}`);
      }
      sets.push(set);
    }
    return { sets, card: encoder.card, fingerprint: encoder.info.fingerprint };
  } finally {
    await encoder.close();
  }
}

/**
 * Reads the labels of a list of photos: a CSV file with the columns `file` (relative to the set) and `label`.
 *
 * @returns labels by file; none without a list
 */
export async function readListedLabels(list) {
  const rows = list === undefined ? [] : parse(await readFile(list), { columns: true });
  return new Map(rows.map(({ file, label }) => [file, label]));
}
