import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { IndexRoots } from '../../src/jobs/index-roots.js';

let base: string;
let roots: IndexRoots;
beforeAll(async () => {
  base = await realpath(await mkdtemp(path.join(tmpdir(), 'pawdex-roots-')));
  await mkdir(path.join(base, 'photos/cats'), { recursive: true });
  await mkdir(path.join(base, 'photos-of-others'));
  await mkdir(path.join(base, 'more/dogs'), { recursive: true });
  await writeFile(path.join(base, 'photos/cats/a.jpg'), 'a');
  await writeFile(path.join(base, 'photos-of-others/b.jpg'), 'b');
  await writeFile(path.join(base, 'photos/set.zip'), 'z');
  await symlink('../photos-of-others', path.join(base, 'photos/out'));
  await symlink('cats', path.join(base, 'photos/in'));
  await symlink('photos', path.join(base, 'link'));
  roots = await IndexRoots.open(['link', 'more', 'nowhere'].map((name) => path.join(base, name)));
});
afterAll(() => rm(base, { recursive: true }));

it.each([
  ['.', 'photos'],
  ['cats', 'photos/cats'],
  ['in', 'photos/cats'],
  ['dogs', 'more/dogs'],
  ['/photos/cats', 'photos/cats'],
  ['/more', 'more'],
  ['set.zip', 'photos/set.zip'],
])('accepts %s', async (asked, found) => {
  const absolute = asked.startsWith('/') ? base + asked : asked;
  expect(await roots.resolveSet(absolute)).toBe(path.join(base, found));
});

it.each([
  ['..', 'path_not_allowed'],
  ['../photos-of-others', 'path_not_allowed'],
  ['cats/../../photos-of-others', 'path_not_allowed'],
  ['out', 'path_not_allowed'],
  ['/', 'path_not_allowed'],
  ['/etc', 'path_not_allowed'],
  ['birds', 'set_invalid'],
  ['cats/a.jpg', 'set_invalid'],
])('refuses %s with %s', async (asked, code) => {
  await expect(roots.resolveSet(asked)).rejects.toMatchObject({ code });
});

it('allows no links that lead outside, and nothing at all without roots', async () => {
  expect(await roots.allows(path.join(base, 'photos/in/a.jpg'))).toBe(true);
  expect(await roots.allows(path.join(base, 'photos/out/b.jpg'))).toBe(false);
  const none = await IndexRoots.open([]);
  await expect(none.resolveSet('.')).rejects.toMatchObject({ code: 'path_not_allowed' });
});

it('takes folders of photos, by default the roots', async () => {
  expect(await roots.resolveFolders(undefined)).toEqual(
    ['photos', 'more'].map((name) => path.join(base, name)),
  );
  expect(await roots.resolveFolders(['cats', path.join(base, 'more')])).toEqual([
    path.join(base, 'photos/cats'),
    path.join(base, 'more'),
  ]);
  await expect(roots.resolveFolders(['cats', 'out'])).rejects.toMatchObject({ code: 'path_not_allowed' });
});
