/** Computes the quality of a model and a gallery from the outcomes of queries. */
import { groupBy } from '../math/group-by.js';
import { computeMean } from '../math/vectors.js';
import { bootstrap, type Interval } from './metrics/bootstrap.js';
import { type Confusion, countConfusions, type LabelScore, scoreLabels } from './metrics/classification.js';
import {
  computeExpectedCalibrationError,
  computeReliability,
  type ReliabilityBin,
} from './metrics/reliability.js';
import {
  computeAuroc,
  computeCoverageAtPrecision,
  computeRiskCoverage,
  type RiskPoint,
} from './metrics/selective.js';
import { type Outcome, predictLabel } from './outcomes.js';

/** The share of queries with each decision, 0..1. */
export interface DecisionShares {
  match: number;
  ambiguous: number;
  unknown: number;
}

/** Quality of one set as queries against another as gallery. Undefined numbers are null. */
export interface Evaluation {
  n: number;
  /** Share of queries with a neighbour of their label among the first K, over those whose label is in the gallery. */
  recallAt: { 1: number | null; 5: number | null; 10: number | null };
  /** Mean average precision at R, over the same queries. */
  mapAtR: number | null;
  /** Queries whose label is not in the gallery: they do not count in recall and mAP, and are wrong in the vote. */
  withoutMatch: number;
  /** Accuracy of the vote over all queries, and the mean over labels. */
  top1: number | null;
  macroTop1: number | null;
  /**
   * The same if only labels of the queries count in the vote, so that galleries with different labels can be
   * compared, and the accuracy of each label.
   */
  amongAsked: { top1: number | null; perLabel: Record<string, number> };
  /** Expected calibration error of `confidence`, 15 equal-width bins. */
  ece: number | null;
  /** Whether confidences are fitted probabilities, not shares of the vote. */
  calibrated: boolean;
  /** Share of queries that can be answered with 95 % (99 %) of the answers right. */
  coverageAt95: number;
  coverageAt99: number;
  decisions: DecisionShares;
  /** Share of matches that are right; null without matches. */
  matchPrecision: number | null;
  /** 95 % bootstrap intervals over the queries (1000 resamples, fixed seed). */
  intervals: Record<'recallAt1' | 'mapAtR' | 'top1' | 'ece' | 'coverageAt95', Interval | null>;
  /** AUROC of queries against non-pets by familiarity, and the decisions about non-pets. */
  nonPetAuroc?: number | null;
  nonPets?: { n: number; decisions: DecisionShares };
  /** AUROC of queries against the same queries with their label removed from the gallery; null without calibration. */
  unknownLabelAuroc: number | null;
  /** Total number of gallery photos excluded from queries: the same photo, and others of its group. */
  keptApart: number;
  perLabel: Record<string, LabelScore>;
  confusions: Confusion[];
  reliability: ReliabilityBin[];
  riskCoverage: RiskPoint[];
}

function countDecisions(outcomes: readonly Outcome[]): DecisionShares {
  const share = (decision: keyof DecisionShares) =>
    outcomes.filter((o) => o.answer.decision === decision).length / Math.max(1, outcomes.length);
  return { match: share('match'), ambiguous: share('ambiguous'), unknown: share('unknown') };
}

function meanInterval(values: Float64Array): Interval | null {
  return bootstrap(values.length, (sample) => sample.reduce((sum, i) => sum + values[i]!, 0) / sample.length);
}

function computeUnknownLabelAuroc(findable: readonly Outcome[]): number | null {
  const known = findable.flatMap((o) => (o.known === null ? [] : [o.known]));
  return computeAuroc(
    Float64Array.from(known, ({ asIs }) => asIs),
    Float64Array.from(known, ({ labelHeldOut }) => labelHeldOut),
  );
}

function computeConfidenceIntervals(
  confidence: Float64Array,
  right: Uint8Array,
): Pick<Evaluation['intervals'], 'ece' | 'coverageAt95'> {
  const resample = (statistic: (confidence: Float64Array, right: Uint8Array) => number) =>
    bootstrap(confidence.length, (sample) =>
      statistic(
        Float64Array.from(sample, (i) => confidence[i]!),
        Uint8Array.from(sample, (i) => right[i]!),
      ),
    );
  return {
    ece: resample((c, r) => computeExpectedCalibrationError(c, r)!),
    coverageAt95: resample((c, r) => computeCoverageAtPrecision(computeRiskCoverage(c, r), 0.95)),
  };
}

