import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LabelledSetOptions, scanLabelledSet } from '../../src/datasets/labelled-set.js';
import { readHead, readWholeFile } from '../../src/files/open-file.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'pawdex-messy-'));
});
afterEach(() => rm(root, { recursive: true }));

/** A program of every Unix. */
const MKFIFO = 'mkfifo';

const JPEG = Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex');
const TIFF = Buffer.concat([Buffer.from('II*\0'), Buffer.alloc(16)]);

async function files(contents: Record<string, Uint8Array | string>): Promise<void> {
  for (const [name, content] of Object.entries(contents)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), content);
  }
}
const photos = (...names: string[]) => files(Object.fromEntries(names.map((name) => [name, JPEG])));
const scan = async (options: LabelledSetOptions = {}, spec = root) => {
  const { photos: found, ...report } = await scanLabelledSet(spec, options);
  return { ...report, found: found.map(({ name, label }) => `${name}=${label}`) };
};
const labelsOf = async (options: LabelledSetOptions, spec = root) => (await scan(options, spec)).found;

describe('unreadable files', () => {
  it.skipIf(process.getuid?.() === 0)('lists a folder without permission and takes the rest', async () => {
    await photos('a/1.jpg', 'b/2.jpg');
    await chmod(path.join(root, 'b'), 0);
    const { found, problems } = await scan();
    await chmod(path.join(root, 'b'), 0o700);
    expect(found).toEqual(['a/1.jpg=a']);
    expect(problems).toEqual([{ file: 'b', reason: 'folder_unreadable', detail: 'Permission denied.' }]);
  });

  it.skipIf(process.platform !== 'linux')('lists names that are not UTF-8 and takes the rest', async () => {
    await photos('a/1.jpg');
    await mkdir(Buffer.concat([Buffer.from(`${root}/latin1_`), Buffer.from([0xe9])]));
    await writeFile(
      Buffer.concat([Buffer.from(`${root}/a/bad_`), Buffer.from([0xff]), Buffer.from('.jpg')]),
      JPEG,
    );
    const { found, problems } = await scan();
    expect(found).toEqual(['a/1.jpg=a']);
    expect(problems.map(({ reason }) => reason)).toEqual(['name_not_utf8', 'name_not_utf8']);
  });

  it.skipIf(process.platform === 'win32')('does not open pipes and sockets', async () => {
    await photos('a/1.jpg');
    const server = createServer().listen(path.join(root, 'a', 'sock.jpg'));
    await once(server, 'listening');
    await once(spawn(MKFIFO, [path.join(root, 'a', 'fifo.jpg')]), 'close');
    const { found, skipped, problems } = await scan();
    server.close();
    expect({ found, problems }).toEqual({ found: ['a/1.jpg=a'], problems: [] });
    expect(skipped).toEqual([{ reason: 'special_file', extension: 'jpg', count: 2, example: 'a/fifo.jpg' }]);
  });
});

it('does not use a pattern that would take minutes to match', async () => {
  const slow = '**/a/'.repeat(12);
  await photos(`${'a/'.repeat(60)}1.jpg`, 'b/2.jpg');
  await files({ '.pawdexignore': `${slow}**/c\n**/b/**\n` });
  const { found, problems } = await scan();
  expect(found).toEqual([`${'a/'.repeat(60)}1.jpg=a`]);
  expect(problems).toMatchObject([{ file: '.pawdexignore', detail: expect.stringContaining('is not used') }]);
});

