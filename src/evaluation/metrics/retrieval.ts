/** Retrieval metrics of one query. */

/**
 * Finds the rank of the first neighbour with the query's label; recall@K is the share of queries whose rank is <= K
 * (Jegou et al. 2011; the definition used in metric learning, where one hit is enough).
 *
 * @param relevant 1 for neighbours with the query's label, nearest first
 * @returns 1-based rank, Infinity if there is none
 */
export function findFirstHit(relevant: Uint8Array): number {
  const index = relevant.indexOf(1);
  return index < 0 ? Number.POSITIVE_INFINITY : index + 1;
}

/**
 * Computes the average precision at R, the number of right neighbours in the gallery: the mean over the first R
 * ranks of precision@i if rank i is right, else 0 (Musgrave, Belongie, Lim 2020, "A metric learning reality
 * check", arXiv 2003.08505, section 3.2).
 *
 * @param relevant 1 for neighbours with the query's label, nearest first, at least R entries
 * @param total R, >= 1
 * @returns 0..1; 1 only if the first R are all right
 */
export function computeAveragePrecisionAtR(relevant: Uint8Array, total: number): number {
  let hits = 0;
  let sum = 0;
  for (let i = 0; i < total; i++) {
    if (relevant[i] !== 1) {
      continue;
    }
    hits++;
    sum += hits / (i + 1);
  }
  return sum / total;
}
