/** The weighted k-nearest-neighbour vote: neighbours with labels in, a share of the vote for each label out. */

/** What the vote reads of a neighbour. */
export interface Voter {
  /** Items without a label are neighbours like any other, but do not vote. */
  label: string | null;
  /** Cosine similarity to the query, -1..1. */
  similarity: number;
}

/** A label with its share, 0..1. */
export interface Candidate {
  label: string;
  confidence: number;
}

/**
 * Each labelled neighbour votes with weight exp(similarity / temperature): at a low temperature the nearest
 * decide alone, at a high one all count alike (Wu et al. 2018, "Unsupervised feature learning via
 * non-parametric instance discrimination", arXiv 1805.01978, section 3.4).
 *
 * @param voters in any order
 * @param temperature > 0, in units of cosine similarity
 * @param factors what a vote for a label counts, 1 for labels that are not named: a label that is commoner among what
 *   people ask than among the photos of a collection gets more than 1
 * @returns labels by share, largest first and alphabetical among equals; shares sum to 1. Empty when no
 *   neighbour has a label.
 */
export function vote(
  voters: readonly Voter[],
  temperature: number,
  factors: Readonly<Record<string, number>> = {},
): Candidate[] {
  let nearest = Number.NEGATIVE_INFINITY;
  for (const { label, similarity } of voters) {
    if (label !== null) {
      nearest = Math.max(nearest, similarity);
    }
  }
  const weights = new Map<string, number>();
  let total = 0;
  for (const { label, similarity } of voters) {
    if (label === null) {
      continue;
    }
    // Relative to the nearest, so that a low temperature cannot overflow.
    const factor = Object.hasOwn(factors, label) ? factors[label]! : 1;
    const weight = factor * Math.exp((similarity - nearest) / temperature);
    weights.set(label, (weights.get(label) ?? 0) + weight);
    total += weight;
  }
  return [...weights]
    .map(([label, weight]) => ({ label, confidence: weight / total }))
    .sort((a, b) => b.confidence - a.confidence || (a.label < b.label ? -1 : 1));
}
