/** The thread of one evaluation: gathers what was asked, batch by batch, and takes the sums at the end. */
import { type CalibrationData, fitCalibration } from '../breeds/fit.js';
import { serveCalls } from '../threads/rpc.js';
import { assessCalibration } from './assess-calibration.js';
import { evaluate } from './evaluate.js';
import { mistakesOf } from './mistakes.js';
import type { Outcome } from './outcomes.js';
import type { AskedPart, Fitted, OutcomesPart } from './thread.js';

/** Mistakes that an evaluation lists. */
const MISTAKES = 100;

const asked: AskedPart = { queries: [], labelsHeldOut: [], nonPets: [] };
const outcomes: Outcome[] = [];
const nonPets: Outcome[] = [];

serveCalls({
  addAsked(part: AskedPart): void {
    asked.queries.push(...part.queries);
    asked.labelsHeldOut.push(...part.labelsHeldOut);
    asked.nonPets.push(...part.nonPets);
  },
  fit(vote: Pick<CalibrationData, 'fingerprint' | 'k' | 'temperature'>): Fitted {
    const data = { ...vote, ...asked };
    return { calibration: fitCalibration(data), worth: assessCalibration(data) };
  },
  addOutcomes(part: OutcomesPart): void {
    outcomes.push(...part.queries);
    nonPets.push(...part.nonPets);
  },
  evaluate: () => ({
    evaluation: evaluate(outcomes, nonPets.length === 0 ? undefined : nonPets),
    mistakes: mistakesOf(outcomes).slice(0, MISTAKES),
    familiarity: {
      queries: outcomes.map(({ familiarity }) => familiarity),
      nonPets: nonPets.map(({ familiarity }) => familiarity),
    },
  }),
});
