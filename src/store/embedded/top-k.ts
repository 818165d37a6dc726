/**
 * The k best of a stream of scored rows: a binary heap with the worst on top. Of rows with equal scores those with the
 * lower sequence numbers are better, so that the answer does not depend on the order of the stream.
 */

/** A row with its score. */
export interface Scored {
  /** Sequence number of the item. */
  seq: number;
  /** Cosine similarity, -1..1. */
  similarity: number;
}

export class TopK {
  readonly #k: number;
  readonly #scores: number[] = [];
  readonly #seqs: number[] = [];
  /** Only scores of at least this can still enter. */
  threshold = Number.NEGATIVE_INFINITY;

  constructor(k: number) {
    this.#k = k;
  }

  /** Offers a row; scores below {@link threshold} need not be offered. */
  push(seq: number, score: number): void {
    const scores = this.#scores;
    const seqs = this.#seqs;
    let i = scores.length;
    if (i < this.#k) {
      while (i > 0) {
        const parent = (i - 1) >> 1;
        if (!this.#isBetter(parent, score, seq)) break;
        scores[i] = scores[parent]!;
        seqs[i] = seqs[parent]!;
        i = parent;
      }
    } else {
      if (this.#k === 0 || !this.#isWorse(0, score, seq)) return;
      i = this.#sink(score, seq);
    }
    scores[i] = score;
    seqs[i] = seq;
    if (scores.length === this.#k) this.threshold = scores[0]!;
  }

  /** Best first; equal scores in order of insertion into the store. */
  sorted(): Scored[] {
    return this.#seqs
      .map((seq, i) => ({ seq, similarity: Math.max(-1, Math.min(1, this.#scores[i]!)) }))
      .sort((a, b) => b.similarity - a.similarity || a.seq - b.seq);
  }

  /** Removes the worst and moves the hole down to where `score` belongs. */
  #sink(score: number, seq: number): number {
    const scores = this.#scores;
    const seqs = this.#seqs;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= scores.length) return i;
      if (child + 1 < scores.length && this.#isWorse(child + 1, scores[child]!, seqs[child]!)) child++;
      if (!this.#isWorse(child, score, seq)) return i;
      scores[i] = scores[child]!;
      seqs[i] = seqs[child]!;
      i = child;
    }
  }

  #isWorse(at: number, score: number, seq: number): boolean {
    const own = this.#scores[at]!;
    return own < score || (own === score && this.#seqs[at]! > seq);
  }

  #isBetter(at: number, score: number, seq: number): boolean {
    const own = this.#scores[at]!;
    return own > score || (own === score && this.#seqs[at]! < seq);
  }
}
