/** Computes how the learning rate changes over a round. */

/**
 * Computes the factor on the rate: linear warm-up, then half a cosine down to 0 (SGDR without restarts, Loshchilov &
 * Hutter, arXiv 1608.03983).
 *
 * @param step 0 for the first
 * @param total steps of the round
 * @param warmUp share of the steps in which the rate rises, 0..1
 * @returns factor on the peak rate, above 0 and at most 1
 */
export function computeRate(step: number, total: number, warmUp: number): number {
  const rising = Math.floor(total * warmUp);
  if (step < rising) {
    return (step + 1) / (rising + 1);
  }
  return 0.5 * (1 + Math.cos((Math.PI * (step - rising)) / Math.max(1, total - rising)));
}
