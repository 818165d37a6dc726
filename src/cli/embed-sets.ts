/** Labelled sets to embeddings, with progress, for the commands that measure. */
import { openEncoder } from '../encoder/open.js';
import { type EmbeddedSet, embedSet } from '../evaluation/embed-set.js';
import { EmbeddingCache } from '../evaluation/embedding-cache.js';
import { readLabelledSet } from '../jobs/labelled-set.js';
import type { CommonOptions } from './command.js';
import { note, plural } from './output.js';
import { showProgress } from './progress.js';

/** Photos in work at once: a full batch in the encoder and the next ones decoding. */
const PARALLEL = 24;

/**
 * Embeds the sets, each distinct one once, and lists the photos that could not be read.
 *
 * @param specs as typed: a folder, or FOLDER:split
 * @param cacheDir folder to keep embeddings in
 * @returns the sets in the order given, and the model
 * @throws PawdexError set_invalid, model_invalid
 */
export async function embedSets(
  specs: string[],
  cacheDir: string | undefined,
  { config, quiet }: CommonOptions,
) {
  const photos = new Map<string, Awaited<ReturnType<typeof readLabelledSet>>>();
  for (const spec of new Set(specs)) photos.set(spec, await readLabelledSet(spec, { labelsRequired: true }));
  const encoder = await openEncoder({
    cardPath: config.MODEL,
    threads: config.THREADS,
    maxQueue: 2 * PARALLEL,
  });
  try {
    const cache = cacheDir === undefined ? undefined : await EmbeddingCache.open(cacheDir, encoder.info);
    const embedded = new Map<string, EmbeddedSet>();
    for (const [spec, files] of photos) {
      const total = files.length;
      if (!quiet) note(`Embedding ${plural(total, 'photo')} of ${spec}`);
      const display = showProgress(total, quiet);
      let done = 0;
      const set = await embedSet(files, {
        encoder,
        maxPixels: config.MAX_PIXELS,
        parallel: PARALLEL,
        ...(cache === undefined ? {} : { cache }),
        onPhoto: () => display.update({ total, done: ++done, skipped: 0, failed: 0, created: 0 }),
      }).finally(() => display.stop());
      for (const { file, detail } of set.skipped) note(`left out of ${spec}: ${file}: ${detail}`);
      embedded.set(spec, set);
    }
    return {
      sets: specs.map((spec) => embedded.get(spec)!),
      card: encoder.card,
      fingerprint: encoder.info.fingerprint,
    };
  } finally {
    await encoder.close();
  }
}
