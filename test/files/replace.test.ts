/** A file is replaced whole or not at all. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { replaceFile } from '../../src/files/replace-file.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pawdex-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('creates a file, and replaces it by text or by chunks of bytes', async () => {
  const file = path.join(folder, 'a.txt');
  await replaceFile(file, 'first, and longer');
  expect(await readFile(file, 'utf8')).toBe('first, and longer');
  await replaceFile(file, [Buffer.from('sec'), Buffer.from('ond')]);
  expect(await readFile(file, 'utf8')).toBe('second');
  expect(await readdir(folder)).toEqual(['a.txt']);
});

it('ignores what a process left that died while writing', async () => {
  const file = path.join(folder, 'a.txt');
  await writeFile(`${file}.tmp`, 'half of something that was much longer');
  await replaceFile(file, 'whole');
  expect(await readFile(file, 'utf8')).toBe('whole');
  expect(await readdir(folder)).toEqual(['a.txt']);
});

it('leaves the old file and nothing else if it cannot be replaced', async () => {
  const file = path.join(folder, 'a');
  await mkdir(file);
  await writeFile(path.join(file, 'inside'), 'kept');
  await expect(replaceFile(file, 'text')).rejects.toMatchObject({ syscall: 'rename' });
  expect(await readdir(folder)).toEqual(['a']);
  expect(await readFile(path.join(file, 'inside'), 'utf8')).toBe('kept');
  await expect(replaceFile(path.join(folder, 'nowhere', 'a'), 'text')).rejects.toMatchObject({
    code: 'ENOENT',
  });
});
