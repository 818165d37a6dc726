/** The weighted k-nearest-neighbour vote. */

/** A neighbour, as the vote needs it. */
export interface Voter {
  /** Neighbours without a label do not vote. */
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
 * Lets each labelled neighbour vote with weight exp(similarity / temperature). At a low temperature only the nearest
 * count, at a high one all count equally (Wu et al. 2018, "Unsupervised feature learning via non-parametric instance
 * discrimination", arXiv 1805.01978, section 3.4).
 *
 * @param voters in any order
 * @param temperature > 0, in units of cosine similarity
 * @param factors weights of labels, default 1: more for labels that are more common among queries than in the collection
 * @returns labels by share, largest first and alphabetical among equals; shares sum to 1. Empty if no neighbour has a
 *   label.
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
    // Relative to the nearest, so that a low temperature does not overflow.
    const factor = Object.hasOwn(factors, label) ? factors[label]! : 1;
    const weight = factor * Math.exp((similarity - nearest) / temperature);
    weights.set(label, (weights.get(label) ?? 0) + weight);
    total += weight;
  }
  return [...weights]
    .map(([label, weight]) => ({ label, confidence: weight / total }))
    .sort((a, b) => b.confidence - a.confidence || (a.label < b.label ? -1 : 1));
}
