import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LabelledSetOptions, scanLabelledSet } from '../../src/datasets/labelled-set.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'pawdex-set-'));
});
afterEach(() => rm(root, { recursive: true }));

/** Creates empty files: nothing here opens a photo. */
async function files(...names: string[]): Promise<void> {
  for (const name of names) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), '');
  }
}

const manifest = (text: string, name = 'manifest.csv') => writeFile(path.join(root, name), text);
const readPhotos = async (spec: string, options?: LabelledSetOptions) =>
  (await scanLabelledSet(spec, options)).photos;
const labels = async (spec: string, options?: LabelledSetOptions) =>
  (await readPhotos(spec, options)).map(({ name, label }) => `${name}=${label}`);
const refusal = (text: RegExp) => ({ code: 'set_invalid', message: expect.stringMatching(text) });

describe('folders', () => {
  it('takes the first-level folder as the label, and sorts by name', async () => {
    await files('siamese/b.jpg', 'siamese/deep/er/a.PNG', 'beagle/z.webp', 'loose.gif');
    expect(await labels(root)).toEqual([
      'beagle/z.webp=beagle',
      'loose.gif=null',
      'siamese/b.jpg=siamese',
      'siamese/deep/er/a.PNG=siamese',
    ]);
    const [first] = await readPhotos(root);
    expect(first).toEqual({
      file: path.join(root, 'beagle/z.webp'),
      name: 'beagle/z.webp',
      label: 'beagle',
      metadata: {},
    });
  });

  it('leaves out hidden files and folders, and files that are not photos', async () => {
    await files('a/1.jpg', 'a/.2.jpg', '.git/3.jpg', 'a/notes.txt', 'a/4.heic');
    expect(await labels(root)).toEqual(['a/1.jpg=a', 'a/4.heic=a']);
  });

  it('follows links, but not circular or broken ones', async () => {
    await files('a/1.jpg');
    await symlink('..', path.join(root, 'a', 'up'));
    await symlink('self', path.join(root, 'a', 'self'));
    await symlink(path.join(root, 'a', '1.jpg'), path.join(root, 'a', 'link.jpg'));
    await symlink('nowhere', path.join(root, 'a', 'broken.jpg'));
    const { photos, problems } = await scanLabelledSet(root);
    expect(photos.map(({ name }) => name)).toEqual(['a/1.jpg', 'a/link.jpg']);
    expect(problems.map(({ file, reason }) => `${file} ${reason}`)).toEqual([
      'a/broken.jpg link_broken',
      'a/self link_loop',
      'a/up link_loop',
    ]);
    expect(problems[0]!.detail).toBe('The link leads nowhere.');
  });

  it('names a linked folder by the link, and reads it once', async () => {
    await files('b/1.jpg');
    await symlink('b', path.join(root, 'a'));
    const { photos, skipped, problems } = await scanLabelledSet(root);
    expect(photos.map(({ name }) => name)).toEqual(['b/1.jpg']);
    expect(skipped).toEqual([{ reason: 'seen_already', extension: '', count: 1, example: 'a' }]);
    expect(problems).toEqual([]);
  });

  it('says what is missing', async () => {
    await expect(readPhotos(path.join(root, 'nope'))).rejects.toMatchObject(refusal(/no folder or archive/));
    await expect(readPhotos(`${root}:train`)).rejects.toMatchObject(refusal(/no split "train"/));
    await expect(readPhotos(root)).rejects.toMatchObject(refusal(/no photo/));
    await files('loose.jpg');
    await expect(readPhotos(root, { labelsRequired: true })).rejects.toMatchObject(
      refusal(/loose\.jpg.*no label/),
    );
  });

  it('takes a folder whose name has a colon', async () => {
    await files('2024:05/a.jpg');
    expect(await labels(path.join(root, '2024:05'))).toEqual(['a.jpg=null']);
  });
});

describe('manifest.csv', () => {
  it('keeps other columns as metadata, and rows of one split', async () => {
    await manifest(
      '\ufefffile,species,breed,split\r\nb.jpg,cat,siamese,train\r\n"a, b.jpg",dog,beagle,train\r\nc.jpg,cat,,test\r\n',
    );
    expect(await labels(root)).toEqual(['a, b.jpg=beagle', 'b.jpg=siamese', 'c.jpg=null']);
    expect(await labels(`${root}:test`)).toEqual(['c.jpg=null']);
    const [, photo] = await readPhotos(`${root}:train`);
    expect(photo).toEqual({
      file: path.join(root, 'b.jpg'),
      name: 'b.jpg',
      label: 'siamese',
      metadata: { species: 'cat', split: 'train' },
    });
  });

  it('prefers label over breed, and another manifest when one is named', async () => {
    await manifest('file,label\na.jpg,own\n');
    await manifest('file,label,breed\na.jpg,pet,siamese\n', 'other.csv');
    expect(await labels(root)).toEqual(['a.jpg=own']);
    const set = await readPhotos(root, { manifest: path.join(root, 'other.csv') });
    expect(set).toMatchObject([{ label: 'pet', metadata: { breed: 'siamese' } }]);
  });

  it('takes a duplicate row once, and refuses two labels for one photo', async () => {
    await manifest('file,label\na.jpg,x\n./a.jpg,x\n');
    expect(await labels(root)).toEqual(['a.jpg=x']);
    await manifest('file,label\na.jpg,x\na.jpg,y\n');
    await expect(readPhotos(root)).rejects.toMatchObject(refusal(/manifest\.csv: line 3 labels a\.jpg "y"/));
  });

  it.each([['../secret.jpg'], ['a/../../secret.jpg'], ['/etc/passwd']])(
    'refuses %s, which leads out of the folder',
    async (file) => {
      await manifest(`file,label\nok.jpg,x\n${file},x\n`);
      await expect(readPhotos(root)).rejects.toMatchObject(refusal(/line 3: .* leads out/));
    },
  );

  it.each([
    ['an empty file', '', /no rows/],
    ['a header alone', 'file,label\n', /no rows/],
    ['no column `file`', 'name;label\na;b\n', /no column `file`.*separated by ";".*name, label/],
    ['no column of labels', 'file,kind\na,b\n', /no column `label` or `breed`/],
    ['a row without a file', 'file,label\n,b\n', /line 2 has no file/],
    ['a row that is too short', 'file,label\na.jpg,b\nc.jpg\n', /line 3/],
    ['an open quote', 'file,label\n"a.jpg,b\n', /Quote.*line 2/],
  ])('explains what is wrong with %s', async (_, text, message) => {
    await manifest(text);
    await expect(readPhotos(root)).rejects.toMatchObject(refusal(message));
  });

  it('names the splits there are', async () => {
    await manifest('file,label,split\na.jpg,x,train\nb.jpg,x,val\n');
    await expect(readPhotos(`${root}:test`)).rejects.toMatchObject(refusal(/train, val/));
  });
});
