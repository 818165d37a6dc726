import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { scanLabelledSet } from '../../src/datasets/labelled-set.js';
import { readManifestTable } from '../../src/datasets/manifest-table.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'pawdex-manifest-'));
  for (const label of ['beagle', 'pug']) {
    await mkdir(path.join(root, label));
    await writeFile(path.join(root, label, '0.jpg'), '');
  }
});
afterEach(() => rm(root, { recursive: true }));

async function read(content: string | Uint8Array, name = 'list.csv') {
  const manifest = path.join(root, name);
  await writeFile(manifest, content);
  return scanLabelledSet(root, { manifest });
}

const plain = 'file,label\nbeagle/0.jpg,beagle\npug/0.jpg,pug\n';
const utf16 = Buffer.from(`\ufeff${plain.replaceAll(',', '\t')}`, 'utf16le');

it.each<[string, string | Uint8Array | (() => string)]>([
  ['semicolons', plain.replaceAll(',', ';')],
  ['tabs', plain.replaceAll(',', '\t')],
  ['a line sep=;', `\ufeffsep=;\r\n${plain.replaceAll(',', ';').replaceAll('\n', '\r\n')}`],
  ['a byte order mark', `\ufeff${plain}`],
  ['UTF-16', utf16],
  ['big-endian UTF-16', Buffer.from(utf16).swap16()],
  ['UTF-16 without a mark', utf16.subarray(2)],
  ['carriage returns', plain.replaceAll('\n', '\r')],
  ['capitals in the header', plain.replace('file,label', 'File,LABEL')],
  ['spaces', plain.replaceAll(',', ' , ')],
  ['backslashes', plain.replaceAll('/', '\\')],
  ['absolute paths', () => plain.replace(/^(beagle|pug)/gm, `${root}/$1`)],
  ['other case in paths', plain.replaceAll('/0.jpg', '/0.JPG')],
  ['comments before the header', `# my labels\n\n${plain}`],
  ['a comma at the end of each row', plain.replaceAll('g\n', 'g,\n')],
  ['empty rows', `${plain},\n,\n\n`],
  ['Ctrl-Z and zeros at the end', `${plain}\u001a\0\0`],
])('reads a manifest with %s', async (_, content) => {
  const { photos, warnings } = await read(typeof content === 'function' ? content() : content);
  expect(photos).toEqual([
    { file: path.join(root, 'beagle/0.jpg'), name: 'beagle/0.jpg', label: 'beagle', metadata: {} },
    { file: path.join(root, 'pug/0.jpg'), name: 'pug/0.jpg', label: 'pug', metadata: {} },
  ]);
  expect(warnings).toEqual([]);
});

it('reads Latin-1', async () => {
  const { photos } = await read(Buffer.from('file,label\npug/0.jpg,Épagneul\n', 'latin1'));
  expect(photos).toMatchObject([{ label: 'Épagneul' }]);
});

it('reads JSON lines', async () => {
  const { photos } = await read(
    '{"file":"pug/0.jpg","Label":"pug","age":3,"tags":["a"]}\n\n',
    'manifest.jsonl',
  );
  expect(photos).toMatchObject([{ label: 'pug', metadata: { age: '3', tags: '["a"]' } }]);
  await expect(read('{"file":"a.jpg","label":"x"}\n[1]\n', 'bad.jsonl')).rejects.toThrow('line 2');
});

it('reads Parquet', async () => {
  const columnData = [
    { name: 'file', data: ['pug/0.jpg', 'beagle/0.jpg'] },
    { name: 'breed', data: ['pug', 'beagle'] },
    { name: 'age', data: [3, 4], type: 'INT32' as const },
  ];
  const { photos } = await read(new Uint8Array(parquetWriteBuffer({ columnData })), 'list.parquet');
  expect(photos).toMatchObject([
    { label: 'beagle', metadata: { age: '4' } },
    { label: 'pug', metadata: { age: '3' } },
  ]);
  await expect(read('nothing', 'bad.parquet')).rejects.toThrow('not a readable Parquet file');
});

it('finds files whose names have another Unicode form', async () => {
  const decomposed = 'Épagneul'.normalize('NFD');
  await mkdir(path.join(root, decomposed));
  await writeFile(path.join(root, decomposed, 'a.jpg'), '');
  const composed = decomposed.normalize('NFC');
  const { photos } = await read(`file,label\n${composed}/a.jpg,${decomposed}\n`);
  expect(photos).toMatchObject([
    { file: path.join(root, decomposed, 'a.jpg'), name: `${composed}/a.jpg`, label: composed },
  ]);
});

it('warns about files that do not exist and a column that metadata cannot have', async () => {
  const { photos, warnings } = await read('file,label,__proto__\npug/0.jpg,pug,x\ngone.jpg,pug,y\n');
  expect(photos.map(({ metadata }) => metadata)).toEqual([{}, {}]);
  expect(warnings).toEqual([
    expect.stringContaining('__proto__'),
    expect.stringMatching(/1 of 2 files .* gone\.jpg/),
  ]);
});

it.each([
  ['no column `file`', 'filename;class\na;b\n', /no column `file`.*separated by ";".*filename, class/],
  ['two columns of one name', 'file,label,label\na,b,c\n', /2 columns named `label`/],
  ['a row that is too long', 'file,label\na,b,c\n', /line 2 has 3 fields, the header 2/],
])('explains what is wrong with %s', async (_, text, message) => {
  await expect(read(text)).rejects.toMatchObject({
    code: 'set_invalid',
    message: expect.stringMatching(message),
  });
});

it('refuses --label if a manifest has the labels', async () => {
  await writeFile(path.join(root, 'manifest.csv'), plain);
  await expect(scanLabelledSet(root, { label: 'parent' })).rejects.toMatchObject({ code: 'usage' });
});

it('does not block other work while it reads a long manifest', async () => {
  const lines = Array.from({ length: 100_000 }, (_, i) => `pug/${i}.jpg,pug`).join('\n');
  let turns = 0;
  const turn = () => {
    turns++;
    running = setImmediate(turn);
  };
  let running = setImmediate(turn);
  try {
    const { rows } = await readManifestTable('manifest.csv', Buffer.from(`file,label\n${lines}\n`));
    expect(rows).toHaveLength(100_000);
  } finally {
    clearImmediate(running);
  }
  expect(turns).toBeGreaterThan(10);
});

it.each([
  ['manifest.csv', `file,label\n${'a,b\n'.repeat(11)}`, /more than 10 rows/],
  ['manifest.jsonl', '{"file":"a","label":"b"}\n'.repeat(11), /more than 10 rows/],
  [
    'manifest.csv',
    `file,${Array.from({ length: 1000 }, (_, i) => `c${i}`)}\n${`a${',b'.repeat(1000)}\n`.repeat(2)}`,
    /more values/,
  ],
])('refuses an oversized %s', async (name, text, message) => {
  await expect(readManifestTable(name, Buffer.from(text), 10)).rejects.toMatchObject({
    code: 'set_invalid',
    message: expect.stringMatching(message),
  });
});

it('gives up on a manifest whose decoding never ends', async () => {
  const bytes = await readFile(new URL('../fixtures/endless.parquet', import.meta.url));
  await expect(readManifestTable('manifest.parquet', bytes, 1000, 2000)).rejects.toMatchObject({
    code: 'set_invalid',
    message: expect.stringContaining('takes too long'),
  });
});
