/** Image bytes -> embedding, with a bound on how much work may wait. */
import pLimit from 'p-limit';
import type { Encoder } from '../encoder/encoder.js';
import { PawdexError } from '../errors.js';
import { type DecodeLimits, decode } from '../image/decode.js';

/** An embedding with the pixels' thumbnail source and the time each step took, in milliseconds. */
export interface Embedded {
  embedding: Float32Array;
  decodeMs: number;
  embedMs: number;
}

/** Called with the decoded pixels, uint8 [size, size, 3], before the encoder consumes them. */
export type BeforeEmbed = (pixels: Uint8Array) => Promise<void>;

/** Settings of {@link ImageEmbedder}. */
export interface ImageEmbedderOptions {
  limits: DecodeLimits;
  /** Images decoded at once; libvips works in node's thread pool, which files and DNS share. */
  decoders: number;
  /** Images that may be waiting or in work before more are refused. */
  maxQueue: number;
}

/** Decodes and embeds images, refusing more than it can hold. */
export class ImageEmbedder {
  readonly #encoder: Encoder;
  readonly #options: ImageEmbedderOptions;
  readonly #decoders: ReturnType<typeof pLimit>;
  #active = 0;

  constructor(encoder: Encoder, options: ImageEmbedderOptions) {
    this.#encoder = encoder;
    this.#options = options;
    this.#decoders = pLimit(options.decoders);
  }

  /** Images accepted and not yet answered. */
  get pending(): number {
    return this.#active;
  }

  /** @throws PawdexError image_*, overloaded, shutting_down */
  async embed(image: Uint8Array, beforeEmbed?: BeforeEmbed): Promise<Embedded> {
    if (this.#active >= this.#options.maxQueue) throw new PawdexError('overloaded', { retryAfter: 1 });
    this.#active++;
    try {
      const started = performance.now();
      const pixels = await this.#decoders(() =>
        decode(image, this.#encoder.info.resize, this.#options.limits),
      );
      await beforeEmbed?.(pixels);
      const decoded = performance.now();
      const embedding = await this.#encoder.embed(pixels);
      return { embedding, decodeMs: decoded - started, embedMs: performance.now() - decoded };
    } finally {
      this.#active--;
    }
  }
}