function compareWithNonPets(
  outcomes: readonly Outcome[],
  nonPets: readonly Outcome[],
): Pick<Evaluation, 'nonPetAuroc' | 'nonPets'> {
  const readScores = (photos: readonly Outcome[]) =>
    Float64Array.from(photos, (outcome) => outcome.pet ?? outcome.familiarity);
  return {
    nonPetAuroc: computeAuroc(readScores(outcomes), readScores(nonPets)),
    nonPets: { n: nonPets.length, decisions: countDecisions(nonPets) },
  };
}

/** Scores the first candidate of each query among the labels of the queries. */
function scoreAmongQueryLabels(
  outcomes: readonly Outcome[],
  labels: readonly string[],
): Evaluation['amongAsked'] {
  const queryLabels = new Set(labels);
  const predicted = outcomes.map(
    ({ answer }) => answer.candidates.find(({ label }) => queryLabels.has(label))?.label ?? null,
  );
  return {
    top1: computeMean(labels.map((label, i) => (predicted[i] === label ? 1 : 0))),
    perLabel: Object.fromEntries(
      [...scoreLabels(labels, predicted)].map(([label, { top1 }]) => [label, top1]),
    ),
  };
}

/**
 * Computes all numbers of an evaluation.
 *
 * @param outcomes one per query
 * @param nonPets outcomes of photos of subjects that the gallery does not contain
 */
export function evaluate(outcomes: readonly Outcome[], nonPets?: readonly Outcome[]): Evaluation {
  const labels = outcomes.map((o) => o.label);
  const predicted = outcomes.map(predictLabel);
  const confidence = Float64Array.from(outcomes, (o) => o.answer.confidence);
  const right = Uint8Array.from(outcomes, (o, i) => (predicted[i] === o.label ? 1 : 0));
  const findable = outcomes.filter((o) => o.averagePrecision !== null);
  const precisions = Float64Array.from(findable, (o) => o.averagePrecision!);
  const recallAt = (k: number) => computeMean(findable.map((o) => (o.rank <= k ? 1 : 0)));
  const perLabel = scoreLabels(labels, predicted);
  const curve = computeRiskCoverage(confidence, right);
  const matches = outcomes.flatMap((o, i) => (o.answer.decision === 'match' ? [right[i]!] : []));
  return {
    n: outcomes.length,
    recallAt: { 1: recallAt(1), 5: recallAt(5), 10: recallAt(10) },
    mapAtR: computeMean(precisions),
    withoutMatch: outcomes.length - findable.length,
    top1: computeMean(right),
    macroTop1: computeMean([...perLabel.values()].map(({ top1 }) => top1)),
    amongAsked: scoreAmongQueryLabels(outcomes, labels),
    ece: computeExpectedCalibrationError(confidence, right),
    calibrated: outcomes.every((o) => o.answer.calibrated),
    coverageAt95: computeCoverageAtPrecision(curve, 0.95),
    coverageAt99: computeCoverageAtPrecision(curve, 0.99),
    decisions: countDecisions(outcomes),
    matchPrecision: computeMean(matches),
    intervals: {
      recallAt1: meanInterval(Float64Array.from(findable, (o) => (o.rank <= 1 ? 1 : 0))),
      mapAtR: meanInterval(precisions),
      top1: meanInterval(Float64Array.from(right)),
      ...computeConfidenceIntervals(confidence, right),
    },
    ...(nonPets === undefined ? {} : compareWithNonPets(outcomes, nonPets)),
    unknownLabelAuroc: computeUnknownLabelAuroc(findable),
    keptApart: outcomes.reduce((sum, outcome) => sum + outcome.excludedCount, 0),
    perLabel: Object.fromEntries(perLabel),
    confusions: countConfusions(labels, predicted),
    reliability: computeReliability(confidence, right),
    riskCoverage: curve,
  };
}

/** The figures of part of the queries, without curves and lists. */
export type Figures = Omit<
  Evaluation,
  'amongAsked' | 'perLabel' | 'confusions' | 'reliability' | 'riskCoverage'
>;

/**
 * Computes the figures per value of a column of the queries' manifest, most frequent value first.
 *
 * @param column name of the column; queries without it have the value ''
 */
export function evaluateBy(outcomes: readonly Outcome[], column: string): Record<string, Figures> {
  const parts = groupBy(outcomes, ({ label, metadata }) =>
    column === 'label' ? label : (metadata[column] ?? ''),
  );
  const sorted = [...parts].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1));
  return Object.fromEntries(
    sorted.map(([value, part]) => {
      const { amongAsked, perLabel, confusions, reliability, riskCoverage, ...numbers } = evaluate(part);
      return [value, numbers];
    }),
  );
}
