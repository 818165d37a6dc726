/** Formats an evaluation as JSON for programs or as a table for people. */
import type { Evaluation, Figures } from '../evaluation/evaluate.js';
import type { CollectionEvaluation } from '../evaluation/evaluate-collection.js';
import type { Interval } from '../evaluation/metrics/bootstrap.js';
import { thinOut } from '../evaluation/metrics/selective.js';
import { formatCount, formatPercent, pluralise } from './print.js';

/** Points of the risk-coverage curve in JSON. The full curve has one per query. */
const CURVE_POINTS = 100;
/** Entries of each list in the table. */
const LIST_LENGTH = 10;

/** The evaluation of two sets, or of a collection. */
type AnyEvaluation = Evaluation | CollectionEvaluation;

/** Figures for each value of a column of the queries' manifest. */
export interface SplitFigures {
  column: string;
  values: Record<string, Figures>;
}

export function formatEvaluationJson(evaluation: AnyEvaluation, by?: SplitFigures): string {
  return JSON.stringify({
    ...evaluation,
    riskCoverage: thinOut(evaluation.riskCoverage, CURVE_POINTS),
    by,
  });
}

const formatNumber = (value: number | null | undefined) =>
  value === null || value === undefined ? '-' : value.toFixed(4);
const formatInterval = (interval: Interval | null) =>
  interval === null ? '' : `  (95 %: ${interval.low.toFixed(4)} to ${interval.high.toFixed(4)})`;

/** Formats an evaluation as lines for a terminal. */
export function formatEvaluationTable(evaluation: AnyEvaluation, by?: SplitFigures): string[] {
  const worst = Object.entries(evaluation.perLabel)
    .sort(([, a], [, b]) => a.top1 - b.top1 || b.n - a.n)
    .slice(0, LIST_LENGTH);
  return [
    ...formatRetrieval(evaluation),
    ...formatConfidence(evaluation),
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

const formatRow = (name: string, value: string) => `${name.padEnd(32)}${value}`;

/** How often the right photos are found, and the right label answered. */
function formatRetrieval(evaluation: AnyEvaluation): string[] {
  const { intervals } = evaluation;
  const of = 'photos' in evaluation ? ` of ${pluralise(evaluation.photos, 'photo')}` : '';
  return [
    formatRow('queries', formatCount(evaluation.n) + of),
    formatRow('recall@1', formatNumber(evaluation.recallAt[1]) + formatInterval(intervals.recallAt1)),
    formatRow('recall@5', formatNumber(evaluation.recallAt[5])),
    formatRow('recall@10', formatNumber(evaluation.recallAt[10])),
    formatRow('mAP@R', formatNumber(evaluation.mapAtR) + formatInterval(intervals.mapAtR)),
    formatRow('top-1 accuracy', formatNumber(evaluation.top1) + formatInterval(intervals.top1)),
    formatRow('  mean over labels', formatNumber(evaluation.macroTop1)),
    formatRow("  among the queries' labels", formatNumber(evaluation.amongAsked.top1)),
  ];
}

/** How far answers can be trusted. */
function formatConfidence(evaluation: AnyEvaluation): string[] {
  const { intervals, decisions, nonPets } = evaluation;
  return [
    formatRow(
      evaluation.calibrated ? 'ECE' : 'ECE (uncalibrated)',
      formatNumber(evaluation.ece) + formatInterval(intervals.ece),
    ),
    formatRow(
      'coverage at 95 % correct',
      formatNumber(evaluation.coverageAt95) + formatInterval(intervals.coverageAt95),
    ),
    formatRow('coverage at 99 % correct', formatNumber(evaluation.coverageAt99)),
    formatRow('decisions', formatDecisions(decisions)),
    formatRow('  precision of "match"', formatNumber(evaluation.matchPrecision)),
    ...(nonPets === undefined
      ? []
      : [
          formatRow('AUROC against non-pets', formatNumber(evaluation.nonPetAuroc)),
          formatRow(`  of ${formatCount(nonPets.n)} non-pets`, formatDecisions(nonPets.decisions)),
        ]),
    ...('index' in evaluation
      ? [
          formatRow(
            `recall@10 of the index (${evaluation.index.kind})`,
            formatNumber(evaluation.index.recallAt10),
          ),
        ]
      : []),
    formatRow('AUROC against unknown labels', formatNumber(evaluation.unknownLabelAuroc)),
    ...(evaluation.keptApart === 0
      ? []
      : [formatRow('kept apart', `${pluralise(evaluation.keptApart, 'pair')} of one photo or group`)]),
  ];
}

function formatDecisions({ match, ambiguous, unknown }: Evaluation['decisions']): string {
  return `match ${formatPercent(match)}, ambiguous ${formatPercent(ambiguous)}, unknown ${formatPercent(unknown)}`;
}

function formatSplit({ column, values }: SplitFigures): string[] {
  const cell = (value: number | null) => (value === null ? '-' : value.toFixed(3)).padStart(9);
  const lines = Object.entries(values).map(
    ([value, { n, top1, recallAt, ece, decisions, matchPrecision }]) =>
      `  ${String(n).padStart(6)}${cell(top1)}${cell(recallAt[1])}${cell(ece)}${cell(decisions.match)}${cell(matchPrecision)}  ${value || '(none)'}`,
  );
  return ['', `       n    top-1 recall@1      ECE    match  correct  by ${column}`, ...lines];
}
