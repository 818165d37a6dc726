/** Thread of one evaluation: collects batches of outcomes, and evaluates them at the end. */
import type { Calibration } from '../breeds/calibration.js';
import { type CalibrationData, fitCalibration } from '../breeds/fit-calibration.js';
import { serveCalls } from '../threads/rpc.js';
import { assessCalibration, type CalibrationQuality } from './assess-calibration.js';
import { type Evaluation, evaluate } from './evaluate.js';
import { listMistakes, type Mistake, type Outcome } from './outcomes.js';

export type CalibrationPart = Pick<CalibrationData, 'queries' | 'labelsHeldOut' | 'nonPets'>;

/** A calibration and its quality; both null if there were too few photos. */
export interface Fitted {
  calibration: Calibration | null;
  worth: CalibrationQuality | null;
}

export interface OutcomesPart {
  queries: Outcome[];
  nonPets: Outcome[];
}

/** The evaluation of all outcomes that were added. */
export interface EvaluationResult {
  evaluation: Evaluation;
  /** The most confident wrong answers. */
  mistakes: Mistake[];
  /** Mean similarity of the nearest neighbours of each query and of each non-pet. */
  familiarity: { queries: number[]; nonPets: number[] };
}

const MAX_MISTAKES = 100;

const calibrationData: CalibrationPart = { queries: [], labelsHeldOut: [], nonPets: [] };
const outcomes: Outcome[] = [];
const nonPets: Outcome[] = [];

const calls = {
  addQueries(part: CalibrationPart): void {
    calibrationData.queries.push(...part.queries);
    calibrationData.labelsHeldOut.push(...part.labelsHeldOut);
    calibrationData.nonPets.push(...part.nonPets);
  },
  /** See `fitCalibration` and `assessCalibration`. */
  fit(vote: Pick<CalibrationData, 'fingerprint' | 'k' | 'temperature'>): Fitted {
    const data = { ...vote, ...calibrationData };
    return { calibration: fitCalibration(data), worth: assessCalibration(data) };
  },
  addOutcomes(part: OutcomesPart): void {
    outcomes.push(...part.queries);
    nonPets.push(...part.nonPets);
  },
  evaluate: (): EvaluationResult => ({
    evaluation: evaluate(outcomes, nonPets.length === 0 ? undefined : nonPets),
    mistakes: listMistakes(outcomes).slice(0, MAX_MISTAKES),
    familiarity: {
      queries: outcomes.map(({ familiarity }) => familiarity),
      nonPets: nonPets.map(({ familiarity }) => familiarity),
    },
  }),
};

/** The calls that the thread answers. */
export type EvaluationCalls = typeof calls;

serveCalls(calls);
