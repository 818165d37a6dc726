/** Classification metrics: precision and recall of labels, and confusions. */
import { groupBy } from '../../math/group-by.js';

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

/**
 * Scores every label of the queries.
 *
 * @param predicted null without a prediction, which counts as wrong
 * @returns scores by label, sorted by label
 */
export function scoreLabels(
  labels: readonly string[],
  predicted: readonly (string | null)[],
): Map<string, LabelScore> {
  const predictions = groupBy(predicted.keys(), (i) => predicted[i]!);
  const scores = [...groupBy(labels.keys(), (i) => labels[i]!)].map(
    ([label, queries]): [string, LabelScore] => {
      const predictedCount = predictions.get(label)?.length ?? 0;
      const right = queries.filter((i) => predicted[i] === label).length;
      return [
        label,
        {
          n: queries.length,
          top1: right / queries.length,
          precision: predictedCount === 0 ? null : right / predictedCount,
        },
      ];
    },
  );
  return new Map(scores.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** @returns pairs of label and wrong prediction, most frequent first */
export function countConfusions(
  labels: readonly string[],
  predicted: readonly (string | null)[],
): Confusion[] {
  const counts = new Map<string, Confusion>();
  labels.forEach((label, i) => {
    const prediction = predicted[i] ?? null;
    if (prediction === null || prediction === label) {
      return;
    }
    const key = JSON.stringify([label, prediction]);
    const entry = counts.get(key) ?? { label, predicted: prediction, count: 0 };
    entry.count++;
    counts.set(key, entry);
  });
  return [...counts.values()].sort(
    (a, b) => b.count - a.count || (a.label + a.predicted < b.label + b.predicted ? -1 : 1),
  );
}
