/** Formats an evaluation as JSON for programs or as a table for people. */
import {
  type AnyEvaluation,
  formatPercent,
  listFigures,
  type SplitFigures,
  tabulateSplit,
} from '../evaluation/figures.js';
import { thinOut } from '../evaluation/metrics/selective.js';

/** Points of the risk-coverage curve in JSON. The full curve has one per query. */
const CURVE_POINTS = 100;
/** Entries of each list in the table. */
const LIST_LENGTH = 10;

export function formatEvaluationJson(evaluation: AnyEvaluation, by?: SplitFigures): string {
  return JSON.stringify({
    ...evaluation,
    riskCoverage: thinOut(evaluation.riskCoverage, CURVE_POINTS),
    by,
  });
}

export function formatEvaluationTable(evaluation: AnyEvaluation, by?: SplitFigures): string[] {
  const worst = Object.entries(evaluation.perLabel)
    .sort(([, a], [, b]) => a.top1 - b.top1 || b.n - a.n)
    .slice(0, LIST_LENGTH);
  return [
    ...listFigures(evaluation).map(
      ([name, value, note]) => `${name.padEnd(34)}${value}${note ? `  (${note})` : ''}`,
    ),
    ...(by === undefined ? [] : formatSplit(by)),
    '',
    'labels with the lowest accuracy',
    ...worst.map(
      ([label, { n, top1 }]) => `  ${formatPercent(top1).padStart(7)} of ${String(n).padEnd(6)}${label}`,
    ),
    ...(evaluation.confusions.length === 0 ? [] : ['', 'most frequent confusions']),
    ...evaluation.confusions
      .slice(0, LIST_LENGTH)
      .map(
        ({ label, predicted, count }) =>
          `  ${String(count).padStart(4)}  ${label} identified as ${predicted}`,
      ),
  ];
}

function formatSplit(by: SplitFigures): string[] {
  const { head, rows } = tabulateSplit(by);
  const line = ([name, ...cells]: string[]) => `${cells.map((cell) => cell.padStart(13)).join('')}  ${name}`;
  return ['', line([`by ${head[0]}`, ...head.slice(1)]), ...rows.map(line)];
}
