import { copyFile, cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CAT, Sandbox } from './sandbox.js';

let sandbox: Sandbox;

/** Crops of the cat photo, and stripes: two labels that any encoder tells apart. */
async function photo(label: string, variant: number): Promise<Buffer> {
  if (label === 'cat') {
    return sharp(CAT)
      .extract({ left: 20 + 12 * variant, top: 10, width: 280, height: 270 })
      .jpeg()
      .toBuffer();
  }
  const stripe = 4 + variant;
  const pixels = Buffer.alloc(96 * 96 * 3, 0);
  for (let i = 0; i < pixels.length; i++) {
    pixels[i] = Math.floor(((i / 3) % 96) / stripe) % 2 === 0 ? 250 : 20;
  }
  return sharp(pixels, { raw: { width: 96, height: 96, channels: 3 } })
    .png()
    .toBuffer();
}

beforeAll(async () => {
  sandbox = await Sandbox.create();
  const lines = ['file,label,split'];
  for (const label of ['cat', 'stripes']) {
    for (let variant = 0; variant < 5; variant++) {
      const file = `${label}-${variant}`;
      await mkdir(path.join(sandbox.root, 'pets'), { recursive: true });
      await writeFile(path.join(sandbox.root, 'pets', file), await photo(label, variant));
      lines.push(`${file},${label},${variant < 3 ? 'train' : 'test'}`);
    }
  }
  await writeFile(path.join(sandbox.root, 'pets', 'manifest.csv'), lines.join('\n'));
});

afterAll(() => sandbox.remove());

