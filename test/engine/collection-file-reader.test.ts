import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parquetWriteFile } from 'hyparquet-writer';
import { expect, it } from 'vitest';
import { CollectionFileReader } from '../../src/engine/collection-file-reader.js';
import { CollectionFileWriter } from '../../src/engine/collection-file-writer.js';
import { openCollectionFile } from '../../src/engine/open-collection-file.js';
import { createRandom } from '../../src/math/random.js';
import type { CollectionInfo } from '../../src/store/store.js';

/** Written by pyarrow: Zstandard, a dictionary, a list of fixed size of doubles, metadata as a struct. */
const FILE = fileURLToPath(new URL('../fixtures/pyarrow-zstd.parquet', import.meta.url));

/** Expects that the first group of a file is refused. */
async function expectRefusal(file: string, expected: object): Promise<void> {
  const opened = await openCollectionFile(file, 0);
  await expect(opened.groups().next()).rejects.toMatchObject({ code: 'export_invalid', ...expected });
  await opened.close();
}

it('reads a file that another program wrote, and names the rows whose vectors cannot be searched', async () => {
  const reader = await CollectionFileReader.open(FILE);
  expect(reader.info).toMatchObject({ rows: 4, space: { fingerprint: 'f', dimension: 4 } });
  const groups = [];
  for await (const each of reader.groups(0)) {
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
    n: 3,
    big: '1152921504606846977',
    day: '2026-01-02T00:00:00.000Z',
    tags: ['a', 'b'],
    none: null,
    raw: 'AQI=',
  });
});

it('refuses groups that would need too much memory, and says how to write smaller ones', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pawdex-large-group-'));
  const file = path.join(folder, 'large.parquet');
  const pictures = [Buffer.alloc(65 * 2 ** 20, 1), Buffer.alloc(65 * 2 ** 20, 2)];
  parquetWriteFile({
    filename: file,
    codec: 'UNCOMPRESSED',
    columnData: [
      { name: 'sha256', data: ['a', 'b'] },
      { name: 'original', data: pictures, type: 'BYTE_ARRAY' },
    ],
  });
  await expectRefusal(file, { hint: expect.stringContaining('row_group_size') });
  await rm(folder, { recursive: true });
}, 60_000);

it('refuses a group with millions of values in few rows', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pawdex-many-values-'));
  const file = path.join(folder, 'values.parquet');
  const half = new Array<number>(2 ** 22).fill(0.5);
  parquetWriteFile({
    filename: file,
    schema: [
      { name: 'root', num_children: 2 },
      { name: 'sha256', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      { name: 'vector', converted_type: 'LIST', repetition_type: 'REQUIRED', num_children: 1 },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
    ],
    columnData: [
      { name: 'sha256', data: ['a', 'b'] },
      { name: 'vector', data: [half, half] },
    ],
  });
  await expectRefusal(file, { hint: expect.stringContaining('row_group_size') });
  await rm(folder, { recursive: true });
});

it('refuses a small file with millions of equal rows in a group', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pawdex-equal-rows-'));
  const file = path.join(folder, 'equal.parquet');
  const column = (name: string, value: string) => ({ name, data: new Array<string>(100_001).fill(value) });
  const columnData = [column('metadata', '{}'), column('sha256', 'b'.repeat(64))];
  parquetWriteFile({ filename: file, columnData, rowGroupSize: 100_001 });
  await expectRefusal(file, {
    message: expect.stringContaining('a group of 100001 rows'),
    hint: expect.stringContaining('row_group_size'),
  });
  await rm(folder, { recursive: true });
});

it('refuses a file whose columns are all damaged, in any way', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pawdex-damaged-columns-'));
  const sound = await readFile(FILE);
  const data = sound.length - 8 - sound.readUInt32LE(sound.length - 8);
  const random = createRandom(3);
  for (let round = 0; round < 6; round++) {
    const file = path.join(folder, `${round}.parquet`);
    const bytes = Buffer.from(sound);
    for (let at = 4 + round; at < data; at += 4 + Math.floor(random() * 40)) {
      bytes[at] = Math.floor(random() * 256);
    }
    await writeFile(file, bytes);
    // A thread that dies would be `worker_failed`.
    await expectRefusal(file, {});
  }
  await rm(folder, { recursive: true });
}, 60_000);

it('refuses a file whose list of columns runs into its metadata', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pawdex-odd-footer-'));
  const file = path.join(folder, 'odd.parquet');
  const info = { name: 'a', model: 'm', fingerprint: 'f', dimension: 2 } as CollectionInfo;
  const writer = new CollectionFileWriter(file, info);
  const vector = Float32Array.of(1, 0);
  const texts = { id: 'i', label: null, source: null, metadata: {}, sha256: 'b'.repeat(64), size: 1 };
  writer.add([{ ...texts, vector, thumbnail: null, original: null }]);
  await writer.finish();
  const bytes = await readFile(file);
  // The byte that ends the list of columns.
  bytes[bytes.indexOf('pawdex.format') - 5] = 1;
  await writeFile(file, bytes);
  await expect(openCollectionFile(file, 0)).rejects.toMatchObject({ code: 'export_invalid' });
  await rm(folder, { recursive: true });
});

it('refuses a row whose picture grows a thousandfold', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'pawdex-page-bomb-'));
  const file = path.join(folder, 'bomb.parquet');
  parquetWriteFile({
    filename: file,
    codec: 'GZIP',
    compressors: { GZIP: (bytes: Uint8Array) => gzipSync(bytes) },
    columnData: [
      { name: 'sha256', data: ['b'.repeat(64)] },
      { name: 'original', data: [new Uint8Array(260 * 1024 ** 2)], type: 'BYTE_ARRAY' },
    ],
  });
  await expectRefusal(file, { message: expect.stringContaining('its pages grow to more than') });
  await rm(folder, { recursive: true });
}, 60_000);

/** Three wrong bytes in it let the decoder turn in a circle. */
const ENDLESS = fileURLToPath(new URL('../fixtures/endless.parquet', import.meta.url));

it('gives up on a file whose decoding never ends', async () => {
  const opened = await openCollectionFile(ENDLESS, 0, 2000);
  await expect(opened.groups().next()).rejects.toMatchObject({
    code: 'export_invalid',
    message: expect.stringContaining('cannot be decoded in time'),
  });
  await opened.close();
});
