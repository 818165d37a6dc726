import { describe, expect, it } from 'vitest';
import {
  chooseLook,
  isClear,
  listAnimals,
  needsCloseUp,
  shouldLookAgain,
  shouldSeekAnimals,
} from '../../src/engine/choose-look.js';

const look = (decision: 'match' | 'ambiguous' | 'unknown', known: number) => ({
  answer: { decision, known },
});

describe('the animals on a photo', () => {
  const at = (left: number) => ({ left, top: 0, width: 0.5, height: 1 });
  const seen = (decision: 'match' | 'ambiguous', breed: string, confidence: number, left: number) => ({
    answer: { decision, breed, confidence },
    region: at(left),
  });

  it('are those that looks at different parts are sure of, surest first', () => {
    const looks = [
      seen('ambiguous', 'pug', 0.5, 0.25),
      seen('match', 'pug', 0.9, 0),
      seen('match', 'siamese', 0.97, 0.5),
    ];
    expect(listAnimals(looks)).toEqual([
      { breed: 'siamese', confidence: 0.97, region: at(0.5) },
      { breed: 'pug', confidence: 0.9, region: at(0) },
    ]);
  });

  it('are none if all confident looks see one breed, or only one is confident', () => {
    expect(listAnimals([seen('match', 'pug', 0.9, 0), seen('match', 'pug', 0.8, 0.5)])).toEqual([]);
    expect(listAnimals([seen('match', 'pug', 0.9, 0), seen('ambiguous', 'siamese', 0.6, 0.5)])).toEqual([]);
  });
});

describe('the look that answers', () => {
  it('is the one most probably in the collection, however sure the others are of a breed', () => {
    const first = look('ambiguous', 0.4);
    const surer = look('match', 0.5);
    const better = look('ambiguous', 0.9);
    expect(chooseLook(first, [surer, better])).toBe(better);
    expect(chooseLook(first, [surer])).toBe(surer);
    expect(chooseLook(first, [])).toBe(first);
  });

  it('stays the first one unless another is more likely known than not', () => {
    const first = look('ambiguous', 0.01);
    expect(chooseLook(first, [look('ambiguous', 0.4)])).toBe(first);
    const found = look('match', 0.8);
    expect(chooseLook(first, [look('ambiguous', 0.4), found])).toBe(found);
  });

  it('is the first one if that is probably known, or if the caller chose the views', () => {
    expect(shouldLookAgain({ decision: 'ambiguous', known: 0.4 }, {})).toBe(true);
    expect(shouldLookAgain({ decision: 'match', known: 0.4 }, {})).toBe(true);
    expect(shouldLookAgain({ decision: 'ambiguous', known: 0.5 }, {})).toBe(false);
    expect(shouldLookAgain({ decision: 'unknown', known: null }, {})).toBe(false);
    expect(shouldLookAgain({ decision: 'unknown', known: 0 }, { views: 'flip' })).toBe(false);
    const region = { left: 0, top: 0, width: 0.5, height: 1 };
    expect(shouldLookAgain({ decision: 'unknown', known: 0 }, { region })).toBe(false);
    expect(shouldSeekAnimals({ decision: 'match', known: 0.9 }, { animals: true })).toBe(true);
    expect(shouldSeekAnimals({ decision: 'match', known: 0.9 }, {})).toBe(false);
    expect(shouldSeekAnimals({ decision: 'match', known: 0.9 }, { animals: true, region })).toBe(false);
  });
});

describe('a close-up', () => {
  it('is worthwhile if there is no match and the ends of the photo are unclear, too', () => {
    const first = look('ambiguous', 0.2).answer;
    expect(needsCloseUp(first, [])).toBe(true);
    expect(needsCloseUp(first, [look('unknown', 0), look('match', 0.4)])).toBe(true);
    expect(needsCloseUp(first, [look('unknown', 0), look('ambiguous', 0.6)])).toBe(false);
    expect(needsCloseUp(look('match', 0.2).answer, [])).toBe(false);
  });

  it('must be clearer than another look to give the answer', () => {
    expect(isClear(look('ambiguous', 0.7).answer)).toBe(false);
    expect(isClear(look('ambiguous', 0.8).answer)).toBe(true);
  });
});