describe('pawdex eval', () => {
  it('measures a collection with its own photos, and reports with its thumbnails', async () => {
    expect((await sandbox.run(['index', 'pets', '-c', 'pets', '--quiet'])).code).toBe(0);
    const args = [
      'eval',
      '--collection',
      'pets',
      '--report',
      'of-collection',
      '--nonpets',
      'pets:test',
      '--json',
    ];
    const { code, stdout, stderr } = await sandbox.run(args);
    expect([code, stderr]).toEqual([0, expect.stringContaining('Wrote the report to')]);
    expect(JSON.parse(stdout)).toMatchObject({
      n: 10,
      photos: 10,
      recallAt: { 1: 1 },
      mapAtR: 1,
      top1: 1,
      calibrated: false,
      index: { kind: 'exact', recallAt10: 1 },
      nonPets: { n: 4 },
      mistakes: [],
    });
    const html = await readFile(path.join(sandbox.root, 'of-collection', 'index.html'), 'utf8');
    expect(html).toContain('Collection <code>pets</code>: 10 of its 10 labelled photos');
    expect(html).toContain('<dt>recall@10 of the index</dt><dd>100.00 %');
    // Photos of other subjects need no labels, and so may lie in a folder without sub-folders.
    const flat = path.join(sandbox.root, 'flat');
    await cp(await sandbox.photos('others', 4), flat, { recursive: true });
    await rename(path.join(flat, 'even', '0000.png'), path.join(flat, 'photo.png'));
    const others = await sandbox.run(['eval', '-c', 'pets', '--nonpets', flat, '--json', '--quiet']);
    expect(JSON.parse(others.stdout)).toMatchObject({ nonPets: { n: 4 } });
    const both = await sandbox.run(['eval', '--collection', 'pets', '--queries', 'pets']);
    expect([both.code, both.stderr]).toEqual([2, expect.stringContaining('cannot be combined')]);
    const odd = await sandbox.run(['eval', '--collection', 'pets', '--no-calibration']);
    expect([odd.code, odd.stderr]).toEqual([2, expect.stringContaining('--no-calibration')]);
    const neither = await sandbox.run(['eval', '--gallery', 'pets']);
    expect([neither.code, neither.stderr]).toEqual([2, expect.stringContaining('--queries')]);
  });

  it('prints one JSON object with the numbers of the contract', async () => {
    const sets = ['--gallery', 'pets:train', '--queries', 'pets:test', '--nonpets', 'pets:test'];
    const { code, stdout, stderr } = await sandbox.run(['eval', ...sets, '--no-calibration', '--json']);
    expect(stderr).not.toContain('also in the gallery');
    // They are a picture of the gallery with other colours.
    expect(stderr).toContain('warning: 2 query photos are nearly identical to one in the gallery');
    expect(code).toBe(0);
    const found = JSON.parse(stdout);
    expect(found).toMatchObject({
      n: 4,
      recallAt: { 1: 1, 5: 1, 10: 1 },
      mapAtR: 1,
      top1: 1,
      macroTop1: 1,
      calibrated: false,
      // The same photos as queries and as something else cannot be told apart.
      nonPetAuroc: 0.5,
      perLabel: { cat: { n: 2, top1: 1 }, stripes: { n: 2, top1: 1 } },
    });
    expect(found.ece).toBeGreaterThanOrEqual(0);
    expect(found.coverageAt95).toBe(1);
  });

  it('warns when queries find themselves, and leaves them out when asked to', async () => {
    const sets = ['eval', '--gallery', 'pets', '--queries', 'pets', '--json'];
    const same = await sandbox.run(sets);
    expect(same.stderr).toContain('warning: 10 query photos are also in the gallery');
    const left = await sandbox.run([...sets, '--leave-one-out']);
    expect(left.stderr).not.toContain('warning');
    expect(JSON.parse(left.stdout)).toMatchObject({ n: 10, top1: 1 });
  });

  it('continues after unreadable photos, and names them', async () => {
    const folder = path.join(sandbox.root, 'folders');
    await mkdir(path.join(folder, 'cat'), { recursive: true });
    await copyFile(CAT, path.join(folder, 'cat', 'chelsea.png'));
    await writeFile(path.join(folder, 'cat', 'broken.jpg'), 'not a photo');
    const names = ['chelsea.png', 'broken.jpg', 'gone.jpg'];
    const rows = names.map((name) => `cat/${name},cat`);
    await writeFile(path.join(folder, 'manifest.csv'), ['file,label', ...rows].join('\n'));
    const { code, stdout, stderr } = await sandbox.run([
      'eval',
      '--gallery',
      'pets:train',
      '--queries',
      'folders',
      '--json',
    ]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/Skipped .*broken\.jpg/);
    expect(stderr).toContain('Skipped folders/cat/gone.jpg of folders: There is no such file.');
    expect(JSON.parse(stdout)).toMatchObject({ n: 1, top1: 1 });
  });

  it('uses cached embeddings, also after their file was damaged', async () => {
    const sets = ['eval', '--gallery', 'pets:train', '--queries', 'pets:test', '--json', '--cache', 'kept'];
    const first = await sandbox.run(sets);
    const again = await sandbox.run(sets);
    expect(again.stdout).toBe(first.stdout);
    const [file] = await readdir(path.join(sandbox.root, 'kept'));
    const kept = path.join(sandbox.root, 'kept', file!);
    await writeFile(kept, (await readFile(kept)).subarray(0, 1500));
    expect((await sandbox.run(sets)).stdout).toBe(first.stdout);
  });

  it('uses several views, and caches their embeddings separately', async () => {
    const sets = ['eval', '--gallery', 'pets:train', '--queries', 'pets:test', '--json', '--cache', 'views'];
    const [one, flip] = [await sandbox.run(sets), await sandbox.run([...sets, '--views', 'flip'])];
    expect(flip.stderr).toContain('pets:test, views flip');
    expect(flip.stderr).not.toContain('pets:train, views');
    expect(JSON.parse(flip.stdout)).toMatchObject({ n: 4, top1: 1 });
    expect(flip.stdout).not.toBe(one.stdout);
    const kept = await readdir(path.join(sandbox.root, 'views'));
    expect(kept.map((file) => file.replace(/^[0-9a-f]{64}/, '')).sort()).toEqual([
      '.embeddings',
      '.views-flip.embeddings',
    ]);
  });

  it('writes a report and prints a table for people', async () => {
    const sets = ['eval', '--gallery', 'pets:train', '--queries', 'pets:test', '--report', 'report'];
    const { code, stdout } = await sandbox.run(sets);
    expect(code).toBe(0);
    expect(stdout).toMatch(/recall@1\s+100\.00 %/);
    const html = await readFile(path.join(sandbox.root, 'report', 'index.html'), 'utf8');
    expect(html).toContain('stripes');
    const [figures = ''] = stdout.split('\n\n');
    for (const [, name, value] of figures.matchAll(/^(.{34})([\d.,]+( %)?)/gm)) {
      expect(html).toContain(`<dt>${name!.trim().replaceAll("'", '&#39;')}</dt><dd>${value}`);
    }
    const unwritable = await sandbox.run([...sets.slice(0, -1), 'pets/manifest.csv', '--quiet']);
    expect(unwritable).toMatchObject({ code: 4, stdout: '' });
    expect(unwritable.stderr).toContain('The output cannot be written');
  });

  it('refuses missing sets and an invalid calibration', async () => {
    const missing = await sandbox.run(['eval', '--gallery', 'nowhere', '--queries', 'pets:test']);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain('[set_invalid]');
    const sets = ['eval', '--gallery', 'pets:train', '--queries', 'pets:test', '--calibration'];
    const broken = await sandbox.run([...sets, 'pets/manifest.csv']);
    expect(broken.stderr).toContain('[calibration_invalid]');
    expect(broken.code).not.toBe(0);
    const absent = await sandbox.run([...sets, 'absent.json']);
    expect(absent.stderr).toContain('Check the path of --calibration.');
    expect(absent.stderr).not.toContain('Embedding');
  });
});