describe.skipIf(process.platform === 'win32')('a pipe nobody writes to', () => {
  const pipe = async (name: string) => once(spawn(MKFIFO, [path.join(root, name)]), 'close');

  it('is reported instead of patterns', async () => {
    await photos('a/1.jpg');
    await pipe('.pawdexignore');
    const { found, problems } = await scan();
    expect(found).toEqual(['a/1.jpg=a']);
    expect(problems).toMatchObject([{ file: '.pawdexignore', detail: 'it is not a file.' }]);
  });

  it('is refused as a manifest and as an archive', async () => {
    await photos('a/1.jpg');
    await pipe('manifest.csv');
    await pipe('photos.zip');
    await expect(scan()).rejects.toMatchObject({ code: 'set_invalid' });
    await expect(scan({}, path.join(root, 'photos.zip'))).rejects.toMatchObject({ code: 'set_invalid' });
  });

  it('is refused where a photo was found before', async () => {
    await pipe('1.jpg');
    await expect(readWholeFile(path.join(root, '1.jpg'))).rejects.toThrow('it is not a file');
    await expect(readHead(path.join(root, '1.jpg'), 16)).rejects.toThrow('it is not a file');
  });
});

it.skipIf(process.platform !== 'linux')(
  'reads no more of a file than it had when it was opened',
  async () => {
    // Has no size, and hundreds of gigabytes.
    expect(await readWholeFile('/proc/self/pagemap')).toHaveLength(0);
  },
);

describe('files left out', () => {
  it('leaves out the system files of NAS devices, macOS and Windows', async () => {
    await photos(
      'a/1.jpg',
      'a/@eaDir/1.jpg/THUMB.jpg',
      '@eaDir/1.jpg',
      'a/._1.jpg',
      '__MACOSX/a/1.jpg',
      'a/.thumbnails/1.jpg',
      '$RECYCLE.BIN/S-1/1.jpg',
      '#recycle/1.jpg',
      'lost+found/1.jpg',
      'a/Thumbs.db',
      'a/desktop.ini',
    );
    const { found, skipped } = await scan();
    expect(found).toEqual(['a/1.jpg=a']);
    expect(skipped.map(({ reason }) => reason)).toEqual(skipped.map(() => 'litter'));
    expect(skipped.reduce((sum, { count }) => sum + count, 0)).toBe(10);
  });

  it('recognises files without a known extension by their content, and counts the rest', async () => {
    await photos(
      'a/noext',
      'a/tw.jpg:large',
      'a/old.jpe',
      'a/x.jfif',
      'a/CAM.JPG',
      'a/photo.jpg.1',
      'a/z.txt',
    );
    await files({
      'a/win.bmp': `BM${'x'.repeat(30)}`,
      'a/README': 'words '.repeat(10),
      'a/raw.CR2': TIFF,
      'a/scan': TIFF,
    });
    const { found, skipped } = await scan();
    expect(found.map((each) => each.slice(2, -2))).toEqual([
      'CAM.JPG',
      'noext',
      'old.jpe',
      'photo.jpg.1',
      'scan',
      'tw.jpg:large',
      'win.bmp',
      'x.jfif',
    ]);
    expect(skipped).toEqual([
      { reason: 'not_a_photo', extension: '', count: 1, example: 'a/README' },
      { reason: 'unsupported_format', extension: 'cr2', count: 1, example: 'a/raw.CR2' },
      { reason: 'not_a_photo', extension: 'txt', count: 1, example: 'a/z.txt' },
    ]);
  });

  it('follows --include, --exclude and .pawdexignore', async () => {
    await photos('a/1.jpg', 'a/2.png', 'a/raw/3.jpg', 'b/4.jpg', 'b/old/5.jpg', 'c/6.jpg');
    expect(await labelsOf({ include: ['*.jpg'], exclude: ['raw', 'c/**'] })).toEqual([
      'a/1.jpg=a',
      'b/4.jpg=b',
      'b/old/5.jpg=b',
    ]);
    await files({ '.pawdexignore': 'c/\n', 'b/.pawdexignore': '*\n!4.jpg\n' });
    expect(await labelsOf({})).toEqual(['a/1.jpg=a', 'a/2.png=a', 'a/raw/3.jpg=a', 'b/4.jpg=b']);
  });
});

