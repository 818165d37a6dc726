/** Thread of one evaluation: collects batches of outcomes, and evaluates them at the end. */
import type { Calibration } from '../breeds/calibration.js';
import { type CalibrationData, fitCalibration } from '../breeds/fit-calibration.js';
import { serveCalls } from '../threads/rpc.js';
import { assessCalibration, type CalibrationWorth } from './assess-calibration.js';
import { type Evaluation, evaluate } from './evaluate.js';
import { listMistakes, type Mistake, type Outcome } from './outcomes.js';

export type AskedPart = Pick<CalibrationData, 'queries' | 'labelsHeldOut' | 'nonPets'>;

/** A calibration with its quality on photos that it was not fitted to. */
export interface Fitted {
  calibration: Calibration | null;
  worth: CalibrationWorth | null;
}

export interface OutcomesPart {
  queries: Outcome[];
  nonPets: Outcome[];
}

export interface Judgement {
  evaluation: Evaluation;
  /** The most confident wrong answers. */
  mistakes: Mistake[];
  /** Mean similarity of the nearest neighbours of each query and of each non-pet. */
  familiarity: { queries: number[]; nonPets: number[] };
}

/** The most mistakes listed. */
const MISTAKES = 100;

const asked: AskedPart = { queries: [], labelsHeldOut: [], nonPets: [] };
const outcomes: Outcome[] = [];
const nonPets: Outcome[] = [];

const calls = {
  addAsked(part: AskedPart): void {
    asked.queries.push(...part.queries);
    asked.labelsHeldOut.push(...part.labelsHeldOut);
    asked.nonPets.push(...part.nonPets);
  },
  /** See `fitCalibration` and `assessCalibration`. */
  fit(vote: Pick<CalibrationData, 'fingerprint' | 'k' | 'temperature'>): Fitted {
    const data = { ...vote, ...asked };
    return { calibration: fitCalibration(data), worth: assessCalibration(data) };
  },
  addOutcomes(part: OutcomesPart): void {
    outcomes.push(...part.queries);
    nonPets.push(...part.nonPets);
  },
  evaluate: (): Judgement => ({
    evaluation: evaluate(outcomes, nonPets.length === 0 ? undefined : nonPets),
    mistakes: listMistakes(outcomes).slice(0, MISTAKES),
    familiarity: {
      queries: outcomes.map(({ familiarity }) => familiarity),
      nonPets: nonPets.map(({ familiarity }) => familiarity),
    },
  }),
};

/** The calls that the thread answers. */
export type EvaluationCalls = typeof calls;

serveCalls(calls);
