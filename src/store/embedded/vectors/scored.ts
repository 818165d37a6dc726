/** Rows with their scores. */
import type { TopK } from '../../../math/top-k.js';

/** A row with its score. */
export interface Scored {
  /** Sequence number of the item. */
  seq: number;
  /** Cosine similarity, -1..1. */
  similarity: number;
}

/** Ranks rows, best first; equal scores in order of insertion into the store. */
export function rankScored(top: TopK): Scored[] {
  return top
    .rank()
    .map(({ id, score }) => ({ seq: id, similarity: Math.max(-1, Math.min(1, score)) }))
    .sort((a, b) => b.similarity - a.similarity || a.seq - b.seq);
}
