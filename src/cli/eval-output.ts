/** How `pawdex eval` shows its numbers: as JSON for programs, as a table for people. */
import type { Evaluation } from '../evaluation/evaluate.js';
import type { CollectionEvaluation } from '../evaluation/evaluate-collection.js';
import type { Interval } from '../evaluation/metrics/bootstrap.js';
import { thinned } from '../evaluation/metrics/selective.js';
import { formatCount, plural } from './output.js';

/** Points of the risk-coverage curve that are printed; the whole curve has one for every confidence. */
const CURVE_POINTS = 100;
/** Rows of the lists in the table. */
const LISTED = 10;

/** What was measured: one set against another, or a collection. */
type Measured = Evaluation | CollectionEvaluation;

/** One line of JSON. */
export function evaluationJson(evaluation: Measured): string {
  return JSON.stringify({ ...evaluation, riskCoverage: thinned(evaluation.riskCoverage, CURVE_POINTS) });
}

const number = (value: number | null | undefined) =>
  value === null || value === undefined ? '-' : value.toFixed(4);
const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
const between = (interval: Interval | null) =>
  interval === null ? '' : `  (95 %: ${interval.low.toFixed(4)} to ${interval.high.toFixed(4)})`;

/** Lines for a terminal. */
export function evaluationTable(evaluation: Measured): string[] {
  const { intervals, decisions, nonPets, perLabel } = evaluation;
  const row = (name: string, value: string) => `${name.padEnd(26)}${value}`;
  const worst = Object.entries(perLabel)
    .sort(([, a], [, b]) => a.top1 - b.top1 || b.n - a.n)
    .slice(0, LISTED);
  return [
    row(
      'queries',
      formatCount(evaluation.n) + ('photos' in evaluation ? ` of ${plural(evaluation.photos, 'photo')}` : ''),
    ),
    row('recall@1', number(evaluation.recallAt[1]) + between(intervals.recallAt1)),
    row('recall@5', number(evaluation.recallAt[5])),
    row('recall@10', number(evaluation.recallAt[10])),
    row('mAP@R', number(evaluation.mapAtR) + between(intervals.mapAtR)),
    row('top-1 of the vote', number(evaluation.top1) + between(intervals.top1)),
    row('  mean over labels', number(evaluation.macroTop1)),
    row(
      evaluation.calibrated ? 'ECE' : 'ECE (of the bare vote)',
      number(evaluation.ece) + between(intervals.ece),
    ),
    row('coverage at 95 % right', number(evaluation.coverageAt95) + between(intervals.coverageAt95)),
    row('coverage at 99 % right', number(evaluation.coverageAt99)),
    row('decisions', describeDecisions(decisions)),
    row('  right among "match"', number(evaluation.matchPrecision)),
    ...(nonPets === undefined
      ? []
      : [
          row('AUROC over non-pets', number(evaluation.nonPetAuroc)),
          row(`  of ${formatCount(nonPets.n)} non-pets`, describeDecisions(nonPets.decisions)),
        ]),
    ...('index' in evaluation
      ? [row(`recall@10 of the index (${evaluation.index.kind})`, number(evaluation.index.recallAt10))]
      : []),
    row('AUROC over unknown labels', number(evaluation.unknownLabelAuroc)),
    '',
    'labels with the lowest accuracy',
    ...worst.map(
      ([label, { n, top1 }]) => `  ${percent(top1).padStart(7)} of ${String(n).padEnd(6)}${label}`,
    ),
    '',
    'most frequent confusions',
    ...evaluation.confusions
      .slice(0, LISTED)
      .map(
        ({ label, predicted, count }) => `  ${String(count).padStart(4)}  ${label} taken for ${predicted}`,
      ),
  ];
}

function describeDecisions({ match, ambiguous, unknown }: Evaluation['decisions']): string {
  return `match ${percent(match)}, ambiguous ${percent(ambiguous)}, unknown ${percent(unknown)}`;
}
