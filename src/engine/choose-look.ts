/**
 * Decides whether one look at a photo is enough, and which look answers: the one that the collection most probably knows,
 * not the most confident one, so that a second look does not make wrong answers confident. docs/evaluation.md measures
 * the effect.
 */
import type { BreedAnswer } from '../breeds/breed-answer.js';
import type { Rectangle } from '../image/regions.js';
import type { Animal, IdentifyOptions } from './engine.js';

/** A photo is looked at again if its first look is less likely to be known, and only a look that is more likely counts. */
const MIN_KNOWN = 0.5;
/** A close-up must be at least this likely to be known: it shows what looks most like a pet, whatever that is. */
const MIN_CLOSE_UP_KNOWN = 0.8;

type Verdict = Pick<BreedAnswer, 'decision' | 'known'>;

const isKnown = ({ known }: Verdict, min = MIN_KNOWN) => known !== null && known >= min;

/** Whether the caller left open where to look, in a collection that can tell what it contains. */
const mayLookAgain = (
  { known }: Verdict,
  { views = '1', region }: Pick<IdentifyOptions, 'views' | 'region'>,
) => known !== null && views === '1' && region === undefined;

/**
 * Whether a second look is worthwhile: if the collection may not contain what the first look shows, and the caller chose
 * neither the region nor views. A breed that is merely ambiguous does not get clearer.
 */
export function shouldLookAgain(
  verdict: Verdict,
  options: Pick<IdentifyOptions, 'views' | 'region'>,
): boolean {
  return mayLookAgain(verdict, options) && !isKnown(verdict);
}

/** Whether to look for animals in addition to what the first look shows. */
export function shouldSeekAnimals(
  verdict: Verdict,
  options: Pick<IdentifyOptions, 'views' | 'region' | 'animals'>,
): boolean {
  return options.animals === true && mayLookAgain(verdict, options);
}

/** Whether a close-up is worthwhile: without a match, and if both ends of the photo are as unclear as the first look. */
export function needsCloseUp(first: Verdict, ends: readonly { answer: Verdict }[]): boolean {
  return first.decision !== 'match' && !isKnown(first) && ends.every(({ answer }) => !isKnown(answer));
}

/** Whether a close-up may answer. */
export function isClear(verdict: Verdict): boolean {
  return isKnown(verdict, MIN_CLOSE_UP_KNOWN);
}

/** Chooses the look that is most probably known; the first one wins ties, and if no other is probably known. */
export function chooseLook<L extends { answer: Verdict }>(first: L, others: readonly L[]): L {
  return others
    .filter(({ answer }) => isKnown(answer))
    .reduce((best, look) => (look.answer.known! > (best.answer.known ?? 0) ? look : best), first);
}

/**
 * Lists the animals in a photo if looks at its parts match different breeds: each breed once, with its most confident look.
 *
 * @returns an empty array unless there are at least two breeds
 */
export function listAnimals(
  looks: readonly { answer: Pick<BreedAnswer, 'decision' | 'breed' | 'confidence'>; region: Rectangle }[],
): Animal[] {
  const animals = new Map<string, Animal>();
  for (const { answer, region } of looks) {
    const { decision, breed, confidence } = answer;
    if (decision === 'match' && breed !== null && confidence > (animals.get(breed)?.confidence ?? 0)) {
      animals.set(breed, { breed, confidence, region });
    }
  }
  return animals.size > 1 ? [...animals.values()].sort((a, b) => b.confidence - a.confidence) : [];
}
