/** No flipped bit in a file of JSON goes unnoticed. */
import { expect, it } from 'vitest';
import { addChecksum, verifyChecksum } from '../../src/files/checksummed-json.js';

const value = { id: 7, text: 'größe', list: [1, 2.5, null], flag: true };

it('gives back what was sealed, and what an earlier version wrote', () => {
  expect(JSON.parse(verifyChecksum(addChecksum(JSON.stringify(value))))).toEqual(value);
  expect(JSON.parse(verifyChecksum(JSON.stringify(value)))).toEqual(value);
  expect(JSON.parse(verifyChecksum(`${JSON.stringify(value)}\n`))).toEqual(value);
});

it('refuses a file with any one bit flipped', () => {
  const bytes = Buffer.from(addChecksum(JSON.stringify(value)));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const damaged = Buffer.from(bytes);
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => JSON.parse(verifyChecksum(damaged.toString())), `bit ${bit}`).toThrow();
  }
});
