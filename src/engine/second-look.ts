/**
 * Decides whether to look at a photo a second time, and which look to answer with. An encoder sees the centre square
 * of a photo, so an animal at the edge may be cut off or missing. The look is chosen by the probability that the
 * collection contains what it shows, not by breed or confidence, so that a second look does not make wrong answers
 * confident. docs/evaluation.md measures the effect.
 */
import type { BreedAnswer } from '../breeds/identify-breed.js';
import type { Rectangle } from '../image/heat-colours.js';
import type { Animal, IdentifyOptions } from './engine.js';

/** The answer for one part of a photo. */
interface Look {
  decided: Pick<BreedAnswer, 'decision' | 'breed' | 'confidence'>;
  /** In fractions of the upright photo. */
  region: Rectangle;
}

/** A photo is looked at again if its first look is less likely to be known, and only a look that is more likely counts. */
const KNOWN = 0.5;
/** A close-up must be at least this likely to be known: it shows what looks most like a pet, whatever that is. */
const CLOSE_UP_KNOWN = 0.8;

type Decided = Pick<BreedAnswer, 'decision' | 'known'>;

const isKnown = ({ known }: Pick<BreedAnswer, 'known'>, least: number) => known !== null && known >= least;

/** Whether the caller left open where to look, in a collection that can tell what it contains. */
const mayLookAgain = (
  { known }: Decided,
  { views = '1', region }: Pick<IdentifyOptions, 'views' | 'region'>,
) => known !== null && views === '1' && region === undefined;

/**
 * Whether a second look is worthwhile: if the collection may not contain what the first look shows, and the caller chose
 * neither the region nor views. A breed that is merely ambiguous does not get clearer.
 */
export function shouldLookAgain(
  decided: Decided,
  options: Pick<IdentifyOptions, 'views' | 'region'>,
): boolean {
  return mayLookAgain(decided, options) && !isKnown(decided, KNOWN);
}

/** Whether to look for other animals beside what the first look shows. */
export function shouldSeekAnimals(
  decided: Decided,
  options: Pick<IdentifyOptions, 'views' | 'region' | 'animals'>,
): boolean {
  return options.animals === true && mayLookAgain(decided, options);
}

/** Whether a close-up is worthwhile: without a match, and if both ends of the photo are as unclear as the first look. */
export function needsCloseUp(first: Decided, ends: readonly { decided: Decided }[]): boolean {
  const isUnclear = (decided: Decided) => !isKnown(decided, KNOWN);
  return first.decision !== 'match' && isUnclear(first) && ends.every(({ decided }) => isUnclear(decided));
}

/** Whether a close-up may answer. */
export function isClear(decided: Decided): boolean {
  return isKnown(decided, CLOSE_UP_KNOWN);
}

/** Chooses the look that is most probably known; the first one wins ties, and if no other is probably known. */
export function chooseLook<L extends { decided: Decided }>(first: L, others: readonly L[]): L {
  return others
    .filter(({ decided }) => isKnown(decided, KNOWN))
    .reduce((best, look) => (look.decided.known! > (best.decided.known ?? 0) ? look : best), first);
}

/**
 * Lists the animals in a photo if looks at its parts match different breeds: each breed once, with its most confident look.
 *
 * @returns an empty array unless there are at least two breeds
 */
export function listAnimals(looks: readonly Look[]): Animal[] {
  const animals = new Map<string, Animal>();
  for (const { decided, region } of looks) {
    const { breed, confidence } = decided;
    const other = breed === null ? undefined : animals.get(breed);
    if (decided.decision === 'match' && breed !== null && confidence > (other?.confidence ?? 0)) {
      animals.set(breed, { breed, confidence, region });
    }
  }
  return animals.size > 1 ? [...animals.values()].sort((a, b) => b.confidence - a.confidence) : [];
}
