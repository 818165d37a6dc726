/** Assesses a calibration on photos that it was not fitted to, by cross-fitting. */
import type { BreedAnswer } from '../breeds/breed-answer.js';
import {
  type AnsweredQuery,
  type CalibrationData,
  fitCalibration,
  MIN_QUERIES,
} from '../breeds/fit-calibration.js';
import { identifyBreed } from '../breeds/identify-breed.js';
import { computeMean } from '../math/vectors.js';
import { computeExpectedCalibrationError } from './metrics/reliability.js';

const FOLDS = 5;

/** The quality of answers to photos that a calibration was not fitted to. Shares are of the queries, 0..1. */
export interface CalibrationQuality {
  /** Number of queries, each answered with a calibration that was not fitted to it. */
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
 * Fits to four fifths of the queries and answers the rest, five times.
 *
 * @returns null if there are too few queries
 */
export function assessCalibration(data: CalibrationData): CalibrationQuality | null {
  const answers: { label: string; answer: BreedAnswer }[] = [];
  const nonPets: BreedAnswer[] = [];
  for (let fold = 0; fold < FOLDS; fold++) {
    const isHeldOut = (_: unknown, i: number) => i % FOLDS === fold;
    const isFitted = (_: unknown, i: number) => i % FOLDS !== fold;
    const part = {
      ...data,
      queries: data.queries.filter(isFitted),
      labelsHeldOut: data.labelsHeldOut.filter(isFitted),
      nonPets: data.nonPets.filter(isFitted),
    };
    const calibration = fitCalibration(part, MIN_QUERIES / 2);
    if (calibration === null) {
      return null;
    }
    const identify = ({ neighbours, nonPetSimilarity }: AnsweredQuery) =>
      identifyBreed(neighbours, { temperature: data.temperature, calibration }, nonPetSimilarity);
    const queries = data.queries.filter(isHeldOut);
    answers.push(...queries.map((query) => ({ label: query.label, answer: identify(query) })));
    nonPets.push(...data.nonPets.filter(isHeldOut).map(identify));
  }
  const isRight = answers.map(({ label, answer }) => answer.candidates[0]?.label === label);
  const shareOf = (decision: BreedAnswer['decision']) =>
    answers.filter(({ answer }) => answer.decision === decision).length / answers.length;
  const matches = isRight.filter((_, i) => answers[i]!.answer.decision === 'match');
  return {
    n: answers.length,
    match: shareOf('match'),
    ambiguous: shareOf('ambiguous'),
    unknown: shareOf('unknown'),
    matchError: computeMean(matches.map((right) => (right ? 0 : 1))),
    ece: computeExpectedCalibrationError(
      Float64Array.from(answers, ({ answer }) => answer.confidence),
      Uint8Array.from(isRight, (right) => (right ? 1 : 0)),
    )!,
    nonPetMatch: computeMean(nonPets.map(({ decision }) => (decision === 'match' ? 1 : 0))),
  };
}
