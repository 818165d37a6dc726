/** Lists the wrong answers of an evaluation. */
import { type Outcome, predictLabel } from './outcomes.js';

/** A wrong answer with the evidence for it. */
export interface Mistake {
  /** The file of a set's photo, or the id of a collection's item. */
  file: string;
  label: string;
  predicted: string;
  /** Confidence of the wrong answer, 0..1. */
  confidence: number;
  evidence: Outcome['evidence'];
}

/** Lists all wrong answers, most confident first. */
export function listMistakes(outcomes: readonly Outcome[]): Mistake[] {
  return outcomes
    .flatMap((outcome) => {
      const predicted = predictLabel(outcome);
      if (predicted === null || predicted === outcome.label) {
        return [];
      }
      const { file, label, evidence, answer } = outcome;
      return [{ file, label, predicted, confidence: answer.confidence, evidence }];
    })
    .sort((a, b) => b.confidence - a.confidence);
}
