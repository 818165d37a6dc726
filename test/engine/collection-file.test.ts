import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { CollectionFileReader } from '../../src/engine/collection-file.js';

/** Written by pyarrow: Zstandard, a dictionary, a list of fixed size of doubles, metadata as a struct. */
const FILE = fileURLToPath(new URL('../fixtures/pyarrow-zstd.parquet', import.meta.url));

it('reads a file that another program wrote, and names the rows whose vectors cannot be searched', async () => {
  const reader = await CollectionFileReader.open(FILE);
  expect(reader.info).toMatchObject({ rows: 4, space: { fingerprint: 'f', dimension: 4 } });
  const groups = [];
  for await (const each of reader.groups()) {
    groups.push(each);
  }
  expect(groups).toHaveLength(1);
  const [group] = groups;
  expect(group!.bad).toEqual([
    { row: 1, id: null, detail: 'vector: number 0 is not finite.' },
    { row: 2, id: null, detail: 'vector: all numbers are zero.' },
  ]);
  expect(group!.items.map(({ row, item }) => [row, item.label, item.size, [...item.vector]])).toEqual([
    [0, 'cat', 1, [1, 0, 0, 0]],
    [3, 'dog', 4, [0.5, 0.5, 0.5, 0.5]],
  ]);
  // Numbers of 64 bits that JSON would round are kept as text.
  expect(group!.items[1]!.item.metadata).toEqual({
    ...{ n: 3, big: '1152921504606846977', day: '2026-01-02T00:00:00.000Z' },
    ...{ tags: ['a', 'b'], none: null, raw: 'AQI=' },
  });
});