describe('pawdex clean-labels', () => {
  it('writes a manifest of the photos to keep, the others with the reason, and a page that shows them', async () => {
    const { code, stdout } = await sandbox.run(['clean-labels', 'pets', '--out', 'cleaned', '--json']);
    expect(code).toBe(0);
    const { photos, dropped, perLabel } = JSON.parse(stdout);
    expect(photos).toBe(10);
    expect(perLabel.cat.kept + perLabel.cat.dropped).toBe(5);
    const read = (name: string) => readFile(path.join(sandbox.root, 'cleaned', name), 'utf8');
    const kept = (await read('kept.csv')).trim().split('\n');
    expect(kept[0]).toBe('file,label,split');
    expect(kept).toContain('cat-0,cat,train');
    expect(kept.length - 1).toBe(photos - dropped);
    const left = (await read('dropped.csv')).trim().split('\n');
    expect(left[0]).toBe('file,label,by,classifier_says,neighbours_say,classifier_rank,neighbours_rank');
    expect(left.length - 1).toBe(dropped);
    expect(await read('dropped.html')).toContain(`${dropped} dropped photos`);
    const indexed = await sandbox.run(['index', 'pets', '-c', 'kept', '--manifest', 'cleaned/kept.csv']);
    expect(indexed.code).toBe(0);
  });

  it('refuses to keep a label that no photo has', async () => {
    const { code, stderr } = await sandbox.run(['clean-labels', 'pets', '--out', 'no', '--keep', 'unicorn']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('unicorn')]);
  });
});

describe('pawdex eval --by', () => {
  it('splits all figures by a column of the manifest, and names the columns there are', async () => {
    const sets = ['eval', '--gallery', 'pets:train', '--queries', 'pets:test'];
    const { code, stdout } = await sandbox.run([...sets, '--by', 'split', '--json']);
    expect(code).toBe(0);
    const { by, n, top1 } = JSON.parse(stdout);
    expect(by.column).toBe('split');
    expect(by.values.test).toMatchObject({ n, top1 });
    const table = await sandbox.run([...sets, '--by', 'label']);
    expect(table.stdout).toMatch(/by label\n.* cat\n.* stripes\n/);
    const odd = await sandbox.run([...sets, '--by', 'colour']);
    expect([odd.code, odd.stderr]).toEqual([2, expect.stringContaining('"colour"')]);
    const collection = await sandbox.run(['eval', '-c', 'breeds', '--by', 'split']);
    expect([collection.code, collection.stderr]).toEqual([2, expect.stringContaining('--by')]);
  });
});

describe('pawdex check-labels', () => {
  it('finds a photo under the wrong label', async () => {
    const mixed = path.join(sandbox.root, 'mixed');
    await mkdir(path.join(mixed, 'cat'), { recursive: true });
    await mkdir(path.join(mixed, 'stripes'), { recursive: true });
    for (let v = 0; v < 4; v++) {
      await writeFile(path.join(mixed, 'cat', `${v}.jpg`), await photo('cat', v));
    }
    for (let v = 0; v < 4; v++) {
      await writeFile(path.join(mixed, 'stripes', `${v}.png`), await photo('stripes', v));
    }
    await writeFile(path.join(mixed, 'stripes', 'wrong.jpg'), await photo('cat', 7));
    const { code, stdout } = await sandbox.run(['check-labels', 'mixed', '--json']);
    expect(code).toBe(0);
    const [first] = JSON.parse(stdout).suspects;
    expect(first).toMatchObject({ label: 'stripes', suggested: 'cat' });
    expect(first.id).toContain('wrong.jpg');
  });

  it('requires a set or a collection', async () => {
    expect((await sandbox.run(['check-labels'])).code).toBe(2);
    expect((await sandbox.run(['check-labels', 'pets', '--collection', 'breeds'])).code).toBe(2);
  });
});

describe('pawdex calibrate', () => {
  it('says that a collection is too small', async () => {
    await sandbox.run(['index', 'pets', '--collection', 'pets']);
    const { code, stderr, stdout } = await sandbox.run(['calibrate', '--collection', 'pets', '--json']);
    expect(code).toBe(1);
    expect(stderr).toContain('Too few photos to calibrate: 10 photos');
    expect(JSON.parse(stdout)).toEqual({ calibration: null, worth: null, queries: 10, needed: 100 });
  });

  it('says that nothing can be measured if each label has one photo', async () => {
    await sandbox.run(['index', 'pets', '--include', '*-0', '--collection', 'pair']);
    const { code, stderr } = await sandbox.run(['eval', '--collection', 'pair', '--json']);
    expect([code, stderr]).toEqual([0, expect.stringContaining('no two photos')]);
  });

  it('fails with the right code for a missing collection', async () => {
    expect((await sandbox.run(['calibrate', '--collection', 'nowhere'])).code).toBe(3);
  });
});
