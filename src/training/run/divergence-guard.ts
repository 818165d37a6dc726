/** Detects when training diverges. */
import { PawdexError } from '../../errors.js';

/** A loss this many times the recent mean is not noise. */
const EXPLODED = 10;
/** Losses below this may rise, because MoCo's is almost 0 until its queue contains real keys. */
const SMALL = 1;
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
    if (this.#mean !== null && loss > EXPLODED * Math.max(this.#mean, SMALL)) {
      throw new PawdexError('training_diverged', {
        detail: `At step ${step} the loss rose to ${loss.toFixed(3)}, from about ${this.#mean.toFixed(3)}.`,
      });
    }
    this.#mean = this.#mean === null ? loss : this.#mean + SMOOTHING * (loss - this.#mean);
  }
}
