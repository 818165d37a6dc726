/**
 * Turns image bytes into embeddings. Urgent requests go first, and are refused if they would have to wait long; bulk
 * work uses the remaining capacity.
 */
import pLimit, { type LimitFunction } from 'p-limit';
import { embedViews, embedViewsInCells } from '../encoder/embed-views.js';
import type { Encoder, Place, Urgency } from '../encoder/encoder.js';
import { PawdexError } from '../errors.js';
import { cropPhoto } from '../image/crop.js';
import { type PreparedImage, prepareImage, type ResizeRule, readUprightSize } from '../image/decode.js';
import type { DecodeLimits } from '../image/decode-limits.js';
import { type DecodedRegion, decodeViews, VIEW_COUNT } from '../image/decode-views.js';
import { computeCentreSquare, type Rectangle } from '../image/regions.js';
import { Admission } from './admission.js';
import { computeExplanation, type Explain } from './compute-explanation.js';
import type { LookOptions } from './engine.js';

/** An embedding with its image and the milliseconds that each step took. */
export interface Embedded {
  embedding: Float32Array;
  decodeMs: number;
  embedMs: number;
  /** The photo or the part of it that was embedded, for further views of it. */
  image: PreparedImage;
  /** Null unless requested. */
  explain: Explain | null;
}

export interface EmbeddedRegion extends Pick<Embedded, 'embedding' | 'explain'> {
  /** In fractions of the upright photo. */
  region: Rectangle;
}

/** Called with the decoded pixels, uint8 [size, size, 3], before the encoder consumes them. */
type BeforeEmbed = (pixels: Uint8Array) => Promise<void>;

/** Embeds one image of a bulk task. */
export type EmbedOne = (image: Uint8Array, beforeEmbed?: BeforeEmbed) => Promise<Embedded>;

/** How an image is embedded. */
export interface EmbedOptions extends LookOptions {
  /** Whether the embedding must be able to explain itself. */
  explained?: boolean | undefined;
}

/**
 * Seconds of urgent work that may wait. This keeps the slowest accepted answers below two seconds, including upload and
 * answer (`npm run bench:overload`).
 */
const URGENT_SECONDS = 1.5;
/** Seconds of bulk work that may wait. A client that sends one batch at a time never reaches the limit. */
const BULK_SECONDS = 20;
/** Bulk images that may wait. Their bytes are limited where they are received. */
const BULK_IMAGES = 10_000;

/** Large urgent images that may wait. Each takes about a second and also counts as an ordinary one. */
const MAX_LARGE_WAITING = 3;

export interface ImageEmbedderOptions {
  limits: DecodeLimits;
  /**
   * Images of each urgency that are decoded concurrently. libvips uses Node's thread pool, which files and DNS share. Urgent
   * images have their own decoders, so that they never wait behind bulk work.
   */
  decoders: number;
  /** Urgent images, counting views, that may be waiting or in progress. Also limits the bulk images in progress. */
  maxQueue: number;
  /** Accept work however long it takes, for a process that nobody waits for. */
  patient?: boolean;
}

/** Urgent images in progress per decoder: enough to keep every lane of the encoder busy. */
const CONCURRENCY_PER_DECODER = 9;
/** Bulk images in progress: enough to keep every lane busy. */
const BULK_CONCURRENCY = 16;
/** The same for a process that nobody waits for: two full batches for each of two lanes, and decoded images to follow. */
const PATIENT_BULK_CONCURRENCY = 48;

/** What an image waits for, in this order. Urgent images and bulk work wait separately. */
interface WaitingLine {
  admission: Admission;
  /** Images in progress. */
  slots: LimitFunction;
  decoders: LimitFunction;
  limits: DecodeLimits;
}

/** Decodes and embeds images. Refuses work that it cannot do in time. */
export class ImageEmbedder {
  readonly #encoder: Encoder;
  readonly #lines: Record<Urgency, WaitingLine>;
  readonly #urgentMs: number;

