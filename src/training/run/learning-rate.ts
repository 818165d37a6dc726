/** How the learning rate changes over a run. */

/**
 * Linear warm-up, then half a cosine down to 0 (SGDR without restarts, Loshchilov & Hutter, arXiv 1608.03983).
 *
 * @param step 0 for the first
 * @param total steps of the run
 * @param warmUp share of them, 0..1
 * @returns factor on the peak rate, 0..1; never 0 for a step that is taken
 */
export function computeRate(step: number, total: number, warmUp: number): number {
  const rising = Math.floor(total * warmUp);
  if (step < rising) {
    return (step + 1) / (rising + 1);
  }
  return 0.5 * (1 + Math.cos((Math.PI * (step - rising)) / Math.max(1, total - rising)));
}
