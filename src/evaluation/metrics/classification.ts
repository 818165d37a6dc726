/** Classification metrics: accuracy over queries and labels, and confusions. */

export interface LabelScore {
  /** Number of queries of this label. */
  n: number;
  /** Share of them with the right prediction (recall), 0..1. */
  top1: number;
  /** Share of right predictions of this label (precision), 0..1; null if it was never predicted. */
  precision: number | null;
}

/** A label that was mistaken for another. */
export interface Confusion {
  label: string;
  predicted: string;
  count: number;
}

/** @returns share of queries whose prediction is their label, 0..1; null without queries */
export function computeAccuracy(
  labels: readonly string[],
  predicted: readonly (string | null)[],
): number | null {
  if (labels.length === 0) {
    return null;
  }
  let right = 0;
  labels.forEach((label, i) => {
    if (predicted[i] === label) {
      right++;
    }
  });
  return right / labels.length;
}

/** @param predicted null without a prediction, which counts as wrong */
export function scoreLabels(
  labels: readonly string[],
  predicted: readonly (string | null)[],
): Map<string, LabelScore> {
  const counts = new Map<string, { n: number; right: number; claimed: number }>();
  const of = (label: string) => {
    let entry = counts.get(label);
    if (entry === undefined) {
      entry = { n: 0, right: 0, claimed: 0 };
      counts.set(label, entry);
    }
    return entry;
  };
  for (const label of [...new Set(labels)].sort()) {
    of(label);
  }
  const known = new Set(labels);
  labels.forEach((label, i) => {
    const guess = predicted[i] ?? null;
    const entry = of(label);
    entry.n++;
    if (guess === label) {
      entry.right++;
    }
    if (guess !== null && known.has(guess)) {
      of(guess).claimed++;
    }
  });
  return new Map(
    [...counts].map(([label, { n, right, claimed }]) => [
      label,
      { n, top1: right / n, precision: claimed === 0 ? null : right / claimed },
    ]),
  );
}

/** Computes the mean of the labels' accuracies, with equal weight for every label. @returns null without labels */
export function computeMacroAccuracy(scores: ReadonlyMap<string, LabelScore>): number | null {
  if (scores.size === 0) {
    return null;
  }
  let sum = 0;
  for (const { top1 } of scores.values()) {
    sum += top1;
  }
  return sum / scores.size;
}

/** @returns pairs of label and wrong prediction, most frequent first */
export function countConfusions(
  labels: readonly string[],
  predicted: readonly (string | null)[],
): Confusion[] {
  const counts = new Map<string, Confusion>();
  labels.forEach((label, i) => {
    const guess = predicted[i] ?? null;
    if (guess === null || guess === label) {
      return;
    }
    const key = JSON.stringify([label, guess]);
    const entry = counts.get(key) ?? { label, predicted: guess, count: 0 };
    entry.count++;
    counts.set(key, entry);
  });
  return [...counts.values()].sort(
    (a, b) => b.count - a.count || (a.label + a.predicted < b.label + b.predicted ? -1 : 1),
  );
}
