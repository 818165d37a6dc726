/**
 * Limits how much work may wait. A queue limited by count alone makes clients wait ten times as long on a machine that is
 * ten times slower. This one is limited by time, at the measured rate of work.
 */
import { PawdexError } from '../errors.js';

const FIRST_GUESS_SECONDS = 0.02;
/** Weight of the newest measurement; the average follows about twenty images. */
const SMOOTHING = 0.05;

export interface AdmissionOptions {
  /** Limit for waiting work, in seconds at the measured rate. */
  maxSeconds: number;
  /** Limit for images that wait or are in progress, regardless of the rate. */
  maxImages: number;
  /** Assumed seconds per image before anything was measured. */
  firstGuessSeconds?: number;
}

/** Admits work of one kind and measures its rate. */
export class Admission {
  readonly #options: AdmissionOptions;
  #pending = 0;
  #secondsPerImage: number;
  /** Time of `performance.now()` when the last work ended, or when the first work after an idle time began. */
  #measuredFrom = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#secondsPerImage = options.firstGuessSeconds ?? FIRST_GUESS_SECONDS;
  }

  /** Images admitted and not yet done. */
  get pending(): number {
    return this.#pending;
  }

  /** Estimated time of the work admitted so far. */
  get seconds(): number {
    return this.#pending * this.#secondsPerImage;
  }

  /**
   * Refuses work if too much is waiting. An idle machine accepts any amount, since work above the limits could otherwise
   * never run.
   *
   * @throws PawdexError overloaded, with the estimated time until the waiting work is done
   */
  assertCapacity(images: number): void {
    const { maxSeconds, maxImages } = this.#options;
    const isFull = this.seconds >= maxSeconds || this.#pending + images > maxImages;
    if (this.#pending > 0 && isFull) {
      throw new PawdexError('overloaded', { retryAfter: Math.max(1, Math.ceil(this.seconds)) });
    }
  }

  /**
   * Runs work once it is admitted.
   *
   * @throws PawdexError overloaded
   */
  async admit<T>(images: number, work: () => Promise<T>): Promise<T> {
    this.assertCapacity(images);
    return this.extend(images, work);
  }

  /** Runs another part of admitted work. It counts towards the load, but is never refused. */
  async extend<T>(images: number, work: () => Promise<T>): Promise<T> {
    if (this.#pending === 0) {
      this.#measuredFrom = performance.now();
    }
    this.#pending += images;
    try {
      return await work();
    } finally {
      this.#pending -= images;
      this.#measure(images);
    }
  }

  #measure(images: number): void {
    const now = performance.now();
    const seconds = (now - this.#measuredFrom) / 1000 / images;
    this.#measuredFrom = now;
    this.#secondsPerImage += SMOOTHING * (seconds - this.#secondsPerImage);
  }
}
