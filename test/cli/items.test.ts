import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/config.js';
import { CAT, Sandbox } from './sandbox.js';

let sandbox: Sandbox;
let url: string;
let photos: string;
beforeAll(async () => {
  sandbox = await Sandbox.create();
  ({ url } = await sandbox.serve());
  photos = await sandbox.photos('photos', 6);
  await sandbox.run(['index', photos, '-c', 'mine', '--quiet']);
});
afterAll(() => sandbox.remove());

/** Runs a command and gives what it printed, each line as JSON. */
async function json(...args: string[]) {
  const { code, stdout, stderr } = await sandbox.run([...args, '--json', '--quiet']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('pawdex attach-thumbnails', () => {
  it('reports what it found, and changes no item that has a picture', async () => {
    const { total, attached, kept, unknown } = (await json('attach-thumbnails', photos, '-c', 'mine'))[0];
    expect({ total, attached, kept, unknown }).toEqual({ total: 6, attached: 0, kept: 6, unknown: 0 });
    const gone = await sandbox.run(['attach-thumbnails', photos, '-c', 'nope']);
    expect(gone.stderr).toContain('collection_not_found');
  });
});

describe('pawdex collections, items and labels', () => {
  it('list, change and delete items by a filter', async () => {
    expect(await json('collections')).toMatchObject([{ collections: [{ name: 'mine', count: 6 }] }]);
    expect(await json('labels', '-c', 'mine')).toEqual([
      {
        labels: [
          { label: 'even', count: 3 },
          { label: 'odd', count: 3 },
        ],
      },
    ]);
    const update = ['items', 'update', '-c', 'mine', '--label', 'odd'];
    expect(await json(...update, '--set', 'tags=["a","b"]', '--set', 'age=3')).toEqual([{ updated: 3 }]);
    expect(await json('labels', '-c', 'mine', '--field', 'tags')).toEqual([
      {
        field: 'tags',
        values: [
          { value: 'a', count: 3 },
          { value: 'b', count: 3 },
        ],
      },
    ]);
    const found = await json('items', '-c', 'mine', '--where', 'tags=b', '--where', 'age=3', '--limit', '2');
    expect(found).toMatchObject([{ label: 'odd', metadata: { tags: ['a', 'b'], age: 3 } }, { label: 'odd' }]);
    expect(await json('items', 'update', '-c', 'mine', '--id', found[0].id, '--set-label', 'cat')).toEqual([
      { updated: 1 },
    ]);

    const removal = ['items', 'delete', '-c', 'mine', '--where', 'age=3'];
    const unsure = await sandbox.run(removal);
    expect(unsure).toMatchObject({ code: 2, stderr: expect.stringContaining('3 items would be deleted') });
    expect(await json(...removal, '--yes')).toEqual([{ deleted: 3 }]);
    expect(await json('items', '-c', 'mine', '--limit', '9')).toHaveLength(3);
  });

  it('create and delete collections', async () => {
    expect(await json('collections', 'create', 'other', '--description', 'more')).toMatchObject([
      { collections: [{ name: 'other', count: 0, description: 'more' }] },
    ]);
    expect(await json('collections', 'delete', 'other')).toEqual([{ deleted: 'other', items: 0 }]);
    expect(await sandbox.run(['collections', 'delete', 'other'])).toMatchObject({ code: 3 });
    expect(await sandbox.run(['collections', 'delete', 'mine'])).toMatchObject({ code: 2 });
  });

  it.each([
    [
      'an update of no items',
      ['items', 'update', '-c', 'mine', '--set-label', 'x'],
      'Choose items either by',
    ],
    [
      'an update that changes nothing',
      ['items', 'update', '-c', 'mine', '--label', 'x'],
      'There is nothing to change',
    ],
    ['an unknown action', ['items', 'rename', '-c', 'mine'], 'Unknown action rename'],
    ['a condition without a value', ['items', '-c', 'mine', '--where', 'age'], 'key=value'],
    ['an action without a name', ['collections', 'create'], "missing required argument 'name'"],
  ])('refuse %s', async (_, args, message) => {
    expect(await sandbox.run(args)).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
  });
});

it('explains errors of a server in the terms of the command line', async () => {
  expect((await sandbox.run(['jobs', 'show', 'x'])).stderr).toBe(
    'error: id: must be the id of a job. [invalid_request]\n  See `pawdex jobs --help`.\n',
  );
});

describe('pawdex snapshot, verify, restore and compact', () => {
  it('copy and verify the data of a server, and restore a data directory from it', async () => {
    const file = path.join(sandbox.root, 'pets.pawdex');
    const target = path.join(sandbox.root, 'restored');
    const [{ collections }] = await json('snapshot', file);
    expect(collections.map(({ name }: { name: string }) => name)).toContain('mine');
    expect(await json('verify', file)).toMatchObject([{ collections }]);
    expect(await json('restore', file, '--data-dir', target)).toMatchObject([{ collections }]);
    expect(await json('labels', '-c', 'mine', '--data-dir', target)).toEqual(
      await json('labels', '-c', 'mine'),
    );
    const again = await sandbox.run(['restore', file, '--data-dir', target]);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('[data_dir_not_empty]') });
    expect(await json('compact', '--data-dir', target)).toMatchObject([{ after: expect.any(Number) }]);
    expect(await sandbox.run(['compact'])).toMatchObject({ code: 4 });
    expect(await sandbox.run(['verify', photos])).toMatchObject({ code: 5 });
  }, 60_000);

  it('overwrite nothing that a data directory needs, and create none from a wrong name', async () => {
    const database = path.join(sandbox.dataDir, 'pawdex.db');
    for (const [args, code] of [
      [['snapshot', database], 'usage'],
      [['snapshot', path.join(sandbox.dataDir, '..', path.basename(sandbox.dataDir), 'x')], 'usage'],
      [['export', '-c', 'mine', '--out', database], 'usage'],
      [['snapshot', photos], 'usage'],
      [['export', '-c', 'mine', '--out', photos], 'usage'],
      [['snapshot', path.join(sandbox.root, 'nowhere', 'x')], 'file_unreadable'],
      [['export', '-c', 'mine', '--out', path.join(sandbox.root, 'nowhere', 'x')], 'file_unreadable'],
      [['compact', '--data-dir', path.join(sandbox.root, 'nowhere')], 'storage_failed'],
    ] as const) {
      const { stderr, code: exit } = await sandbox.run([...args]);
      expect([stderr, exit]).toEqual([expect.stringContaining(`[${code}]`), expect.any(Number)]);
      expect(exit).not.toBe(0);
    }
    expect(existsSync(path.join(sandbox.root, 'nowhere'))).toBe(false);
    expect(await json('labels', '-c', 'mine')).not.toEqual([]);
  }, 60_000);
});

