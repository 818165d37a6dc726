/** Collections move: to another encoder, to a file and back, under another name; and a kill at any moment loses nothing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { asyncBufferFromFile, parquetMetadataAsync } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT, parseConfig } from '../../src/config.js';
import { addEncoder } from '../../src/engine/add-encoder.js';
import type { ItemInput, ReembedState } from '../../src/engine/engine.js';
import { type LocalEngine, openLocalEngine } from '../../src/engine/local-engine.js';
import { computeDot } from '../../src/math/vectors.js';
import { sceneJpeg } from '../helpers/images.js';
import { cnn, vit } from '../helpers/tiny-encoders.js';

/** Photos of most tests; a process is killed over more of them, which are embedded in several steps. */
const PHOTOS = 30;
const MANY = 150;
let root: string;
let photos: Buffer[];
/** Card of the encoder that engines are started with, and the name of another one. */
const OLD = 'old';
const NEW = 'new';
const code = (expected: string) => expect.objectContaining({ name: 'PawdexError', code: expected });

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'pawdex-moving-'));
  await writeFile(path.join(root, 'old.onnx'), cnn());
  await writeFile(path.join(root, 'new.onnx'), vit());
  await mkdir(path.join(root, 'photos'));
  photos = await Promise.all(Array.from({ length: MANY }, (_, n) => sceneJpeg(64 + (n % 50), 64, n + 1)));
  await Promise.all(photos.map((bytes, n) => writeFile(path.join(root, 'photos', `${n}.jpg`), bytes)));
});
afterAll(() => rm(root, { recursive: true }));

let directories = 0;
/** A data directory with both encoders. */
async function makeDirectory(): Promise<string> {
  const dataDir = path.join(root, `data-${directories++}`);
  await addEncoder(dataDir, path.join(root, 'old.onnx'), { name: OLD });
  await addEncoder(dataDir, path.join(root, 'new.onnx'), { name: NEW });
  return dataDir;
}

const cardOf = (dataDir: string, name: string) => path.join(dataDir, 'encoders', name, 'encoder.json');
const open = (dataDir: string, encoder = OLD) =>
  openLocalEngine({
    bulk: true,
    config: {
      ...parseConfig({}, {}),
      DATA_DIR: dataDir,
      MODEL: cardOf(dataDir, encoder),
      GALLERY: '',
      THREADS: 2,
    },
  });

const input = (n: number): ItemInput => ({
  image: photos[n]!,
  label: `label ${n % 3}`,
  source: `${n}.jpg`,
  metadata: { n, text: 'ä"\n' },
});
const inputs = (from = 0, to = PHOTOS) => Array.from({ length: to - from }, (_, i) => input(from + i));

