/** Detects when training diverges. */
import { PawdexError } from '../../errors.js';

/** A loss this many times the recent mean is not noise. */
const DIVERGENCE_FACTOR = 10;
/** Losses below this may rise, because MoCo's is almost 0 until its queue contains real keys. */
const MIN_MEAN = 1;
/** Share of a new loss in the running mean. */
const SMOOTHING = 0.05;

export class DivergenceGuard {
  #mean: number | null = null;

  /**
   * Checks the numbers of a step.
   *
   * @throws PawdexError training_diverged when one of them is not finite, or the loss is far above its recent values
   */
  check(step: number, loss: number, gradientNorm: number): void {
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new PawdexError('training_diverged', {
        detail: `At step ${step} the loss was ${loss} and the norm of the gradients ${gradientNorm}.`,
      });
    }
    if (this.#mean !== null && loss > DIVERGENCE_FACTOR * Math.max(this.#mean, MIN_MEAN)) {
      throw new PawdexError('training_diverged', {
        detail: `At step ${step} the loss rose to ${loss.toFixed(3)}, from about ${this.#mean.toFixed(3)}.`,
      });
    }
    this.#mean = this.#mean === null ? loss : this.#mean + SMOOTHING * (loss - this.#mean);
  }
}
