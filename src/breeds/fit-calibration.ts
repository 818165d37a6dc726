/** Fits a calibration to queries with known labels. */
import { type Calibration, computeFeatures, computePetFeatures, FEATURES } from './calibration.js';
import { findKnownThreshold, findMatchThreshold, type JudgedQuery } from './find-thresholds.js';
import {
  fitIncreasing,
  fitIncreasingWithGroups,
  type GroupedObservation,
  type LogisticModel,
  predict,
} from './logistic.js';
import { type Voter, vote } from './vote.js';

/** A query with the neighbours that vote. */
export interface AnsweredQuery {
  neighbours: Voter[];
  label: string;
  /** Weight of the query, default 1; lower if its label is doubtful. */
  weight?: number;
  /** Cosine similarity to the nearest non-pet photo; measured for all queries or for none. */
  nonPetSimilarity?: number | null;
}

export interface CalibrationData {
  fingerprint: string;
  k: number;
  temperature: number;
  /** Weights of labels in the vote, if not 1. */
  votes?: Record<string, number>;
  /** A label whose photos must hardly ever match another label, for instance the label for "no breed". */
  noBreedLabel?: string;
  /** Photos of labels in the collection, each compared with all others. */
  queries: AnsweredQuery[];
  /** The same photos compared with a collection without their label, as examples of unknown breeds. */
  labelsHeldOut: AnsweredQuery[];
  /** Photos of something else entirely; may be empty. */
  nonPets: AnsweredQuery[];
}

/** Minimum number of queries for a meaningful calibration. */
export const MIN_QUERIES = 100;
/** Total weight of the non-pets relative to that of the queries. */
const NON_PET_WEIGHT = 0.1;
const L2 = 1;
/** Ridge of the label offsets: a label that came first a dozen times gets about half of its full offset. */
const LABEL_L2 = 2;

interface Sample {
  features: number[];
  right: boolean;
  /** The label of the query, and the first candidate. */
  label: string;
  answered: string;
  weight: number;
  /** Features of the model `pet`; null if the similarity to non-pet photos was not measured. */
  petFeatures: number[] | null;
}

function toSample(
  { neighbours, label, weight = 1, nonPetSimilarity = null }: AnsweredQuery,
  { temperature, votes }: Pick<CalibrationData, 'temperature' | 'votes'>,
): Sample {
  const candidates = vote(neighbours, temperature, votes);
  const answered = candidates[0]?.label ?? '';
  return {
    features: computeFeatures({ neighbours, candidates }),
    right: answered === label,
    label,
    answered,
    weight,
    petFeatures: nonPetSimilarity === null ? null : computePetFeatures(neighbours, nonPetSimilarity),
  };
}

const computeWeight = (samples: readonly Sample[]) => samples.reduce((sum, { weight }) => sum + weight, 0);

/**
 * Weights samples.
 *
 * @param total their total weight
 */