async function withEngine<T>(dataDir: string, work: (engine: LocalEngine) => Promise<T>, encoder = OLD) {
  const engine = await open(dataDir, encoder);
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/** All items with their vectors, by id. */
async function readAll(engine: LocalEngine, collection: string) {
  const items = new Map<string, Record<string, unknown> & { vector: Float32Array }>();
  for await (const { createdAt: _, ...item } of engine.store.iterate(collection)) {
    items.set(item.id, { ...item, vector: item.vector });
  }
  return items;
}

/** Fails unless both hold the same items with equal vectors, up to the rounding of batches. */
async function expectEqual(engine: LocalEngine, a: string, b: string): Promise<void> {
  const [left, right] = [await readAll(engine, a), await readAll(engine, b)];
  expect([...left.keys()].sort()).toEqual([...right.keys()].sort());
  for (const [id, { vector, ...item }] of left) {
    const { vector: other, ...rest } = right.get(id)!;
    expect(item).toEqual(rest);
    expect(vector).toHaveLength(other.length);
    expect(computeDot(vector, other)).toBeGreaterThan(0.99999);
  }
}

describe('moving a collection to another encoder', { timeout: 300_000 }, () => {
  it('gives the embeddings of a new collection, from originals or files, and keeps everything else', async () => {
    const dataDir = await makeDirectory();
    await withEngine(dataDir, async (engine) => {
      await engine.createCollection('kept', undefined, { originals: 'full' });
      await engine.createCollection('filed');
      await engine.createCollection('fresh', undefined, { encoder: NEW });
      for (const collection of ['kept', 'filed', 'fresh']) {
        await engine.addItems(collection, inputs());
      }
      const folders = [path.join(root, 'nowhere'), path.join(root, 'photos')];
      // Interrupted once, as by a restart of the server.
      const stop = new AbortController();
      let resumeFrom: ReembedState | undefined;
      const onBatch = async (state: ReembedState) => {
        resumeFrom = structuredClone(state);
        stop.abort(new Error('stopped'));
      };
      const stopped = engine.reembed('kept', { encoder: NEW, signal: stop.signal, onBatch });
      await expect(stopped).rejects.toThrow('stopped');
      const kept = await engine.reembed('kept', { encoder: NEW, resumeFrom });
      const filed = await engine.reembed('filed', { encoder: NEW, photos: folders });
      expect(kept).toMatchObject({
        swapped: true,
        embedded: { original: PHOTOS },
        missing: 0,
        to: { name: NEW },
      });
      expect(filed).toMatchObject({ swapped: true, embedded: { file: PHOTOS }, missing: 0 });
      await expectEqual(engine, 'kept', 'fresh');
      await expectEqual(engine, 'filed', 'fresh');
      // Questions are embedded with the collection's own encoder.
      const { neighbours, model } = await engine.search('kept', { image: photos[7]! }, { k: 3 });
      expect(model.name).toBe(NEW);
      expect(neighbours[0]).toMatchObject({ source: '7.jpg' });
      expect(neighbours[0]!.similarity).toBeCloseTo(1, 4);
      // A job that ended after the swap, but before that was recorded, still reports all that it did.
      const done = { embedded: { ...kept.embedded, file: 2 }, dropped: 1 };
      expect(await engine.reembed('kept', { encoder: NEW, resumeFrom: done })).toMatchObject({
        swapped: true,
        ...done,
      });
    });
  });

  it('answers meanwhile, and includes what is added, changed and deleted meanwhile', async () => {
    const dataDir = await makeDirectory();
    await withEngine(dataDir, async (engine) => {
      await engine.createCollection('pets', undefined, { originals: 'full' });
      await engine.createCollection('fresh', undefined, { encoder: NEW });
      await engine.addItems('pets', inputs(0, 20));
      const [gone] = (await engine.store.listItems('pets', { limit: 1 })).items;
      let isDone = false;
      const moving = engine.reembed('pets', { encoder: NEW }).finally(() => {
        isDone = true;
      });
      const answers: string[] = [];
      const asking = (async () => {
        while (!isDone) {
          const { neighbours, model } = await engine.search('pets', { image: photos[5]! }, { k: 1 });
          answers.push(`${model.name} ${neighbours[0]!.source}`);
        }
      })();
      await engine.addItems('pets', inputs(20));
      await engine.deleteItem('pets', gone!.id);
      await engine.store.updateItems('pets', { filter: { label: ['label 1'] } }, { label: 'changed' });
      expect(await moving).toMatchObject({ swapped: true, missing: 0 });
      await asking;
      expect(answers.length).toBeGreaterThan(0);
      expect(new Set(answers.map((each) => each.split(' ')[1]))).toEqual(new Set(['5.jpg']));
      await engine.addItems('fresh', inputs());
      await engine.deleteItem('fresh', gone!.id);
      await engine.store.updateItems('fresh', { filter: { label: ['label 1'] } }, { label: 'changed' });
      await expectEqual(engine, 'pets', 'fresh');
    });
  });

  it('names missing pictures and changes nothing until it may drop them or use thumbnails', async () => {
    const dataDir = await makeDirectory();
    await withEngine(dataDir, async (engine) => {
      await engine.createCollection('pets');
      // A large photo is not its own preview.
      const large = await sceneJpeg(900, 700, 99);
      await engine.addItems('pets', [...inputs(0, 3), { image: large, source: 'large.jpg', label: 'big' }]);
      const before = await readAll(engine, 'pets');
      const stopped = await engine.reembed('pets', { encoder: NEW });
      expect(stopped).toMatchObject({ swapped: false, missing: 1, examples: [{ source: 'large.jpg' }] });
      expect(await readAll(engine, 'pets')).toEqual(before);
      const reduced = await engine.reembed('pets', { encoder: NEW, previews: true });
      expect(reduced).toMatchObject({ swapped: true, embedded: { preview: 1 }, missing: 0 });
      const back = await engine.reembed('pets', { encoder: OLD, dropMissing: true });
      expect(back).toMatchObject({ swapped: true, dropped: 1 });
      expect((await engine.store.getCollection('pets')).count).toBe(3);
    });
  });

  it('keeps a smaller copy for other encoders if asked to', async () => {
    const dataDir = await makeDirectory();
    await withEngine(dataDir, async (engine) => {
      const large = await sceneJpeg(1200, 900, 5);
      await engine.createCollection('pets', undefined, { originals: 'thumbnail' });
      await engine.createCollection('fresh', undefined, { encoder: NEW });
      await engine.addItems('pets', [{ image: large }]);
      const [fresh] = await engine.addItems('fresh', [{ image: large }]);
      const { id } = fresh as { id: string };
      expect((await engine.store.getOriginal('pets', id))!.length).toBeLessThan(large.length);
      expect(await engine.reembed('pets', { encoder: NEW })).toMatchObject({
        swapped: true,
        embedded: { reduced: 1 },
      });
      const vectors = await Promise.all(['pets', 'fresh'].map((each) => engine.store.getVector(each, id)));
      expect(computeDot(vectors[0]!, vectors[1]!)).toBeGreaterThan(0.7);
    });
  });

  it('says which collections cannot be used, and what to do', async () => {
    const dataDir = await makeDirectory();
    await withEngine(dataDir, async (engine) => {
      await engine.createCollection('pets');
      await engine.addItems('pets', inputs(0, 3));
      expect((await engine.getCollection('pets')).problem).toBeNull();
    });
    const alone = path.join(root, 'alone');
    await mkdir(alone);
    await rm(path.join(dataDir, 'encoders', OLD), { recursive: true });
    await withEngine(
      dataDir,
      async (engine) => {
        const [pets] = await engine.listCollections();
        expect(pets!.problem).toMatchObject({
          code: 'model_mismatch',
          hint: expect.stringContaining('pawdex reembed -c pets'),
        });
        await expect(engine.search('pets', { image: photos[0]! }, { k: 1 })).rejects.toEqual(
          code('model_mismatch'),
        );
        await engine.reembed('pets', { photos: [path.join(root, 'photos')] });
        expect((await engine.getCollection('pets')).problem).toBeNull();
        expect((await engine.search('pets', { image: photos[0]! }, { k: 1 })).neighbours[0]!.source).toBe(
          '0.jpg',
        );
      },
      NEW,
    );
  });
});

describe('a collection as a file', { timeout: 300_000 }, () => {
  it('is restored item by item in another data directory', async () => {
    const [from, to] = [await makeDirectory(), await makeDirectory()];
    const file = path.join(root, 'pets.parquet');
    const before = await withEngine(from, async (engine) => {
      await engine.createCollection('pets', 'all of them', { originals: 'full' });
      await engine.addItems('pets', [...inputs(), { image: await sceneJpeg(90, 70, 77) }]);
      expect(await engine.exportCollection('pets', file)).toMatchObject({
        items: PHOTOS + 1,
        bytes: (await stat(file)).size,
      });
      return readAll(engine, 'pets');
    });
    const metadata = await parquetMetadataAsync(await asyncBufferFromFile(file));
    expect(metadata.key_value_metadata?.map(({ key }) => key)).toContain('pawdex.fingerprint');
    await withEngine(to, async (engine) => {
      const whole = { total: PHOTOS + 1, failed: 0, different: 0, verified: PHOTOS + 1 };
      expect(await engine.importCollection('moved', file)).toMatchObject({
        ...whole,
        created: PHOTOS + 1,
        exists: 0,
      });
      expect(await readAll(engine, 'moved')).toEqual(before);
      expect(await engine.store.getCollection('moved')).toMatchObject({
        description: 'all of them',
        originals: 'full',
      });
      const id = [...before.keys()][3]!;
      expect(await engine.store.getOriginal('moved', id)).toEqual(new Uint8Array(photos[3]!));
      // Again, and with an item that has changed since.
      await engine.store.updateItem('moved', id, { label: 'changed' });
      expect(await engine.importCollection('moved', file)).toMatchObject({
        ...whole,
        created: 0,
        exists: PHOTOS + 1,
        different: 1,
      });
      expect((await engine.store.getItem('moved', id)).label).toBe('changed');
    });
  });

  it('is refused with vectors of another model, unless its pictures are embedded again', async () => {
    const dataDir = await makeDirectory();
    const file = path.join(root, 'other.parquet');
    await withEngine(dataDir, async (engine) => {
      await engine.createCollection('pets', undefined, { originals: 'full' });
      await engine.addItems('pets', inputs());
      await engine.exportCollection('pets', file);
      await engine.createCollection('others', undefined, { encoder: NEW });
      await expect(engine.importCollection('others', file)).rejects.toEqual(code('model_mismatch'));
      expect(await engine.importCollection('others', file, { reembed: true })).toMatchObject({
        created: PHOTOS,
        failed: 0,
      });
      await engine.createCollection('fresh', undefined, { encoder: NEW });
      await engine.addItems('fresh', inputs());
      await expectEqual(engine, 'others', 'fresh');
      // A new collection is embedded with the encoder of this engine, although that of the file is there, too.
      await engine.exportCollection('others', file);
      const photosIn = [path.join(root, 'photos')];
      await engine.importCollection('again', file, { reembed: true, photos: photosIn });
      await expectEqual(engine, 'again', 'pets');
      expect(await engine.store.getCollection('again')).toMatchObject({ model: OLD, count: PHOTOS });
      await engine.importCollection('moved', file);
      expect(await engine.store.getCollection('moved')).toMatchObject({ model: NEW, count: PHOTOS });
    });
  });

  it('is refused if it is damaged, as a whole or row by row', async () => {
    const dataDir = await makeDirectory();
    const file = path.join(root, 'damaged.parquet');
    await withEngine(dataDir, async (engine) => {
      await engine.createCollection('pets');
      await engine.addItems('pets', inputs(0, 10));
      await engine.exportCollection('pets', file);
      const bytes = await readFile(file);
      const vector = await engine.store.getVector(
        'pets',
        (await engine.store.listItems('pets', { limit: 1 })).items[0]!.id,
      );
      const at = bytes.indexOf(Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength));
      expect(at).toBeGreaterThan(0);
      const flipped = Buffer.from(bytes);
      flipped[at + 5] = flipped[at + 5]! ^ 1;
      await writeFile(file, flipped);
      expect(await engine.importCollection('again', file)).toMatchObject({
        created: 9,
        failed: 1,
        failures: [{ row: 0 }],
      });
      await writeFile(file, bytes.subarray(0, bytes.length - 100));
      await expect(engine.importCollection('again', file)).rejects.toEqual(code('export_invalid'));
      await expect(engine.importCollection('again', path.join(root, 'none'))).rejects.toEqual(
        code('file_unreadable'),
      );
    });
  });
});

