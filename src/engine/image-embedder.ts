/**
 * Image bytes -> embedding. People who wait for an answer go first and are refused when the wait would be long; bulk
 * work takes what they leave.
 */
import pLimit, { type LimitFunction } from 'p-limit';
import { embedViews, embedViewsInCells } from '../encoder/embed-views.js';
import type { Encoder, Urgency } from '../encoder/encoder.js';
import { PawdexError } from '../errors.js';
import { cropPhoto } from '../image/crop.js';
import {
  type DecodeLimits,
  type PreparedImage,
  prepareImage,
  readUprightSize,
  type Size,
} from '../image/decode.js';
import { decodeEnds, decodeViews, hasEnds, VIEW_COUNT, type Views } from '../image/decode-views.js';
import type { Rectangle } from '../image/heat-colours.js';
import { Admission } from './admission.js';
import type { Explanation } from './engine.js';
import { computeExplanation } from './explain-neighbours.js';

/** An embedding with the pixels' thumbnail source and the time each step took, in milliseconds. */
export interface Embedded {
  embedding: Float32Array;
  decodeMs: number;
  embedMs: number;
  /** The image itself, to be shown in other ways. */
  image: PreparedImage;
  /** Where its similarity to another vector, float32 [dimension] of L2 norm 1, comes from; null unless asked for. */
  explain: ((vector: Float32Array) => Explanation) | null;
}

/** A part of a photo with its embedding. */
export interface EmbeddedRegion {
  /** In fractions of the upright photo. */
  region: Rectangle;
  embedding: Float32Array;
}

/** Called with the decoded pixels, uint8 [size, size, 3], before the encoder consumes them. */
export type BeforeEmbed = (pixels: Uint8Array) => Promise<void>;

/** Embeds one of the images of a piece of bulk work. */
export type EmbedOne = (image: Uint8Array, beforeEmbed: BeforeEmbed) => Promise<Embedded>;

/** How an image is embedded. */
export interface EmbedOptions {
  /** `1` unless given. */
  views?: Views | undefined;
  /** Whether the embedding must be able to explain itself. */
  explained?: boolean | undefined;
  beforeEmbed?: BeforeEmbed;
}

/**
 * Seconds of urgent work that may wait. With the time of an upload and of the answer itself that keeps the slowest
 * accepted answers under two seconds: bench:overload.
 */
const URGENT_SECONDS = 1.5;
/** Seconds of bulk work that may wait: a client that sends batches one after the other never sees this. */
const BULK_SECONDS = 20;
/** Images of bulk work that may wait; their bytes are bounded where they are received. */
const BULK_IMAGES = 10_000;

/** Large urgent images that may wait for each other, of about a second each; they take the places of ordinary ones. */
const MAX_LARGE_WAITING = 3;

/** Settings of {@link ImageEmbedder}. */
export interface ImageEmbedderOptions {
  limits: DecodeLimits;
  /**
   * Images of each urgency decoded at once; libvips works in node's thread pool, which files and DNS share. Urgent ones
   * have decoders of their own, so that they never queue behind bulk work there.
   */
  decoders: number;
  /** Urgent images, or views of them, that may be waiting or in work before more are refused. */
  maxQueue: number;
  /** Bulk images in work at once. */
  bulkAtOnce: number;
  /** Whether nobody waits in this process: then nothing is refused for the time that it takes. */
  patient?: boolean;
}

/** Urgent images in work at once for each decoder: enough decoded ones to keep every lane of the encoder busy. */
const AT_ONCE_PER_DECODER = 6;

/** Decodes and embeds images, refusing more than it can do in time. */
export class ImageEmbedder {
  readonly #encoder: Encoder;
  readonly #limits: Record<Urgency, DecodeLimits>;
  readonly #admissions: Record<Urgency, Admission>;
  readonly #atOnce: Record<Urgency, LimitFunction>;
  readonly #decoders: Record<Urgency, LimitFunction>;
  readonly #urgentMs: number;