describe('adding a photo again', () => {
  it('changes its label and metadata with upsert, and nothing without', async () => {
    const send = async (query: string, label: string) => {
      const form = new FormData();
      form.append('image', new Blob([await readFile(path.join(photos, 'even/0000.png'))]), 'milo.png');
      form.append('label', label);
      const target = `${url}/v1/collections/mine/items${query}`;
      const { results, ...counts } = await (await fetch(target, { method: 'POST', body: form })).json();
      return { ...results[0], ...counts };
    };
    expect(await send('', 'new')).toMatchObject({ status: 'exists', label: 'even', updated: 0 });
    expect(await send('?upsert=true', 'new')).toMatchObject({ status: 'updated', label: 'new', updated: 1 });
    expect(await json('items', '-c', 'mine', '--label', 'new')).toMatchObject([{ source: 'milo.png' }]);
  });
});

describe('commands that embed nothing', () => {
  it('work with a model that cannot be started, and others say why they fail', async () => {
    const own = await Sandbox.create();
    const bytes = Buffer.from('not a model');
    await writeFile(path.join(own.root, 'broken.onnx'), bytes);
    const card = JSON.parse(await readFile(path.join(PACKAGE_ROOT, 'models', 'encoder.json'), 'utf8'));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const cardFile = path.join(own.root, 'broken.json');
    await writeFile(cardFile, JSON.stringify({ ...card, file: 'broken.onnx', sha256 }));
    const run = (...args: string[]) => own.run(args, { PAWDEX_MODEL: cardFile });
    const created = await run('collections', 'create', 'mine');
    const exported = await run('export', '-c', 'mine', '--out', 'mine.parquet');
    const identified = await run('identify', CAT, '-c', 'mine');
    await own.remove();
    expect([created.code, created.stderr, exported.code, exported.stderr]).toEqual([0, '', 0, '']);
    expect([identified.code, identified.stderr]).toEqual([5, expect.stringContaining('[model_invalid]')]);
  });
});
