/** Checks the encoder, its model card and the gallery. */
import type { Config } from '../../config.js';
import { openEncoder } from '../../encoder/open-encoder.js';
import { readGallery } from '../../engine/load-gallery.js';
import { asPawdexError } from '../../errors.js';
import { computeLength } from '../../math/vectors.js';
import { pluralise } from '../print.js';
import { type Check, reportFailure, reportOk } from './check-result.js';

/** Loads the encoder, embeds a grey square, and checks that the gallery belongs to the encoder. */
export async function checkModel(config: Config): Promise<Check[]> {
  try {
    const { MODEL: cardPath, THREADS: threads } = config;
    const encoder = await openEncoder({ cardPath, threads, maxQueue: 1, bulk: true });
    try {
      const { info } = encoder;
      const vector = await encoder.embed(new Uint8Array(info.resize.size ** 2 * 3).fill(128));
      const norm = computeLength(vector);
      const detail = `${info.name}, ${info.dimension} dimensions, fingerprint ${info.fingerprint.slice(0, 12)}`;
      const model =
        Math.abs(norm - 1) < 1e-3
          ? reportOk('model', detail)
          : reportFailure(
              'model',
              `${detail}: embeddings have length ${norm} instead of 1`,
              'Export the encoder again.',
            );
      return [model, await checkGallery(config, info)];
    } finally {
      await encoder.close();
    }
  } catch (error) {
    const { message, hint } = asPawdexError(error);
    return [reportFailure('model', message, hint)];
  }
}

async function checkGallery({ GALLERY }: Config, encoder: Parameters<typeof readGallery>[1]): Promise<Check> {
  if (GALLERY === '') {
    return reportOk('gallery', 'none configured');
  }
  try {
    const items = await readGallery(GALLERY, encoder);
    const labels = new Set(items.map(({ label }) => label)).size;
    return reportOk(
      'gallery',
      `${pluralise(items.length, 'photo')} with ${pluralise(labels, 'label')}, embedded with this encoder`,
    );
  } catch (error) {
    const { message, hint } = asPawdexError(error);
    return reportFailure('gallery', message, hint);
  }
}
