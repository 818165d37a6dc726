/** The wrong answers of an evaluation, for people to look at. */
import { type Outcome, predictLabel } from './outcomes.js';

/** A wrong answer with what spoke for it. */
export interface Mistake {
  /** Of a set the photo's file, of a collection the item's id. */
  file: string;
  label: string;
  predicted: string;
  /** Of the wrong answer, 0..1. */
  confidence: number;
  evidence: Outcome['evidence'];
}

/** All wrong answers, the surest first. */
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
