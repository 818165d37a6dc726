/** Assesses a calibration on photos that it was not fitted to, by cross-fitting. */
import {
  type AnsweredQuery,
  type CalibrationData,
  fitCalibration,
  MIN_QUERIES,
} from '../breeds/fit-calibration.js';
import { type BreedAnswer, identifyBreed } from '../breeds/identify-breed.js';
import { computeMean } from '../math/vectors.js';
import { computeExpectedCalibrationError } from './metrics/reliability.js';

const FOLDS = 5;

/** Shares are of the queries, 0..1. */
export interface CalibrationWorth {
  /** Number of queries, each judged by a calibration that was not fitted to it. */
  n: number;
  match: number;
  ambiguous: number;
  unknown: number;
  /** Share of the matches that are wrong; null without matches. */
  matchError: number | null;
  /** Expected calibration error of the confidence, 15 bins. */
  ece: number;
  /** Share of the non-pets that match; null without non-pets. */
  nonPetMatch: number | null;
}

/**
 * Fits to four fifths of the queries and judges the rest, five times.
 *
 * @returns null if there are too few queries
 */
export function assessCalibration(data: CalibrationData): CalibrationWorth | null {
  const judged: { label: string; answered: BreedAnswer }[] = [];
  const nonPets: BreedAnswer[] = [];
  for (let fold = 0; fold < FOLDS; fold++) {
    const learns = (_: unknown, i: number) => i % FOLDS !== fold;
    const part = {
      ...data,
      queries: data.queries.filter(learns),
      labelsHeldOut: data.labelsHeldOut.filter(learns),
      nonPets: data.nonPets.filter(learns),
    };
    const calibration = fitCalibration(part, MIN_QUERIES / 2);
    if (calibration === null) {
      return null;
    }
    const judge = ({ neighbours, nonPetSimilarity }: AnsweredQuery) =>
      identifyBreed(neighbours, { temperature: data.temperature, calibration }, nonPetSimilarity);
    const held = <T>(of: readonly T[]) => of.filter((_, i) => i % FOLDS === fold);
    judged.push(...held(data.queries).map((query) => ({ label: query.label, answered: judge(query) })));
    nonPets.push(...held(data.nonPets).map(judge));
  }
  const isRight = judged.map(({ label, answered }) => answered.candidates[0]?.label === label);
  const shareOf = (decision: BreedAnswer['decision']) =>
    judged.filter(({ answered }) => answered.decision === decision).length / judged.length;
  const matches = isRight.filter((_, i) => judged[i]!.answered.decision === 'match');
  return {
    n: judged.length,
    match: shareOf('match'),
    ambiguous: shareOf('ambiguous'),
    unknown: shareOf('unknown'),
    matchError: computeMean(matches.map((right) => (right ? 0 : 1))),
    ece: computeExpectedCalibrationError(
      Float64Array.from(judged, ({ answered }) => answered.confidence),
      Uint8Array.from(isRight, (right) => (right ? 1 : 0)),
    )!,
    nonPetMatch: computeMean(nonPets.map(({ decision }) => (decision === 'match' ? 1 : 0))),
  };
}
