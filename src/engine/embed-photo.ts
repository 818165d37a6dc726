/** Embeds a photo for callers that want the vector itself. */
import { describeModel } from './encoders.js';
import type { EmbedAnswer, LookOptions } from './engine.js';
import type { EngineContext } from './spaces.js';

/** See `Engine.embed`. */
export async function embedPhoto(
  { encoders: { primary } }: EngineContext,
  image: Uint8Array,
  { views, region }: LookOptions = {},
): Promise<EmbedAnswer> {
  const started = performance.now();
  const { embedding, decodeMs, embedMs } = await primary.embedder.embed(image, { views, region });
  return {
    embedding,
    model: describeModel(primary),
    timing: { decodeMs, embedMs, searchMs: 0, totalMs: performance.now() - started },
  };
}