  constructor(encoder: Encoder, options: ImageEmbedderOptions) {
    const { limits, decoders, maxQueue, bulkAtOnce, patient = false } = options;
    this.#encoder = encoder;
    this.#limits = {
      urgent: patient ? limits : { ...limits, maxLargeWaiting: MAX_LARGE_WAITING },
      bulk: limits,
    };
    const seconds = (most: number) => (patient ? Number.POSITIVE_INFINITY : most);
    this.#urgentMs = seconds(URGENT_SECONDS) * 1000;
    this.#admissions = {
      urgent: new Admission({ maxSeconds: seconds(URGENT_SECONDS), maxImages: maxQueue }),
      bulk: new Admission({ maxSeconds: seconds(BULK_SECONDS), maxImages: BULK_IMAGES }),
    };
    this.#atOnce = { urgent: pLimit(AT_ONCE_PER_DECODER * decoders), bulk: pLimit(bulkAtOnce) };
    this.#decoders = { urgent: pLimit(decoders), bulk: pLimit(decoders) };
  }

  /** Images accepted and not yet answered; one that is looked at in several views counts as as many. */
  get pending(): number {
    return this.#admissions.urgent.pending + this.#admissions.bulk.pending;
  }

  /** Seconds that the accepted work of an urgency takes. */
  queueSeconds(urgency: Urgency): number {
    return this.#admissions[urgency].seconds;
  }

  /** @throws PawdexError overloaded where work of this urgency would be refused now */
  checkRoom(urgency: Urgency): void {
    this.#admissions[urgency].check(1);
  }

  /** @throws PawdexError image_*, overloaded, shutting_down, explain_unavailable, invalid_request */
  async embed(bytes: Uint8Array, options: EmbedOptions = {}): Promise<Embedded> {
    const { views = '1', explained = false } = options;
    if (explained && views === '5') {
      throw new PawdexError('invalid_request', {
        detail: '`explain` is not available with views=5, because the five views do not share one grid.',
        hint: 'Ask for `explain` with views=1 or views=flip.',
      });
    }
    const admitted = performance.now();
    return this.#admissions.urgent.admit(VIEW_COUNT[views], () =>
      this.#atOnce.urgent(() => {
        // The measured rate may have been too hopeful, as where the photos before this one were huge.
        if (performance.now() - admitted > this.#urgentMs) {
          throw new PawdexError('overloaded', { retryAfter: Math.ceil(this.queueSeconds('urgent')) });
        }
        return this.#embed(bytes, 'urgent', options);
      }),
    );
  }

  /**
   * Cuts a region out of a photo.
   *
   * @param region in fractions of the upright photo
   * @throws PawdexError region_invalid, image_*
   */
  crop(bytes: Uint8Array, region: Rectangle): Promise<Uint8Array> {
    return this.#decoders.urgent(() => cropPhoto(bytes, region, this.#limits.urgent));
  }

  /**
   * Embeds the squares at both ends of a photo's longer side. The photo has waited for its turn already, so that it
   * neither waits for another one nor is refused.
   *
   * @param size of the photo when upright, in pixels
   * @returns none for a photo that is nearly square
   * @throws PawdexError image_corrupt, shutting_down
   */
  async embedEnds(image: PreparedImage, size: Size): Promise<EmbeddedRegion[]> {
    if (!hasEnds(size)) {
      return [];
    }
    return this.#admissions.urgent.extend(2, async () => {
      const looks = await this.#decoders.urgent(() => decodeEnds(image, size, this.#encoder.info.resize));
      return Promise.all(
        looks.map(async ({ region, pixels }) => ({
          region,
          embedding: await embedViews(this.#encoder, [pixels], 'urgent'),
        })),
      );
    });
  }

  /**
   * Embeds images when nobody waits for an answer, a few at a time.
   *
   * @param work is given a function that embeds one image; all images count as waiting until it is done
   * @throws PawdexError overloaded when too much bulk work waits already
   */
  embedInBulk<T>(images: number, work: (embed: EmbedOne) => Promise<T>): Promise<T> {
    if (images === 0) {
      return work(() => Promise.reject(new Error('no image was announced')));
    }
    return this.#admissions.bulk.admit(images, () =>
      work((image, beforeEmbed) => this.#atOnce.bulk(() => this.#embed(image, 'bulk', { beforeEmbed }))),
    );
  }

  async #embed(
    bytes: Uint8Array,
    urgency: Urgency,
    { views = '1', explained = false, beforeEmbed }: EmbedOptions,
  ): Promise<Embedded> {
    const started = performance.now();
    // Large images wait here for a process of their own, and must not keep a decoder from the others meanwhile.
    const image = await prepareImage(bytes, this.#limits[urgency]);
    const { pixels, photo } = await this.#decoders[urgency](async () => {
      const decoded = await decodeViews(image, views, this.#encoder.info.resize);
      await beforeEmbed?.(decoded[0]!);
      return { pixels: decoded, photo: explained ? await readUprightSize(image) : null };
    });
    const decoded = performance.now();
    const rest = () => ({ image, decodeMs: decoded - started, embedMs: performance.now() - decoded });
    if (photo === null) {
      return { embedding: await embedViews(this.#encoder, pixels, urgency), explain: null, ...rest() };
    }
    const embedded = await embedViewsInCells(this.#encoder, pixels);
    return {
      embedding: embedded.embedding,
      explain: (vector) => computeExplanation(embedded, photo, vector),
      ...rest(),
    };
  }
}
