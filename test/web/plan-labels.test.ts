import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { scanLabelledSet } from '../../src/datasets/labelled-set.js';
import { type Listing, listEntries, listFiles, listZip } from '../../src/web/manage/photo-entries.js';
import { planLabels, type Rule } from '../../src/web/manage/plan-labels.js';
import { makeZip } from '../helpers/make-zip.js';

/** A file as a folder field gives it. */
function inFolder(path: string, bytes = 'x'): File {
  const file = new File([bytes], path.split('/').at(-1)!);
  Object.defineProperty(file, 'webkitRelativePath', { value: path });
  return file;
}

/** A file that was chosen by itself. */
function loose(name: string): File {
  return Object.defineProperty(new File(['x'], name), 'webkitRelativePath', { value: '' });
}

function planOf(paths: string[], rule: Rule = 'first', known: string[] = []) {
  const { photos } = listFiles(paths.map((path) => inFolder(path)));
  return planLabels(photos, { rule, known, limit: 100 });
}
const labelsOf = (paths: string[], rule?: Rule) =>
  planOf(paths, rule).photos.map(({ path, label }) => [path, label]);

/** A dropped folder as the browser gives it; one without content cannot be read. */
function droppedFolder(name: string, content: FileSystemEntry[] | null): FileSystemEntry {
  const waiting = [content ?? [], []];
  const readEntries = (done: (entries: FileSystemEntry[]) => void, fail: (error: DOMException) => void) =>
    content === null ? fail(new DOMException('', 'NotReadableError')) : done(waiting.shift()!);
  return { name, isFile: false, createReader: () => ({ readEntries }) } as unknown as FileSystemEntry;
}
const droppedFile = (name: string) => ({ name, isFile: true }) as FileSystemEntry;

describe('listFiles', () => {
  it('lists the files of a folder by name, without sub-folders that cannot be read', async () => {
    const pug = droppedFolder('pug', ['10.jpg', '9.jpg', '1.txt'].map(droppedFile));
    const listing = await listEntries([
      droppedFolder('pets', [pug, droppedFolder('locked', null), droppedFolder('.git', null)]),
    ]);
    expect(listing.photos.map(({ path }) => path)).toEqual(['pug/9.jpg', 'pug/10.jpg']);
    expect(listing).toMatchObject({ name: 'pets', others: 1, hidden: 1, unreadable: 1 });
    await expect(listEntries([droppedFolder('pets', null)])).rejects.toThrow('These files cannot be read.');
  });

  it('takes photos, and leaves out hidden and other files', () => {
    const listing = listFiles(
      [
        'pets/pug/1.jpg',
        'pets/pug/2.HEIC',
        'pets/pug/notes.txt',
        'pets/manifest.csv',
        'pets/pug/.hidden.jpg',
        'pets/@eaDir/thumb.jpg',
        'pets/__MACOSX/1.jpg',
      ].map((path) => inFolder(path)),
    );
    expect(listing.name).toBe('pets');
    expect(listing.photos.map(({ path }) => path)).toEqual(['pug/1.jpg', 'pug/2.HEIC']);
    expect([listing.others, listing.hidden]).toEqual([2, 3]);
    expect(listing.manifests).toEqual(['manifest.csv']);
  });

  it('takes loose photos', () => {
    const { photos, name } = listFiles([loose('milo.jpg')]);
    expect([name, photos[0]!.path]).toEqual(['milo.jpg', 'milo.jpg']);
  });
});

