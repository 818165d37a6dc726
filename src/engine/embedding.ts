/** Image bytes -> embedding, with a bound on how much work may wait. */
import pLimit from 'p-limit';
import type { Encoder } from '../encoder/encoder.js';
import { embedViews, embedViewsInCells } from '../encoder/views.js';
import { PawdexError } from '../errors.js';
import { type DecodeLimits, openPhoto } from '../image/decode.js';
import { decodeViews, VIEW_COUNT, type Views } from '../image/views.js';
import type { Explanation } from './engine.js';
import { explain } from './explain.js';

/** An embedding with the pixels' thumbnail source and the time each step took, in milliseconds. */
export interface Embedded {
  embedding: Float32Array;
  decodeMs: number;
  embedMs: number;
  /** Where its similarity to another vector, float32 [dimension] of L2 norm 1, comes from; null unless asked for. */
  explain: ((vector: Float32Array) => Explanation) | null;
}

/** Called with the decoded pixels, uint8 [size, size, 3], before the encoder consumes them. */
export type BeforeEmbed = (pixels: Uint8Array) => Promise<void>;

/** How an image is embedded. */
export interface EmbedOptions {
  /** `1` unless given. */
  views?: Views | undefined;
  /** Whether the embedding must be able to explain itself. */
  explained?: boolean | undefined;
  beforeEmbed?: BeforeEmbed;
}

/** Settings of {@link ImageEmbedder}. */
export interface ImageEmbedderOptions {
  limits: DecodeLimits;
  /** Images decoded at once; libvips works in node's thread pool, which files and DNS share. */
  decoders: number;
  /** Images, or views of them, that may be waiting or in work before more are refused. */
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

  /** Images accepted and not yet answered; one that is looked at in several views counts as as many. */
  get pending(): number {
    return this.#active;
  }

  /** @throws PawdexError image_*, overloaded, shutting_down, explain_unavailable, invalid_request */
  async embed(
    image: Uint8Array,
    { views = '1', explained = false, beforeEmbed }: EmbedOptions = {},
  ): Promise<Embedded> {
    if (explained && views === '5')
      throw new PawdexError('invalid_request', {
        detail: 'The five views do not lie on one grid, so `explain` cannot be had with views=5.',
        hint: 'Ask for `explain` with views=1 or views=flip.',
      });
    return this.#admitted(VIEW_COUNT[views], async () => {
      const started = performance.now();
      const pixels = await this.#decode(image, views);
      await beforeEmbed?.(pixels[0]!);
      const photo = explained ? await openPhoto(image, this.#options.limits) : null;
      const decoded = performance.now();
      const times = () => ({ decodeMs: decoded - started, embedMs: performance.now() - decoded });
      if (photo === null)
        return { embedding: await embedViews(this.#encoder, pixels), explain: null, ...times() };
      const embedded = await embedViewsInCells(this.#encoder, pixels);
      return {
        embedding: embedded.embedding,
        explain: (vector) => explain(embedded, photo, vector),
        ...times(),
      };
    });
  }

  #decode(image: Uint8Array, views: Views): Promise<Uint8Array[]> {
    return this.#decoders(() => decodeViews(image, views, this.#encoder.info.resize, this.#options.limits));
  }

  /** One image is always let in, however many views it has. */
  async #admitted<T>(count: number, work: () => Promise<T>): Promise<T> {
    if (this.#active > 0 && this.#active + count > this.#options.maxQueue)
      throw new PawdexError('overloaded', { retryAfter: 1 });
    this.#active += count;
    try {
      return await work();
    } finally {
      this.#active -= count;
    }
  }
}
