/**
 * How much work may wait. A queue that is bounded by a count alone makes people wait ten times as long on a machine
 * that is ten times slower; this one is bounded by the time its work takes, at the rate at which work is being done.
 */
import { PawdexError } from '../errors.js';

/** Seconds of work before anything has been measured; the first few images correct it. */
const FIRST_GUESS_SECONDS = 0.02;
/** Weight of the newest measurement: some twenty images say how fast the machine is now. */
const SMOOTHING = 0.05;

/** Settings of {@link Admission}. */
export interface AdmissionOptions {
  /** Work that may wait, in seconds at the measured rate. */
  maxSeconds: number;
  /** Work that may wait or be done at once, in images, however fast they are. */
  maxImages: number;
}

/** Admits work of one kind and measures how fast it gets done. */
export class Admission {
  readonly #options: AdmissionOptions;
  #pending = 0;
  #secondsPerImage = FIRST_GUESS_SECONDS;
  /** When the last piece of work was done, or when it became busy after that; of `performance.now()`. */
  #measuredFrom = 0;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /** Images admitted and not yet done. */
  get pending(): number {
    return this.#pending;
  }

  /** How long the work admitted so far takes. */
  get seconds(): number {
    return this.#pending * this.#secondsPerImage;
  }

  /**
   * Refuses where too much waits already. Nothing is too much for an idle machine: work that is larger than the bounds
   * would otherwise never be done.
   *
   * @throws PawdexError overloaded, with the time after which what waits now is done
   */
  check(images: number): void {
    const { maxSeconds, maxImages } = this.#options;
    const isFull = this.seconds >= maxSeconds || this.#pending + images > maxImages;
    if (this.#pending > 0 && isFull) {
      throw new PawdexError('overloaded', { retryAfter: Math.max(1, Math.ceil(this.seconds)) });
    }
  }

  /**
   * Does work that is let in.
   *
   * @throws PawdexError overloaded
   */
  async admit<T>(images: number, work: () => Promise<T>): Promise<T> {
    this.check(images);
    return this.extend(images, work);
  }

  /** Does more of work that was let in: it counts, but is never refused half-way. */
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
