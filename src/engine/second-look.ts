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

/** An `unknown` answer is only replaced by a look that is probably known. */
const KNOWN = 0.5;

/**
 * Whether a second look is worthwhile: not after a match, and not if the caller chose the region or views.
 */
export function shouldLookAgain(
  { decision, known }: Pick<BreedAnswer, 'decision' | 'known'>,
  { views = '1', region }: Pick<IdentifyOptions, 'views' | 'region'>,
): boolean {
  return decision !== 'match' && known !== null && views === '1' && region === undefined;
}

/** Chooses the look that is most probably known. The first one wins ties. */
export function chooseLook<L extends { decided: Pick<BreedAnswer, 'decision' | 'known'> }>(
  first: L,
  others: readonly L[],
): L {
  const least = first.decided.decision === 'unknown' ? KNOWN : 0;
  return others
    .filter(({ decided }) => (decided.known ?? 0) >= least)
    .reduce((best, look) => ((look.decided.known ?? 0) > (best.decided.known ?? 0) ? look : best), first);
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
