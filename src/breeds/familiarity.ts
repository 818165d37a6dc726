/** Measures how similar a photo is to a collection, regardless of labels. */

const NEAREST = 5;

/**
 * Computes the mean similarity of the five nearest neighbours, or of all if there are fewer. It is low for photos
 * without a cat or dog. The mean is more stable than the nearest neighbour alone (Sun et al. 2022,
 * "Out-of-distribution detection with deep nearest neighbors", arXiv 2204.06507, use the distance to the k-th).
 *
 * @param neighbours in any order
 * @returns -1..1; -1 without neighbours
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
