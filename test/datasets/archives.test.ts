import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';
import * as tar from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scanLabelledSet } from '../../src/datasets/labelled-set.js';
import { readFileFacts, readWholeFile } from '../../src/files/open-file.js';
import { makeZip } from '../helpers/make-zip.js';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'pawdex-archive-'));
});
afterEach(() => rm(root, { recursive: true }));

const content = (name: string) =>
  Buffer.concat([Buffer.from('ffd8ffe0', 'hex'), Buffer.from(name.repeat(50))]);

async function writeArchive(name: string, names: readonly string[]): Promise<string> {
  const file = path.join(root, name);
  if (name.endsWith('.zip')) {
    await writeFile(file, makeZip(names.map((each) => ({ name: each, content: content(each) }))));
    return file;
  }
  const pack = tar.pack();
  for (const each of names) {
    pack.entry({ name: each, mtime: new Date(1e12) }, content(each));
  }
  pack.finalize();
  const gzip = name.endsWith('.tar') ? [] : [createGzip()];
  await pipeline([Readable.from(pack as AsyncIterable<Uint8Array>), ...gzip, createWriteStream(file)]);
  return file;
}

describe.each(['photos.zip', 'photos.tar', 'photos.tar.gz', 'photos.tgz'])('%s', (archive) => {
  it('reads the same set as from the folder', async () => {
    const file = await writeArchive(archive, [
      'photos/pug/2.jpg',
      'photos/beagle/1.jpg',
      'photos/beagle/noext',
      'photos/readme.txt',
      '__MACOSX/photos/._x.jpg',
    ]);
    const { photos, skipped } = await scanLabelledSet(file);
    expect(photos.map(({ name, label }) => `${name}=${label}`).sort()).toEqual([
      'beagle/1.jpg=beagle',
      'beagle/noext=beagle',
      'pug/2.jpg=pug',
    ]);
    expect(skipped.map(({ reason }) => reason).sort()).toEqual(['litter', 'not_a_photo']);
    for (const { file: inside, name } of [...photos, ...photos.reverse()]) {
      expect((await readWholeFile(inside)).equals(content(`photos/${name}`))).toBe(true);
      expect((await readFileFacts(inside)).size).toBe(content(`photos/${name}`).length);
    }
  });

  it('reads many entries concurrently', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `pug/${i}.jpg`);
    const file = await writeArchive(archive, names);
    const { photos } = await scanLabelledSet(file);
    const read = await Promise.all(photos.map((photo) => readWholeFile(photo.file)));
    expect(read.every((bytes, i) => bytes.equals(content(photos[i]!.name)))).toBe(true);
  });

  it('has a manifest and splits', async () => {
    const file = await writeArchive(archive, ['train/pug/1.jpg', 'test/pug/2.jpg']);
    expect((await scanLabelledSet(`${file}:test`)).photos).toMatchObject([
      { name: 'test/pug/2.jpg', label: 'pug' },
    ]);
  });

  it('lists entries that lead outside, and takes the rest', async () => {
    const file = await writeArchive(archive, ['../../etc/1.jpg', '/etc/2.jpg', 'pug/3.jpg']);
    const { photos, problems } = await scanLabelledSet(file);
    expect(photos.map(({ name }) => name)).toEqual(['pug/3.jpg']);
    expect(problems.map(({ reason }) => reason)).toEqual(['entry_refused', 'entry_refused']);
  });

  it('is refused if its content does not match its name', async () => {
    await writeFile(path.join(root, archive), 'no archive at all '.repeat(100));
    await expect(scanLabelledSet(path.join(root, archive))).rejects.toMatchObject({ code: 'set_invalid' });
  });
});

it.each(['gnu', 'pax', 'ustar', 'v7'])(
  'reads photos of a tar archive of the form %s in any order',
  async (form) => {
    const folder = path.join(root, 'photos');
    // The first name needs a header of its own in the forms that have one.
    const long = form === 'gnu' || form === 'pax' ? `${'long'.repeat(40)}.jpg` : 'short.jpg';
    const names = [`pug/${long}`, 'pug/ä.jpg', 'beagle/1.jpg', 'beagle/empty.jpg', 'beagle/2.jpg'];
    for (const name of names) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), name.includes('empty') ? '' : content(name));
    }
    const file = path.join(root, 'photos.tar');
    execFileSync('tar', [`--format=${form}`, '-cf', file, '-C', folder, '.']);
    // Archives may follow each other, with blocks of zeros between them.
    execFileSync('tar', [
      `--format=${form}`,
      '-rf',
      file,
      '-C',
      folder,
      '--transform=s/1/3/',
      'beagle/1.jpg',
    ]);
    const { photos, problems } = await scanLabelledSet(file);
    expect([photos.length, problems]).toEqual([6, []]);
    for (const { file: inside, name } of photos.toReversed()) {
      const expected = name.includes('empty') ? Buffer.alloc(0) : content(name.replace('3', '1'));
      expect((await readWholeFile(inside)).equals(expected)).toBe(true);
    }
  },
);

it('takes the entries before the damage in a truncated tar archive', async () => {
  const file = await writeArchive('cut.tar', ['pug/1.jpg', 'pug/2.jpg', 'pug/3.jpg']);
  await truncate(file, 2048 + 700);
  const { photos, problems } = await scanLabelledSet(file);
  expect(photos.map(({ name }) => name)).toContain('pug/1.jpg');
  expect(problems).toMatchObject([{ reason: 'entry_refused', detail: expect.stringContaining('damaged') }]);
});