describe('a process that is killed', () => {
  const cli = path.join(PACKAGE_ROOT, 'dist', 'cli', 'main.js');
  const start = (dataDir: string, args: string[]): ChildProcess =>
    spawn(
      process.execPath,
      [cli, ...args, '--data-dir', dataDir, '--model', cardOf(dataDir, OLD), '--gallery', '', '--quiet'],
      {
        stdio: 'ignore',
      },
    );
  /** Starts a command again and again, killed each time later, until one gets to its end. @returns kills */
  const runKilled = async (dataDir: string, args: string[]): Promise<number> => {
    for (let kills = 0; ; kills++) {
      const child = start(dataDir, args);
      const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
      const kill = sleep(300 * 1.4 ** kills, 'kill' as const);
      if ((await Promise.race([ended, kill])) !== 'kill') {
        expect(await ended).toBe(0);
        return kills;
      }
      child.kill('SIGKILL');
      await ended;
    }
  };

  it('loses nothing while a collection moves to another encoder', async () => {
    const dataDir = await makeDirectory();
    await withEngine(dataDir, async (engine) => {
      await engine.createCollection('pets', undefined, { originals: 'full' });
      await engine.createCollection('fresh', undefined, { encoder: NEW });
      await engine.addItems('pets', inputs(0, MANY));
      await engine.addItems('fresh', inputs(0, MANY));
    });
    expect(await runKilled(dataDir, ['reembed', '-c', 'pets', '--encoder', NEW])).toBeGreaterThan(0);
    await withEngine(dataDir, (engine) => expectEqual(engine, 'pets', 'fresh'));
  }, 600_000);

  it('loses nothing during an import, and stores nothing twice', async () => {
    const [from, to] = [await makeDirectory(), await makeDirectory()];
    const file = path.join(root, 'killed.parquet');
    const before = await withEngine(from, async (engine) => {
      await engine.createCollection('pets', undefined, { originals: 'full' });
      await engine.addItems('pets', inputs(0, MANY));
      await engine.exportCollection('pets', file);
      return readAll(engine, 'pets');
    });
    expect(await runKilled(to, ['import', file, '-c', 'pets'])).toBeGreaterThan(0);
    await withEngine(to, async (engine) => expect(await readAll(engine, 'pets')).toEqual(before));
  }, 600_000);
});
