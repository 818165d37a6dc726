import { describe, expect, it } from 'vitest';
import {
  formatCount,
  formatDuration,
  formatFileSize,
  formatLabel,
  formatPercent,
  formatPercentages,
  parseWebAddress,
} from '../../src/web/format.js';
import { texts } from '../../src/web/texts/texts.js';

describe('a label', () => {
  it.each([
    ['british_shorthair', 'British shorthair'],
    ['siamese', 'Siamese'],
    ['saint_bernard', 'Saint Bernard'],
    ['cavalier_king_charles_spaniel', 'Cavalier King Charles spaniel'],
    ['two  words', 'Two words'],
    ['my DOG Rex', 'My DOG Rex'],
    ['  ', 'No label'],
    [null, 'No label'],
  ])('`%s` is shown as `%s`', (label, shown) => {
    expect(formatLabel(label)).toBe(shown);
  });

  it('is isolated if it is written from right to left', () => {
    expect(formatLabel('סיאמי')).toBe('\u2068סיאמי\u2069');
    expect(formatLabel('siamese')).toBe('Siamese');
  });
});

describe('a share', () => {
  it.each([
    [0, '0%'],
    [0.0001, '<1%'],
    [0.01, '1%'],
    [0.825, '83%'],
    [0.99, '99%'],
    [0.9999, '>99%'],
    [1, '100%'],
  ])('is shown for %d as %s', (share, shown) => {
    expect(formatPercent(share)).toBe(shown);
  });
});

it.each([
  [0.42, '0.4 ms'],
  [33.6, '34 ms'],
  [1249, '1.2 s'],
])('shows a duration of %d ms as %s', (ms, shown) => {
  expect(formatDuration(ms)).toBe(shown);
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [240_512, '241 kB'],
  [999_600, '1.0 MB'],
  [3_400_000, '3.4 MB'],
])('shows %d bytes as %s', (bytes, shown) => {
  expect(formatFileSize(bytes)).toBe(shown);
});

it('counts with the right noun', () => {
  expect(formatCount(1, 'photo')).toBe('1 photo');
  expect(formatCount(0, 'photo')).toBe('0 photos');
  expect(formatCount(7681, 'photo')).toBe('7,681 photos');
});

it('lists alternatives', () => {
  expect(texts.or([])).toBe('');
  expect(texts.or(['A'])).toBe('A');
  expect(texts.or(['A', 'B'])).toBe('A or B');
  expect(texts.or(['A', 'B', 'C'])).toBe('A, B or C');
});

describe('a web address', () => {
  it.each(['http://', 'https://', 'http://[', 'https:// x', 'photos/http://x', 'ftp://x/y.jpg', ''])(
    'is not found in `%s`',
    (source) => expect(parseWebAddress(source)).toBeNull(),
  );

  it('is found where a host is named', () => {
    expect(parseWebAddress('https://example.org/cats/1.jpg')?.hostname).toBe('example.org');
  });
});

describe('several shares', () => {
  it.each([
    [
      [0.335, 0.335, 0.33],
      ['34%', '33%', '33%'],
    ],
    [
      [1 / 3, 1 / 3, 1 / 3],
      ['34%', '33%', '33%'],
    ],
    [
      [0.655, 0.345],
      ['66%', '34%'],
    ],
    [
      [0.998, 0.002],
      ['>99%', '<1%'],
    ],
    [
      [0.5, 0.3],
      ['50%', '30%'],
    ],
    [[1], ['100%']],
    [[], []],
  ])('shows shares as percentages that add up to the same total (case %#)', (shares, texts) => {
    expect(formatPercentages(shares)).toEqual(texts);
  });
});
