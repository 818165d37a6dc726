/** How near a photo lies to what a collection holds, whatever the labels say. */

const NEAREST = 5;

/**
 * Mean similarity of the five nearest neighbours (of all, where there are fewer): low for what is neither cat
 * nor dog. The mean of several is steadier than the nearest alone (Sun et al. 2022, "Out-of-distribution
 * detection with deep nearest neighbors", arXiv 2204.06507, use the distance to the k-th).
 *
 * @param neighbours in any order
 * @returns -1..1; -1 when there is none
 */
export function computeFamiliarity(neighbours: readonly { similarity: number }[]): number {
  const nearest = neighbours
    .map(({ similarity }) => similarity)
    .sort((a, b) => b - a)
    .slice(0, NEAREST);
  if (nearest.length === 0) {
    return -1;
  }
  return nearest.reduce((sum, similarity) => sum + similarity, 0) / nearest.length;
}
