import { expect, it } from 'vitest';
import { parseFilter } from '../../src/web/manage/filter-text.js';

it.each([
  ['', {}],
  ['   ', {}],
  ['milo', { text: 'milo' }],
  ['grey cat', { text: 'grey cat' }],
  ['species=cat', { metadata: { species: 'cat' } }],
  ['milo species=cat age=3', { text: 'milo', metadata: { species: 'cat', age: 3 } }],
  ['code="3" wild=true', { metadata: { code: '3', wild: true } }],
  ['place="New York"', { metadata: { place: 'New York' } }],
  ['"a = b"', { text: 'a = b' }],
  ['camera.model=X100 -1.5 n=-1.5', { text: '-1.5', metadata: { 'camera.model': 'X100', n: -1.5 } }],
])('reads the text `%s` as a filter', (typed, filter) => {
  expect(parseFilter(typed)).toEqual(filter);
});
