/** Fits a calibration to queries whose answer is known. */
import { type Calibration, featureNames, featuresOf } from './calibration.js';
import { fitIncreasing, type Observation } from './fit-logistic.js';
import { type LogisticModel, predict } from './logistic.js';
import { type Voter, vote } from './vote.js';

/** A query with the neighbours that vote on it. */
export interface AnsweredQuery {
  neighbours: Voter[];
  /** What it shows. */
  label: string;
}

/** What a calibration is fitted to. */
export interface CalibrationData {
  fingerprint: string;
  k: number;
  temperature: number;
  /** Photos of labels the collection holds, each asked without itself. */
  queries: AnsweredQuery[];
  /** The same photos asked of a collection without their label: what an unknown breed looks like. */
  labelsHeldOut: AnsweredQuery[];
  /** Photos of something else altogether; may be empty. */
  nonPets: AnsweredQuery[];
}

/** Fewer queries than this say too little about how often an answer is right. */
export const FEWEST_QUERIES = 100;
/** Share of pets that may be refused as unknown. */
const REFUSED = 0.005;
/** Share of right answers wanted among those called `match`. */
const PRECISION = 0.95;
/** Share of non-pets that may be called `match`: half of what is promised, since few are there to fit on. */
const FALSE_MATCHES = 0.0025;
/** Non-pets together count as much as this share of the queries: a reminder that they come, not a flood. */
const NON_PET_WEIGHT = 0.1;
const L2 = 1;

interface Sample {
  features: number[];
  right: boolean;
}

function sampleOf({ neighbours, label }: AnsweredQuery, temperature: number): Sample {
  const candidates = vote(neighbours, temperature);
  return { features: featuresOf(neighbours, candidates), right: candidates[0]?.label === label };
}

const weighted = (samples: Sample[], total: number, target: (sample: Sample) => number): Observation[] =>
  samples.map((sample) => ({
    features: sample.features,
    target: target(sample),
    weight: total / samples.length,
  }));

/**
 * Targets a little inside 0 and 1, so that a collection without a single mistake does not become infinitely sure
 * of itself (Platt 1999, "Probabilistic outputs for support vector machines", section 2.2).
 */
function smoothedTargets(samples: Sample[]): (sample: Sample) => number {
  const right = samples.filter((sample) => sample.right).length;
  const wrong = samples.length - right;
  return (sample) => (sample.right ? (right + 1) / (right + 2) : 1 / (wrong + 2));
}

/** The smallest threshold from which answers are right often enough and non-pets are hardly ever matched. */
function matchThreshold(
  queries: { confidence: number; right: boolean }[],
  nonPets: { confidence: number }[],
  nonPetCount: number,
): number {
  const sorted = [...queries].sort((a, b) => b.confidence - a.confidence);
  let right = 0;
  let threshold = 1;
  sorted.forEach((query, i) => {
    if (query.right) right++;
    const last = sorted[i + 1]?.confidence !== query.confidence;
    if (last && right / (i + 1) >= PRECISION) threshold = query.confidence;
  });
  const allowed = Math.floor(FALSE_MATCHES * nonPetCount);
  const highest = nonPets.map(({ confidence }) => confidence).sort((a, b) => b - a)[allowed] ?? 0;
  // Never a match that is more likely wrong than right.
  return Math.max(0.5, threshold, highest + 1e-6);
}

/**
 * Two logistic regressions on the same four features: is the first candidate right, and does the collection hold
 * what the photo shows? Their thresholds follow from what may be refused and how often a match must be right.
 *
 * @returns null when there are fewer than {@link FEWEST_QUERIES} queries
 */
export function fitCalibration(data: CalibrationData): Calibration | null {
  const { fingerprint, k, temperature } = data;
  const samples = (of: AnsweredQuery[]) =>
    of.filter((q) => q.neighbours.length > 0).map((q) => sampleOf(q, temperature));
  const queries = samples(data.queries);
  const heldOut = samples(data.labelsHeldOut);
  const nonPets = samples(data.nonPets);
  if (queries.length < FEWEST_QUERIES || heldOut.length === 0) return null;
  const all = queries.length;
  const right = fitIncreasing(
    [
      ...weighted(queries, all, smoothedTargets(queries)),
      ...weighted(nonPets, NON_PET_WEIGHT * all, () => 1 / (nonPets.length + 2)),
    ],
    L2,
  );
  const known = fitIncreasing(
    [
      ...weighted(queries, all, () => 1),
      ...weighted(heldOut, all, () => 0),
      ...weighted(nonPets, all, () => 0),
    ],
    L2,
  );
  const knownThreshold = quantile(
    queries.map(({ features }) => predict(known, features)),
    REFUSED,
  );
  const answered = (of: Sample[]) =>
    of
      .filter(({ features }) => predict(known, features) >= knownThreshold)
      .map((sample) => ({ confidence: predict(right, sample.features), right: sample.right }));
  return {
    formatVersion: 1,
    fingerprint,
    k,
    temperature,
    features: featureNames(),
    right: rounded(right),
    known: rounded(known),
    thresholds: {
      known: knownThreshold,
      match: matchThreshold(answered(queries), answered(nonPets), nonPets.length),
    },
    fittedOn: { queries: all, labelsHeldOut: heldOut.length, nonPets: nonPets.length },
  };
}

function quantile(values: number[], share: number): number {
  const sorted = values.sort((a, b) => a - b);
  return sorted[Math.floor(share * sorted.length)]!;
}

/** Digits that matter; the file stays readable. */
function rounded({ intercept, coefficients }: LogisticModel): LogisticModel {
  const round = (value: number) => Number(value.toPrecision(9));
  return { intercept: round(intercept), coefficients: coefficients.map(round) };
}