it.each([52, 512, 1024 + 52, 1024 + 512 + 52])(
  'ends with a tar archive cut after %d bytes',
  async (bytes) => {
    // The first bytes of a file without an extension are read while the archive is listed.
    const file = await writeArchive('beginning.tar', ['pug/1.jpg', 'pug/noext']);
    await truncate(file, bytes);
    const photos = await scanLabelledSet(file).then(
      (set) => set.photos.map(({ name }) => name),
      (error) => error.code,
    );
    expect(photos).toEqual(bytes > 1024 ? ['pug/1.jpg'] : 'set_invalid');
  },
);

it('fails an entry that has more bytes than it declares', async () => {
  const file = path.join(root, 'bomb.zip');
  await writeFile(file, makeZip([{ name: 'pug/1.jpg', content: Buffer.alloc(10_000_000), claims: 100 }]));
  const { photos } = await scanLabelledSet(file);
  await expect(readWholeFile(photos[0]!.file)).rejects.toThrow();
});

it('refuses a manifest with an implausible compression ratio', async () => {
  const photo = { name: 'pug/1.jpg', content: Buffer.from('x') };
  const manifest = (content: Buffer) => ({ name: 'manifest.csv', content });
  const rows = Buffer.from(`file,label\n${'pug/1.jpg,pug\n'.repeat(250_001)}`);
  const file = path.join(root, 'manifest.zip');
  await writeFile(file, makeZip([photo, manifest(Buffer.concat([rows, rows.subarray(11, 39)]))]));
  await expect(scanLabelledSet(file)).rejects.toMatchObject({
    code: 'set_invalid',
    message: expect.stringContaining('more than 250002 rows'),
  });
  const large = path.join(root, 'large.zip');
  await writeFile(large, makeZip([photo, manifest(Buffer.alloc(64 * 1024 ** 2 + 1, ' '))]));
  await expect(scanLabelledSet(large)).rejects.toMatchObject({
    code: 'set_invalid',
    message: expect.stringContaining('at most 67108864 bytes'),
  });
});

it('stops reading a decompression bomb', async () => {
  const file = path.join(root, 'bomb.tar.gz');
  const pack = tar.pack();
  pack.entry({ name: 'pug/1.jpg', size: 2 * 1024 ** 3 });
  const [first] = (await once(pack, 'data')) as [Buffer];
  const zeros = gzipSync(Buffer.alloc(64 * 1024 ** 2));
  await writeFile(file, Buffer.concat([gzipSync(first), ...Array.from({ length: 20 }, () => zeros)]));
  await expect(scanLabelledSet(file)).rejects.toThrow('100 times');
});

it('refuses names of any depth at once, and names that no file system has', async () => {
  // Judging a folder of each depth used to take the square of the depth: minutes for a handful of entries.
  const deep = Array.from({ length: 20 }, (_, i) => `${'a/'.repeat(32_000)}${i}.jpg`);
  const file = await writeArchive('deep.zip', ['pug/1.jpg', ...deep]);
  const { photos, problems } = await scanLabelledSet(file);
  expect(photos.map(({ name }) => name)).toEqual(['pug/1.jpg']);
  expect(problems).toHaveLength(20);
  expect(problems[0]!.detail).toBe('Its name has more than 1024 characters.');
  expect(problems[0]!.file.length).toBeLessThan(200);
});

it('reports encrypted entries and takes the rest', async () => {
  const file = path.join(root, 'locked.zip');
  const locked = { name: 'pug/2.jpg', content: content('pug/2.jpg'), isEncrypted: true };
  await writeFile(file, makeZip([{ name: 'pug/1.jpg', content: content('pug/1.jpg') }, locked]));
  const { photos, problems } = await scanLabelledSet(file);
  expect(photos.map(({ name }) => name)).toEqual(['pug/1.jpg']);
  expect(problems).toMatchObject([{ file: 'pug/2.jpg', detail: 'It is encrypted.' }]);
});

it('names links and entries with the name of another', async () => {
  const file = path.join(root, 'links.tar');
  const pack = tar.pack();
  pack.entry({ name: 'pug/1.jpg' }, content('1'));
  pack.entry({ name: 'pug/1.jpg' }, content('2'));
  pack.entry({ name: 'pug/soft.jpg', type: 'symlink', linkname: '/etc/passwd' });
  pack.entry({ name: 'pug/hard.jpg', type: 'link', linkname: 'pug/1.jpg' });
  pack.finalize();
  await pipeline([Readable.from(pack as AsyncIterable<Uint8Array>), createWriteStream(file)]);
  const { photos, problems } = await scanLabelledSet(file);
  expect(await readWholeFile(photos[0]!.file)).toEqual(content('1'));
  expect(problems.map(({ file: name, detail }) => [name, detail])).toEqual([
    ['pug/1.jpg', 'Another entry has the same name.'],
    ['pug/soft.jpg', expect.stringContaining('link')],
    ['pug/hard.jpg', expect.stringContaining('link')],
  ]);
});

it.each(['x', 'g', 'L', 'K'])(
  'refuses an archive whose header of type %s takes hundreds of megabytes',
  async (type) => {
    const file = path.join(root, 'headers.tar.gz');
    const block = Buffer.alloc(512);
    const bytes = 540 * 1024 ** 2;
    block.write('x');
    block.write(`${bytes.toString(8).padStart(11, '0')} `, 124);
    block.write(`        ${type}\0ustar\x0000`, 148, 'latin1');
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const filler = Buffer.alloc(1024 ** 2, '5');
    await pipeline(
      function* () {
        yield block;
        for (let written = 0; written < 3; written++) {
          yield filler;
        }
      },
      createGzip({ level: 1 }),
      createWriteStream(file),
    );
    await expect(scanLabelledSet(file)).rejects.toMatchObject({
      code: 'set_invalid',
      message: expect.stringContaining('Header exceeds max size'),
    });
  },
);
