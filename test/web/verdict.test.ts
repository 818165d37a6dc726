import { describe, expect, it } from 'vitest';
import {
  chooseLabelColours,
  describeAnswer,
  findRivals,
  formatSpoken,
  listShares,
  nameConfidence,
} from '../../src/web/verdict.js';
import { identification } from './answers.js';

describe('a match', () => {
  it('names the breed and how many neighbours have it', () => {
    const { headline, tally } = describeAnswer(identification('match', { maine_coon: 14, persian: 6 }));
    expect(headline).toBe('Maine Coon');
    expect(tally).toBe('Of the 20 most similar photos, 14 are Maine Coon and 6 Persian.');
  });

  it('says that all neighbours agree', () => {
    expect(describeAnswer(identification('match', { pug: 20 })).tally).toBe(
      'All of the 20 most similar photos are Pug.',
    );
  });

  it('does not overstate a vote of one photo', () => {
    expect(describeAnswer(identification('match', { pug: 1 })).tally).toContain('only one photo');
  });

  it('is announced with its share', () => {
    expect(formatSpoken(identification('match', { pug: 3, boxer: 1 }))).toBe(
      'Most similar to: Pug. 75% share of the vote. Of the 4 most similar photos, 3 are Pug and 1 Boxer.',
    );
  });

  it('is called an answer only if the collection was measured', () => {
    const measured = describeAnswer(identification('match', { pug: 3 }, { calibrated: true }));
    expect([measured.kicker, measured.advice]).toEqual(['Looks like', null]);
    const unmeasured = describeAnswer(identification('match', { pug: 3 }));
    expect(unmeasured.kicker).toBe('Most similar to');
    expect(unmeasured.advice).toContain('not calibrated');
  });
});

describe('an ambiguous answer', () => {
  it('names both likely breeds, and picks none', () => {
    const words = describeAnswer(identification('ambiguous', { ragdoll: 9, birman: 8, siamese: 3 }));
    expect(words.kicker).toBe('Could be either');
    expect(words.headline).toBe('Ragdoll or Birman');
    expect(words.tally).toBe('Of the 20 most similar photos, 9 are Ragdoll, 8 Birman and 3 Siamese.');
  });

  it('leans towards one that is far ahead, with its share', () => {
    const answer = identification('ambiguous', { bengal: 12, abyssinian: 4, siamese: 4 });
    const words = describeAnswer(answer);
    expect(words.headline).toBe('Perhaps Bengal');
    expect(words.share).toBe(0.6);
    expect(words.tally).toBe('Of the 20 most similar photos, 12 are Bengal, 4 Abyssinian and 4 Siamese.');
  });

  it('names three if the third is also close', () => {
    const words = describeAnswer(identification('ambiguous', { a: 6, b: 5, c: 5, d: 4 }));
    expect(words.headline).toBe('A, B or C');
    expect(words.kicker).toBe('Could be any of these');
  });
});

describe('no answer', () => {
  it('does not name a breed', () => {
    const words = describeAnswer(identification('unknown', { pug: 2, boxer: 2, beagle: 1 }));
    expect(words.headline).toBe('Not sure');
    expect(words.tally).toBe('Of the 5 most similar photos, 2 are Pug, 2 Boxer and 1 Beagle.');
  });

  it('distinguishes an empty collection from an unknown breed', () => {
    expect(describeAnswer(identification('unknown', {})).tally).toBe('This collection has no photos yet.');
  });

  it('says that the neighbours have no labels', () => {
    const answer = identification('unknown', { pug: 2 });
    for (const neighbour of answer.neighbours) {
      neighbour.label = null;
    }
    expect(describeAnswer(answer).tally).toBe('The 2 most similar photos have no label.');
  });
});

it('calls the confidence a share of the vote until it is calibrated', () => {
  expect(nameConfidence(identification('match', { pug: 1 }))).toBe('share of the vote');
  expect(nameConfidence(identification('match', { pug: 1 }, { basis: 'calibration' }))).toBe('confidence');
});

it('gives the first five candidates a place, and no other label', () => {
  const colourOf = chooseLabelColours(identification('unknown', { a: 7, b: 6, c: 5, d: 4, e: 3, f: 2 }));
  const colours = ['a', 'b', 'c', 'd', 'e', 'f', null].map(colourOf);
  expect(colours.slice(0, 5)).toEqual([0, 1, 2, 3, 4].map((place) => `var(--place-${place})`));
  expect(colours.slice(5)).toEqual(Array(2).fill('var(--place-other)'));
});

describe('the list of shares', () => {
  it('sums to 100% with the rest', () => {
    const answer = identification('ambiguous', { a: 1, b: 1, c: 1 });
    expect(listShares(answer).map(({ text }) => text)).toEqual(['34%', '33%', '33%']);
    const most = identification('match', { a: 1 }, { calibrated: true, basis: 'calibration' });
    most.candidates = [{ label: 'a', confidence: 0.905, share: 1, count: 1, similarity: 0.9 }];
    expect(listShares(most).map(({ name, text }) => [name, text])).toEqual([
      ['A', '91%'],
      ['Something else', '9%'],
    ]);
  });

  it('is empty if no breed is named', () => {
    expect(listShares(identification('unknown', { a: 19, b: 1 }))).toEqual([]);
  });
});

describe('the breeds in the running', () => {
  const withPictures = (
    decision: 'match' | 'ambiguous',
    votes: Record<string, number>,
    bare: string[] = [],
  ) => {
    const answer = identification(decision, votes);
    const neighbours = answer.neighbours.map((each) => ({
      ...each,
      hasThumbnail: !bare.includes(each.label ?? ''),
    }));
    return findRivals({ ...answer, neighbours }).map(({ id, label }) => [id, label]);
  };

  it('are shown by the nearest photo of each', () => {
    expect(withPictures('ambiguous', { pug: 5, boxer: 4, beagle: 1 })).toEqual([
      ['id-0', 'pug'],
      ['id-5', 'boxer'],
    ]);
  });

  it('are not shown where one breed is named, or fewer than two have a picture', () => {
    expect(withPictures('match', { pug: 5, boxer: 4 })).toEqual([]);
    expect(withPictures('ambiguous', { pug: 9, boxer: 1 })).toEqual([]);
    expect(withPictures('ambiguous', { pug: 5, boxer: 4 }, ['boxer'])).toEqual([]);
  });
});