  constructor(encoder: Encoder, options: ImageEmbedderOptions) {
    const { limits, decoders, maxQueue, patient = false } = options;
    this.#encoder = encoder;
    const seconds = (max: number) => (patient ? Number.POSITIVE_INFINITY : max);
    this.#urgentMs = seconds(URGENT_SECONDS) * 1000;
    this.#lines = {
      urgent: {
        admission: new Admission({ maxSeconds: seconds(URGENT_SECONDS), maxImages: maxQueue }),
        slots: pLimit(CONCURRENCY_PER_DECODER * decoders),
        decoders: pLimit(decoders),
        limits: patient ? limits : { ...limits, maxLargeWaiting: MAX_LARGE_WAITING },
      },
      bulk: {
        admission: new Admission({ maxSeconds: seconds(BULK_SECONDS), maxImages: BULK_IMAGES }),
        slots: pLimit(Math.min(patient ? PATIENT_BULK_CONCURRENCY : BULK_CONCURRENCY, maxQueue)),
        decoders: pLimit(decoders),
        limits,
      },
    };
  }

  /** Accepted images that are not answered yet. Each view counts as an image. */
  get pending(): number {
    return this.#lines.urgent.admission.pending + this.#lines.bulk.admission.pending;
  }

  /** Estimates the seconds that the accepted work of an urgency takes. */
  estimateSeconds(urgency: Urgency): number {
    return this.#lines[urgency].admission.seconds;
  }

  /** @throws PawdexError overloaded if work of this urgency would be refused now */
  assertCapacity(urgency: Urgency): void {
    this.#lines[urgency].admission.assertCapacity(1);
  }

  /**
   * @throws PawdexError image_*, region_invalid, overloaded, shutting_down, explain_unavailable, invalid_request
   */
  async embed(bytes: Uint8Array, options: EmbedOptions = {}): Promise<Embedded> {
    const { views = '1', explained = false } = options;
    if (explained && views === '5') {
      throw new PawdexError('invalid_request', {
        detail: '`explain` is not available with views=5, because the views do not share a grid.',
        hint: 'Ask for `explain` with views=1 or views=flip.',
      });
    }
    const admitted = performance.now();
    const { admission, slots } = this.#lines.urgent;
    return admission.admit(VIEW_COUNT[views], () =>
      slots(() => {
        // The measured rate may have been too optimistic, for instance if earlier photos are huge.
        if (performance.now() - admitted > this.#urgentMs) {
          throw new PawdexError('overloaded', { retryAfter: Math.ceil(this.estimateSeconds('urgent')) });
        }
        return this.#embed(bytes, 'urgent', options);
      }),
    );
  }

  /**
   * Embeds parts of a photo that {@link embed} returned. The photo was already admitted, so this neither waits nor is refused.
   *
   * @param count of the parts that `decode` returns
   * @param isExplained whether they must be able to explain themselves
   * @throws PawdexError image_corrupt, shutting_down, explain_unavailable
   */
  embedParts(
    count: number,
    decode: (rule: ResizeRule) => Promise<DecodedRegion[]>,
    isExplained: boolean,
  ): Promise<EmbeddedRegion[]> {
    const { admission, decoders } = this.#lines.urgent;
    return admission.extend(count, async () => {
      const parts = await decoders(() => decode(this.#encoder.info.resize));
      return Promise.all(
        parts.map(async ({ region, pixels }) => ({
          region,
          ...(await this.#embedPixels([pixels], 'next', isExplained ? region : null)),
        })),
      );
    });
  }

  /**
   * Embeds images that nobody waits for, a few at a time.
   *
   * @param work receives a function that embeds one image; all images count as waiting until `work` is done
   * @throws PawdexError overloaded if too much bulk work is waiting
   */
  embedInBulk<T>(images: number, work: (embed: EmbedOne) => Promise<T>): Promise<T> {
    if (images === 0) {
      return work(() => Promise.reject(new Error('no image was announced')));
    }
    const { admission, slots } = this.#lines.bulk;
    return admission.admit(images, () =>
      work((image, beforeEmbed) => slots(() => this.#embed(image, 'bulk', {}, beforeEmbed))),
    );
  }

  async #embed(
    bytes: Uint8Array,
    urgency: Urgency,
    { views = '1', region, explained = false }: EmbedOptions,
    beforeEmbed?: BeforeEmbed,
  ): Promise<Embedded> {
    const started = performance.now();
    const rule = this.#encoder.info.resize;
    const { limits, decoders } = this.#lines[urgency];
    // Large images wait here for a separate process. They must not occupy a decoder meanwhile.
    const photo = await prepareImage(bytes, limits);
    const { image, pixels, seen } = await decoders(async () => {
      const part = region === undefined ? photo : await cropPhoto(photo, region, rule);
      const decoded = await decodeViews(part, views, rule);
      await beforeEmbed?.(decoded[0]!);
      return {
        image: part,
        pixels: decoded,
        seen: explained ? computeCentreSquare(await readUprightSize(part)) : null,
      };
    });
    const decoded = performance.now();
    const embedded = await this.#embedPixels(pixels, urgency, seen);
    return { ...embedded, image, decodeMs: decoded - started, embedMs: performance.now() - decoded };
  }

  /**
   * @param explained null, or the square that the views show, in fractions of the photo, to be able to explain the
   * embedding
   */
  async #embedPixels(
    views: Uint8Array[],
    place: Place,
    explained: Rectangle | null,
  ): Promise<Pick<Embedded, 'embedding' | 'explain'>> {
    if (explained === null) {
      return { embedding: await embedViews(this.#encoder, views, place), explain: null };
    }
    const embedded = await embedViewsInCells(this.#encoder, views);
    return {
      embedding: embedded.embedding,
      explain: (vector) => computeExplanation(embedded, explained, vector),
    };
  }
}