describe('planLabels', () => {
  it('takes the names of the first or last sub-folders, or none', () => {
    const paths = ['pets/dogs/pug/1.jpg', 'pets/cats/2.jpg', 'pets/loose.jpg'];
    expect(labelsOf(paths)).toEqual([
      ['dogs/pug/1.jpg', 'dogs'],
      ['cats/2.jpg', 'cats'],
      ['loose.jpg', null],
    ]);
    expect(labelsOf(paths, 'last').map(([, label]) => label)).toEqual(['pug', 'cats', null]);
    expect(labelsOf(paths, 'none').map(([, label]) => label)).toEqual([null, null, null]);
  });

  it('takes no parts of a set for labels', () => {
    const { photos, splits } = planOf(['set/train/pug/1.jpg', 'set/Test/pug/2.jpg']);
    expect(photos.map(({ label }) => label)).toEqual(['pug', 'pug']);
    expect(splits).toEqual(['train', 'Test']);
    expect(planOf(['set/train/1.jpg', 'set/pug/2.jpg']).splits).toEqual([]);
    expect(labelsOf(['set/test/1.jpg'])).toEqual([['test/1.jpg', 'test']]);
  });

  it('merges labels that differ only in encoding', () => {
    const { labels } = planOf(['p/caf\u00e9/1.jpg', 'p/cafe\u0301/2.jpg', 'p/pug/3.jpg']);
    expect(labels).toEqual([
      { label: 'caf\u00e9', count: 2 },
      { label: 'pug', count: 1 },
    ]);
  });

  it('names labels that differ only in spelling', () => {
    const { similar } = planOf(['p/Golden Retriever/1.jpg', 'p/pug/1.jpg', 'p/PUG/2.jpg'], 'first', [
      'golden_retriever',
    ]);
    expect(similar).toEqual([
      ['Golden Retriever', 'golden_retriever'],
      ['PUG', 'pug'],
    ]);
  });

  it('labels loose photos by the field beside the button', () => {
    const { photos } = listFiles([loose('milo.jpg')]);
    expect(planLabels(photos, { rule: 'first', single: 'beagle', known: [], limit: 100 }).labels).toEqual([
      { label: 'beagle', count: 1 },
    ]);
  });
});

describe('an upload', () => {
  const JPEG = Buffer.from('ffd8ffe000104a46494600010100000100010000', 'hex');
  const SETS: [string, string[]][] = [
    ['with splits', ['train/pug/1.jpg', 'dev/beagle/2.jpg', 'Validation/pug/3.jpg', 'loose.jpg']],
    ['with split names among labels', ['train/1.jpg', 'pug/puppies/2.jpg']],
    ['with rare extensions', ['pug/1.jpe', 'pug/2.pjpeg', 'pug/3.pjp', 'pug/4.JFIF', 'pug/5.hif']],
    ['with names of cameras', ['pug/_MG_0001.jpg', 'pug/_DSC0002.jpg', '_new/$1.jpg', '#best/1.jpg']],
    ['with untidy names', ['pu\u0007g/1.jpg', ' pug\t/2.jpg', 'cafe\u0301/1.jpg', 'caf\u00e9/2.jpg']],
    ['with litter', ['pug/1.jpg', '@eaDir/pug/2.jpg', 'pug/._1.jpg', '__MACOSX/pug/3.jpg', '.git/4.jpg']],
  ];
  const listUpload = ({ photos }: Listing, rule: Rule) =>
    planLabels(photos, { rule, known: [], limit: 100 }).photos.map(({ path, label }) => `${path}=${label}`);
  const listIndexed = async (set: string, label: string) =>
    (await scanLabelledSet(set, { label })).photos.map((photo) => `${photo.name}=${photo.label}`);

  async function createFolder(): Promise<string> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'pawdex-labels-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    return folder;
  }

  it.each(SETS)('gets the labels that `pawdex index` gives: %s', async (_name, paths) => {
    const folder = await createFolder();
    for (const name of paths) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), JPEG);
    }
    const listing = listFiles(paths.map((name) => inFolder(`set/${name}`)));
    expect(listUpload(listing, 'first').sort()).toEqual(await listIndexed(folder, 'folder'));
    expect(listUpload(listing, 'last').sort()).toEqual(await listIndexed(folder, 'parent'));
  });

  it.each(SETS)('of a zip with a folder around everything gets the same labels: %s', async (_name, paths) => {
    const zip = makeZip(paths.map((name) => ({ name: `set/${name}`, content: JPEG })));
    const file = path.join(await createFolder(), 'set.zip');
    await writeFile(file, zip);
    const listing = await listZip(new File([new Uint8Array(zip)], 'set.zip'), 100);
    expect(listUpload(listing, 'first').sort()).toEqual(await listIndexed(file, 'folder'));
  });
});

it('leaves out photos that are too large for the server', () => {
  const { photos } = listFiles([inFolder('p/pug/1.jpg', 'x'.repeat(101)), inFolder('p/pug/2.jpg')]);
  const plan = planLabels(photos, { rule: 'first', known: [], limit: 100 });
  expect(plan.photos.map(({ path }) => path)).toEqual(['pug/2.jpg']);
  expect(plan.tooLarge.map(({ path }) => path)).toEqual(['pug/1.jpg']);
});
