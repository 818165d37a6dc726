/** Fits a calibration to queries whose answer is known. */
import { type Calibration, computeFeatures, listFeatureNames } from './calibration.js';
import { fitIncreasing, fitIncreasingWithGroups, type GroupedObservation } from './fit-logistic.js';
import { type LogisticModel, predict } from './logistic.js';
import { type Voter, vote } from './vote.js';

/** A query with the neighbours that vote on it. */
export interface AnsweredQuery {
  neighbours: Voter[];
  /** What it shows. */
  label: string;
  /** How much it counts, 1 unless given: less where the label is doubtful. */
  weight?: number;
}

/** What a calibration is fitted to. */
export interface CalibrationData {
  fingerprint: string;
  k: number;
  temperature: number;
  /** What a vote for a label counts where it is not 1. */
  votes?: Record<string, number>;
  /** A label whose photos must hardly ever be called a match of another one, such as that of no breed. */
  plain?: string;
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
/** Of the offsets of labels: one that was answered first a dozen times is believed half way. */
const LABEL_L2 = 2;
/** Share of the plain label's photos that may be called a match of another label. */
const PLAIN_FALSE_MATCHES = 0.03;

interface Sample {
  features: number[];
  right: boolean;
  /** What it shows, and what was answered first. */
  label: string;
  answered: string;
  weight: number;
}

function sampleOf(
  { neighbours, label, weight = 1 }: AnsweredQuery,
  { temperature, votes }: Pick<CalibrationData, 'temperature' | 'votes'>,
): Sample {
  const candidates = vote(neighbours, temperature, votes);
  const answered = candidates[0]?.label ?? '';
  return {
    features: computeFeatures(neighbours, candidates),
    right: answered === label,
    label,
    answered,
    weight,
  };
}

const computeWeight = (samples: readonly Sample[]) => samples.reduce((sum, { weight }) => sum + weight, 0);

/** @param total what the samples count together */
function weighted(
  samples: Sample[],
  total: number,
  target: (sample: Sample) => number,
): GroupedObservation[] {
  const factor = total / computeWeight(samples);
  return samples.map((sample) => ({
    features: sample.features,
    target: target(sample),
    weight: factor * sample.weight,
    group: sample.answered,
  }));
}

/**
 * Targets a little inside 0 and 1, so that a collection without a single mistake does not become infinitely sure
 * of itself (Platt 1999, "Probabilistic outputs for support vector machines", section 2.2).
 */
function smoothTargets(samples: Sample[]): (sample: Sample) => number {
  const right = computeWeight(samples.filter((sample) => sample.right));
  const wrong = computeWeight(samples) - right;
  return (sample) => (sample.right ? (right + 1) / (right + 2) : 1 / (wrong + 2));
}

/** A query that was not refused, with the probability that its first candidate is right. */
interface Answered extends Sample {
  confidence: number;
}

/** The smallest threshold from which answers are right often enough, by their weights. */
function findPrecisionThreshold(queries: readonly Answered[]): number {
  const sorted = [...queries].sort((a, b) => b.confidence - a.confidence);
  let right = 0;
  let all = 0;
  let threshold = 1;
  sorted.forEach((query, i) => {
    all += query.weight;
    if (query.right) {
      right += query.weight;
    }
    const last = sorted[i + 1]?.confidence !== query.confidence;
    if (last && right / all >= PRECISION) {
      threshold = query.confidence;
    }
  });
  return threshold;
}

/** A threshold above all confidences but the `allowed` highest. */
function findThresholdAbove(confidences: readonly number[], allowed: number): number {
  return ([...confidences].sort((a, b) => b - a)[Math.floor(allowed)] ?? 0) + 1e-6;
}

/**
 * The smallest threshold from which answers are right often enough, non-pets are hardly ever matched, and neither are
 * photos of the plain label with another.
 */
function matchThreshold(
  queries: readonly Answered[],
  nonPets: { confidences: number[]; count: number },
  plain: { label: string | undefined; count: number },
): number {
  const misread = queries.filter((query) => query.label === plain.label && !query.right);
  // Never a match that is more likely wrong than right.
  return Math.max(
    0.5,
    findPrecisionThreshold(queries),
    findThresholdAbove(nonPets.confidences, FALSE_MATCHES * nonPets.count),
    findThresholdAbove(
      misread.map(({ confidence }) => confidence),
      PLAIN_FALSE_MATCHES * plain.count,
    ),
  );
}

/**
 * Two logistic regressions on the same four features: is the first candidate right, with an offset for what it is, and
 * does the collection hold what the photo shows? Their thresholds follow from what may be refused and how often a match must be right.
 *
 * @param fewest queries that are needed
 * @returns null when there are fewer
 */
export function fitCalibration(data: CalibrationData, fewest = FEWEST_QUERIES): Calibration | null {
  const { fingerprint, k, temperature, votes, plain } = data;
  const samples = (of: AnsweredQuery[]) =>
    of.filter((q) => q.neighbours.length > 0).map((q) => sampleOf(q, data));
  const queries = samples(data.queries);
  const heldOut = samples(data.labelsHeldOut);
  const nonPets = samples(data.nonPets);
  if (queries.length < fewest || heldOut.length === 0) {
    return null;
  }
  const all = computeWeight(queries);
  const fittedRight = fitIncreasingWithGroups(
    [
      ...weighted(queries, all, smoothTargets(queries)),
      ...weighted(nonPets, NON_PET_WEIGHT * all, () => 1 / (nonPets.length + 2)),
    ],
    L2,
    LABEL_L2,
  );
  // Thresholds are those of the models as they are stored.
  const right = rounded(fittedRight.model);
  const offsets = roundedOffsets(fittedRight.offsets);
  const known = rounded(
    fitIncreasing(
      [
        ...weighted(queries, all, () => 1),
        ...weighted(heldOut, all, () => 0),
        ...weighted(nonPets, all, () => 0),
      ],
      L2,
    ),
  );
  const knownThreshold = computeQuantile(
    queries.map(({ features }) => predict(known, features)),
    REFUSED,
  );
  const answered = (of: Sample[]): Answered[] =>
    of
      .filter(({ features }) => predict(known, features) >= knownThreshold)
      .map((sample) => ({
        ...sample,
        confidence: predict(right, sample.features, offsets[sample.answered]),
      }));
  const match = matchThreshold(
    answered(queries),
    { confidences: answered(nonPets).map(({ confidence }) => confidence), count: nonPets.length },
    { label: plain, count: queries.filter(({ label }) => label === plain).length },
  );
  return {
    formatVersion: 1,
    fingerprint,
    k,
    temperature,
    ...(votes === undefined ? {} : { votes }),
    features: listFeatureNames(),
    right: { ...right, labels: offsets },
    known,
    thresholds: { known: knownThreshold, match },
    fittedOn: { queries: queries.length, labelsHeldOut: heldOut.length, nonPets: nonPets.length },
  };
}

function computeQuantile(values: number[], share: number): number {
  const sorted = values.sort((a, b) => a - b);
  return sorted[Math.floor(share * sorted.length)]!;
}

/** Digits that matter; the file stays readable. */
function rounded({ intercept, coefficients }: LogisticModel): LogisticModel {
  const round = (value: number) => Number(value.toPrecision(9));
  return { intercept: round(intercept), coefficients: coefficients.map(round) };
}

/** Offsets of labels in order, without those that change nothing. */
function roundedOffsets(offsets: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries(
    [...offsets]
      .map(([label, offset]): [string, number] => [label, Number(offset.toFixed(4))])
      .filter(([label, offset]) => label !== '' && offset !== 0)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
