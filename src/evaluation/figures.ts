/** The figures of an evaluation with their names and formats, the same in the report and in the table of `pawdex eval`. */
import type { Evaluation, Figures } from './evaluate.js';
import type { CollectionEvaluation } from './evaluate-collection.js';
import type { Interval } from './metrics/bootstrap.js';

/** The evaluation of two sets, or of a collection. */
export type AnyEvaluation = Evaluation & Partial<Pick<CollectionEvaluation, 'index' | 'photos'>>;

/** Figures for each value of a column of the queries' manifest. */
export interface SplitFigures {
  column: string;
  values: Record<string, Figures>;
}

/** A formatted figure. The note is an interval or a remark. */
type Figure = [name: string, value: string, note?: string];

/** 0.923 -> "92.3 %". */
export function formatPercent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

const formatCount = (count: number) => count.toLocaleString('en');
const formatShare = (share: number | null) => (share === null ? 'not defined' : formatPercent(share, 2));
const formatScore = (score: number | null) => (score === null ? 'not defined' : score.toFixed(4));
const formatInterval = (interval: Interval | null) =>
  interval === null ? '' : `95 %: ${(100 * interval.low).toFixed(2)} to ${formatPercent(interval.high, 2)}`;

export function listFigures(evaluation: AnyEvaluation): Figure[] {
  const { n, photos, recallAt, intervals, decisions, nonPets, index, keptApart } = evaluation;
  const figures: Figure[] = [
    ['queries', formatCount(n), photos === undefined ? '' : `of ${formatCount(photos)} photos`],
    ['top-1 accuracy', formatShare(evaluation.top1), formatInterval(intervals.top1)],
    ['top-1, mean over labels', formatShare(evaluation.macroTop1)],
    ["top-1 among the queries' labels", formatShare(evaluation.amongAsked.top1)],
    ['recall@1', formatShare(recallAt[1]), formatInterval(intervals.recallAt1)],
    ['recall@5', formatShare(recallAt[5])],
    ['recall@10', formatShare(recallAt[10])],
    ['mAP@R', formatShare(evaluation.mapAtR), formatInterval(intervals.mapAtR)],
    [
      'calibration error (ECE)',
      formatShare(evaluation.ece),
      evaluation.calibrated ? formatInterval(intervals.ece) : 'without calibration',
    ],
    [
      'coverage at 95 % precision',
      formatShare(evaluation.coverageAt95),
      formatInterval(intervals.coverageAt95),
    ],
    ['coverage at 99 % precision', formatShare(evaluation.coverageAt99)],
    [
      'match',
      formatShare(decisions.match),
      evaluation.matchPrecision === null ? '' : `${formatShare(evaluation.matchPrecision)} of these right`,
    ],
    ['ambiguous', formatShare(decisions.ambiguous)],
    ['unknown', formatShare(decisions.unknown)],
  ];
  if (nonPets !== undefined) {
    figures.push(
      ['AUROC against non-pets', formatScore(evaluation.nonPetAuroc ?? null)],
      ['non-pets with a match', formatShare(nonPets.decisions.match), `of ${formatCount(nonPets.n)}`],
    );
  }
  if (evaluation.unknownLabelAuroc !== null) {
    figures.push(['AUROC against unknown labels', formatScore(evaluation.unknownLabelAuroc)]);
  }
  if (index !== undefined) {
    const note = `${index.kind}, against an exact search`;
    figures.push(['recall@10 of the index', formatShare(index.recallAt10), note]);
  }
  if (keptApart > 0) {
    figures.push([
      'gallery photos excluded',
      formatCount(keptApart),
      'same photo or group, over all queries',
    ]);
  }
  return figures;
}

/** Tabulates the figures of parts of the queries. @returns the head and a row per part, with its name first */
export function tabulateSplit({ column, values }: SplitFigures): { head: string[]; rows: string[][] } {
  return {
    head: [column, 'queries', 'top-1', 'recall@1', 'ECE', 'match', 'right', 'unknown'],
    rows: Object.entries(values).map(([value, { n, top1, recallAt, ece, decisions, matchPrecision }]) => [
      value || '(none)',
      formatCount(n),
      ...[top1, recallAt[1], ece, decisions.match, matchPrecision, decisions.unknown].map(formatShare),
    ]),
  };
}