describe('labels', () => {
  it('takes the label from the topmost folder by default', async () => {
    await photos('2023/dogs/beagle/Maine_Coon_12.jpg');
    expect(await labelsOf({})).toEqual(['2023/dogs/beagle/Maine_Coon_12.jpg=2023']);
  });

  it.each([
    ['parent', 'beagle'],
    ['filename', 'Maine_Coon'],
    ['none', null],
    ['regex:/(?<year>\\d+)/(?<label>\\w+)/', null],
    ['regex:^(\\d+)/(?<label>\\w+)/', 'dogs'],
    ['regex:([A-Z]\\w+?)_\\d', 'Maine_Coon'],
  ])('takes the label from the rule %s', async (label, expected) => {
    await photos('2023/dogs/beagle/Maine_Coon_12.jpg');
    expect(await labelsOf({ label })).toEqual([`2023/dogs/beagle/Maine_Coon_12.jpg=${expected}`]);
  });

  it.each([
    ['IMG_0001 (2).jpg', 'IMG'],
    ['12.jpg', null],
    // As social networks name them: no number at the end, and many ways to divide what comes before.
    [`1234567_${'1'.repeat(60)}_1234567890_n.jpg`, `1234567_${'1'.repeat(60)}_1234567890_n`],
  ])('takes the name %s without the number at its end', async (name, expected) => {
    await photos(name);
    expect(await labelsOf({ label: 'filename' })).toEqual([`${name}=${expected}`]);
  });

  it('refuses a pattern that would run forever', async () => {
    await photos(`${'a'.repeat(60)}!.jpg`);
    await expect(scanLabelledSet(root, { label: 'regex:^(a+)+$' })).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringContaining('takes too long'),
    });
  });

  it.each(['folders', 'regex:(', 'regex:abc'])('refuses the rule %s', async (label) => {
    await photos('a/1.jpg');
    await expect(scanLabelledSet(root, { label })).rejects.toMatchObject({ code: 'usage' });
  });

  it('treats train, valid and test as splits', async () => {
    await photos('train/beagle/1.jpg', 'valid/beagle/2.jpg', 'test/pug/3.jpg');
    const { found, warnings } = await scan();
    expect(found).toEqual(['test/pug/3.jpg=pug', 'train/beagle/1.jpg=beagle', 'valid/beagle/2.jpg=beagle']);
    expect(warnings.join()).toContain('splits');
    const { photos: val } = await scanLabelledSet(`${root}:val`);
    expect(val).toMatchObject([{ name: 'valid/beagle/2.jpg', label: 'beagle', metadata: { split: 'val' } }]);
  });

  it('keeps a label named test beside others', async () => {
    await photos('test/1.jpg', 'beagle/2.jpg');
    expect(await labelsOf({})).toEqual(['beagle/2.jpg=beagle', 'test/1.jpg=test']);
  });

  it('merges labels that differ in Unicode form or spaces, and names those that differ in case', async () => {
    const name = 'Épagneul';
    await photos(
      `${name.normalize('NFC')}/1.jpg`,
      `${name.normalize('NFD')}/1.jpg`,
      'pug /2.jpg',
      'pug/3.jpg',
      'Pug/4.jpg',
    );
    const { photos: found, warnings } = await scanLabelledSet(root);
    expect(new Set(found.map(({ label }) => label))).toEqual(new Set([name.normalize('NFC'), 'pug', 'Pug']));
    expect(new Set(found.map((photo) => photo.name)).size).toBe(5);
    expect(warnings).toEqual([
      expect.stringMatching(/2 labels differ only in spaces or Unicode forms/),
      expect.stringMatching(/merged: "pug", "pug "/),
      expect.stringMatching(/case stay separate: "Pug", "pug"/),
    ]);
  });

  it('takes labels such as "constructor"', async () => {
    await photos('__proto__/1.jpg', 'constructor/2.jpg', 'null/3.jpg');
    expect(await labelsOf({})).toEqual([
      '__proto__/1.jpg=__proto__',
      'constructor/2.jpg=constructor',
      'null/3.jpg=null',
    ]);
  });
});
