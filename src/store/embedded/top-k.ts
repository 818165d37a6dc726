/** The k best of a stream of scored rows: a binary heap with the worst on top. */

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
  /** Only scores above this can still enter. */
  threshold = Number.NEGATIVE_INFINITY;

  constructor(k: number) {
    this.#k = k;
  }

  /** Offers a row; call it only with scores above {@link threshold}. */
  push(seq: number, score: number): void {
    const scores = this.#scores;
    const seqs = this.#seqs;
    let i = scores.length;
    if (i < this.#k) {
      while (i > 0) {
        const parent = (i - 1) >> 1;
        if (scores[parent]! <= score) break;
        scores[i] = scores[parent]!;
        seqs[i] = seqs[parent]!;
        i = parent;
      }
    } else {
      i = this.#sink(score);
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
  #sink(score: number): number {
    const scores = this.#scores;
    const seqs = this.#seqs;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= scores.length) return i;
      if (child + 1 < scores.length && scores[child + 1]! < scores[child]!) child++;
      if (scores[child]! >= score) return i;
      scores[i] = scores[child]!;
      seqs[i] = seqs[child]!;
      i = child;
    }
  }
}