function weightSamples(
  samples: readonly Sample[],
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
 * Moves targets slightly inside 0 and 1, so that a collection without mistakes does not get infinite confidence (Platt
 * 1999, "Probabilistic outputs for support vector machines", section 2.2).
 */
function smoothTargets(samples: Sample[]): (sample: Sample) => number {
  const right = computeWeight(samples.filter((sample) => sample.right));
  const wrong = computeWeight(samples) - right;
  return (sample) => (sample.right ? (right + 1) / (right + 2) : 1 / (wrong + 2));
}

/**
 * Fits the probability that a photo shows a pet.
 *
 * @param total total weight of the pets, and of the others
 * @returns null without others, or if the similarity to non-pet photos was not measured
 */
function fitPet(pets: readonly Sample[], others: readonly Sample[], total: number): LogisticModel | null {
  const samples = [...pets, ...others];
  if (others.length === 0 || samples.some(({ petFeatures }) => petFeatures === null)) {
    return null;
  }
  const observe = (of: readonly Sample[], target: number) => {
    const withPetFeatures = of.map((sample) => ({ ...sample, features: sample.petFeatures! }));
    return weightSamples(withPetFeatures, total, () => target);
  };
  return roundModel(fitIncreasing([...observe(pets, 1), ...observe(others, 0)], L2));
}

/** The queries that a calibration is fitted to. */
interface Samples {
  queries: Sample[];
  heldOut: Sample[];
  nonPets: Sample[];
}

/** The models of a calibration, as stored. */
interface FittedModels {
  right: LogisticModel;
  /** By label. */
  offsets: Record<string, number>;
  known: LogisticModel;
  pet: LogisticModel | null;
}

/** Fits the models. They are rounded first, because the thresholds must match the stored models. */
function fitModels({ queries, heldOut, nonPets }: Samples): FittedModels {
  const all = computeWeight(queries);
  const pet = fitPet(queries, nonPets, all);
  // If there is a `pet` model, only that one is fitted to non-pets.
  const others = pet === null ? nonPets : [];
  const right = fitIncreasingWithGroups(
    [
      ...weightSamples(queries, all, smoothTargets(queries)),
      ...weightSamples(others, NON_PET_WEIGHT * all, () => 1 / (others.length + 2)),
    ],
    L2,
    LABEL_L2,
  );
  const known = fitIncreasing(
    [
      ...weightSamples(queries, all, () => 1),
      ...weightSamples(heldOut, all, () => 0),
      ...weightSamples(others, all, () => 0),
    ],
    L2,
  );
  return {
    right: roundModel(right.model),
    offsets: roundOffsets(right.offsets),
    known: roundModel(known),
    pet,
  };
}

/** Finds the thresholds for the share of pets that may be refused, and for the precision of matches. */
function findThresholds(
  { right, offsets, known, pet }: FittedModels,
  { queries, nonPets }: Samples,
  noBreedLabel: string | undefined,
): Calibration['thresholds'] {
  const isPet = ({ petFeatures }: Sample) => (pet === null ? 1 : predict(pet, petFeatures!));
  const predictKnown = (sample: Sample) => predict(known, sample.features) * isPet(sample);
  const knownThreshold = findKnownThreshold(queries.map(predictKnown));
  const answered = (of: Sample[]): JudgedQuery[] =>
    of
      .filter((sample) => predictKnown(sample) >= knownThreshold)
      .map((sample) => ({
        ...sample,
        confidence: predict(right, sample.features, offsets[sample.answered]) * isPet(sample),
      }));
  const match = findMatchThreshold(
    answered(queries),
    { confidences: answered(nonPets).map(({ confidence }) => confidence), count: nonPets.length },
    { label: noBreedLabel, weight: computeWeight(queries.filter(({ label }) => label === noBreedLabel)) },
  );
  return { known: knownThreshold, match };
}

/**
 * Fits two logistic regressions on the same features: whether the first candidate is right, with an offset per label,
 * and whether the collection contains what the photo shows. The thresholds follow from the share of pets that may be
 * refused and the required precision of matches.
 *
 * @param minQueries minimum number of queries
 * @returns null if there are fewer
 */
export function fitCalibration(data: CalibrationData, minQueries = MIN_QUERIES): Calibration | null {
  const { fingerprint, k, temperature, votes, noBreedLabel } = data;
  const toSamples = (of: AnsweredQuery[]) =>
    of.filter((q) => q.neighbours.length > 0).map((q) => toSample(q, data));
  const samples: Samples = {
    queries: toSamples(data.queries),
    heldOut: toSamples(data.labelsHeldOut),
    nonPets: toSamples(data.nonPets),
  };
  const { queries, heldOut, nonPets } = samples;
  if (queries.length < minQueries || heldOut.length === 0) {
    return null;
  }
  const models = fitModels(samples);
  return {
    formatVersion: 1,
    fingerprint,
    k,
    temperature,
    ...(votes === undefined ? {} : { votes }),
    features: [...FEATURES],
    right: { ...models.right, labels: models.offsets },
    known: models.known,
    ...(models.pet === null ? {} : { pet: models.pet }),
    thresholds: findThresholds(models, samples, noBreedLabel),
    fittedOn: { queries: queries.length, labelsHeldOut: heldOut.length, nonPets: nonPets.length },
  };
}

/** Rounds a model, to keep the file readable. */
function roundModel({ intercept, coefficients }: LogisticModel): LogisticModel {
  const round = (value: number) => Number(value.toPrecision(9));
  return { intercept: round(intercept), coefficients: coefficients.map(round) };
}

/** Rounds and sorts the offsets of labels, and drops those that are 0. */
function roundOffsets(offsets: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries(
    [...offsets]
      .map(([label, offset]): [string, number] => [label, Number(offset.toFixed(4))])
      .filter(([label, offset]) => label !== '' && offset !== 0)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
