/**
 * Whether a photo is looked at again, and which look answers. An encoder sees the centre square of a photo, so an animal
 * at its edge is half in view or not at all. Of several looks the one counts on which the collection most probably knows
 * what it sees; which breed that is, and how surely, plays no part in the choice, so that looking again does not make
 * wrong answers sure. docs/evaluation.md has what this is worth.
 */
import type { BreedAnswer } from '../breeds/identify-breed.js';
import type { Rectangle } from '../image/heat-colours.js';
import type { Animal, IdentifyOptions } from './engine.js';

/** What a look at a part of a photo found. */
interface Look {
  decided: Pick<BreedAnswer, 'decision' | 'breed' | 'confidence'>;
  /** In fractions of the upright photo. */
  region: Rectangle;
}

/** An answer that was refused as unknown gives way only to a look that is more probably known than not. */
const KNOWN = 0.5;

/**
 * Not where the first answer is sure, where the caller chose what to look at, or where it is to be explained, which is
 * about one look.
 */
export function shouldLookAgain(
  { decision, known }: Pick<BreedAnswer, 'decision' | 'known'>,
  { views = '1', explain = false, region }: Pick<IdentifyOptions, 'views' | 'explain' | 'region'>,
): boolean {
  return decision !== 'match' && known !== null && views === '1' && !explain && region === undefined;
}

/** @returns the first look, or one of the others that is more probably known */
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
 * The animals that looks at several parts of a photo are sure of, where they are of different breeds: each breed once, with
 * the surest look at it.
 *
 * @returns none where there are no two breeds
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
