import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chooseBestCopy } from '../../src/engine/find-best-copy.js';
import { computeSha256 } from '../../src/files/sha256.js';

const photo = Buffer.from('a photo');
let root: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'pawdex-find-picture-'));
  await mkdir(path.join(root, 'photos'));
  for (const file of ['photos/..milo.jpg', 'photos/milo.jpg', 'secret.jpg']) {
    await writeFile(path.join(root, file), photo);
  }
});
afterAll(() => rm(root, { recursive: true }));

it.each([
  ['milo.jpg', true],
  ['./other/../milo.jpg', true],
  ['..milo.jpg', true],
  ['../secret.jpg', false],
  ['sub/../../secret.jpg', false],
  ['ROOT/secret.jpg', false],
  ['ROOT/photos/milo.jpg', true],
])('looks for the source %s in the named folders only', async (source, isFound) => {
  const item = { source: source.replace('ROOT', root), sha256: computeSha256(photo), size: photo.length };
  const found = await chooseBestCopy(item, null, async () => null, { photos: [path.join(root, 'photos')] });
  expect(found?.origin).toBe(isFound ? 'file' : undefined);
});
