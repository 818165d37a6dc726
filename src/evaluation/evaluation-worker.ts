/** The thread of one evaluation: gathers what was asked, batch by batch, and takes the sums at the end. */
import type { Calibration } from '../breeds/calibration.js';
import { type CalibrationData, fitCalibration } from '../breeds/fit-calibration.js';
import { serveCalls } from '../threads/rpc.js';
import { assessCalibration, type CalibrationWorth } from './assess-calibration.js';
import { type Evaluation, evaluate } from './evaluate.js';
import { listMistakes, type Mistake } from './mistakes.js';
import type { Outcome } from './outcomes.js';

/** A batch of what a calibration is fitted to. */
export type AskedPart = Pick<CalibrationData, 'queries' | 'labelsHeldOut' | 'nonPets'>;

/** A calibration with what it is worth on photos that it was not fitted on. */
export interface Fitted {
  calibration: Calibration | null;
  worth: CalibrationWorth | null;
}

/** A batch of outcomes. */
export interface OutcomesPart {
  queries: Outcome[];
  nonPets: Outcome[];
}

/** What the outcomes come to. */
export interface Judgement {
  evaluation: Evaluation;
  /** The surest wrong answers. */
  mistakes: Mistake[];
  /** Mean similarity of the nearest neighbours of each query and of each photo of something else. */
  familiarity: { queries: number[]; nonPets: number[] };
}

/** Mistakes that an evaluation lists. */
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

/** The calls that the thread answers; it holds what was added. */
export type EvaluationCalls = typeof calls;

serveCalls(calls);
