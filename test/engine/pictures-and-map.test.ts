import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config.js';
import { type LocalEngine, openLocalEngine } from '../../src/engine/local-engine.js';
import { attachThumbnailsFromFiles } from '../../src/indexing/attach-thumbnails-from-files.js';
import { sceneJpeg } from '../helpers/images.js';
import { makeZip } from '../helpers/make-zip.js';

let dir: string;
let engine: LocalEngine;
/** Photos with a vector each and no picture, as a gallery without a licence for pictures brings them. */
let photos: { bytes: Buffer; sha256: string }[];

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'pawdex-pictures-'));
  engine = await openLocalEngine({
    config: { ...parseConfig({}, {}), DATA_DIR: path.join(dir, 'data'), GALLERY: '', THREADS: 1 },
  });
  await engine.createCollection('bare');
  photos = await Promise.all(
    [1, 2, 3, 4, 5].map(async (seed) => {
      const bytes = Buffer.from(await sceneJpeg(200, 160, seed));
      return { bytes, sha256: sha(bytes) };
    }),
  );
  await engine.store.put(
    'bare',
    photos.map(({ bytes, sha256 }, i) => ({
      id: sha256.slice(0, 32),
      sha256,
      size: bytes.length,
      source: null,
      metadata: {},
      thumbnail: null,
      label: i < 3 ? 'a' : 'b',
      vector: Float32Array.from({ length: engine.encoder.dimension }, (_, d) => (d === i ? 1 : 0.5)),
    })),
  );
});
afterAll(async () => {
  await engine.close();
  await rm(dir, { recursive: true });
});

describe('pictures for items without one', () => {
  it('come from a copy of the photos, in a folder or an archive, found by content', async () => {
    const inFolder = [photos[0]!.bytes, photos[0]!.bytes, await sceneJpeg(80, 80, 99)];
    await Promise.all(inFolder.map((bytes, i) => writeFile(path.join(dir, `copy-${i}.jpg`), bytes)));
    await writeFile(path.join(dir, 'copy.zip'), makeZip([{ name: 'a.jpg', content: photos[1]!.bytes }]));
    const files = ['copy-0.jpg', 'copy-1.jpg', 'copy-2.jpg', 'copy.zip/a.jpg', 'gone.jpg'];
    const set = files.map((name) => ({ file: path.join(dir, name), name, label: null, metadata: {} }));
    const options = { collection: 'bare', maxFileBytes: 1e6, maxPixels: 1e8 };
    const first = await attachThumbnailsFromFiles(engine, set, options);
    expect(first).toMatchObject({ total: 5, done: 5, attached: 2, kept: 0, unknown: 1, failed: 1 });
    expect(first.failures).toMatchObject([{ code: 'file_unreadable' }]);
    const small = await attachThumbnailsFromFiles(engine, set.slice(0, 1), {
      ...options,
      maxFileBytes: 2 ** 10,
    });
    expect(small.failures).toMatchObject([
      { code: 'payload_too_large', detail: 'The file exceeds the limit of 1 KiB.', hint: expect.any(String) },
    ]);
    const { format, width } = await sharp(
      await engine.store.getThumbnail('bare', photos[0]!.sha256.slice(0, 32)),
    ).metadata();
    expect([format, width]).toEqual(['jpeg', expect.any(Number)]);
    expect(await attachThumbnailsFromFiles(engine, set, options)).toMatchObject({ attached: 0, kept: 2 });
    expect((await engine.store.getCollection('bare')).count).toBe(5);
  });

  it('are complete small pictures, or the request stores nothing', async () => {
    const { sha256 } = photos[4]!;
    const good = await sharp(photos[4]!.bytes).resize(64, 64).webp().toBuffer();
    const large = await sharp(photos[4]!.bytes).resize(1200, 1200).jpeg({ quality: 10 }).toBuffer();
    for (const thumbnail of [Buffer.from('words'), good.subarray(0, 60), large]) {
      const both = [
        { sha256, thumbnail: good },
        { sha256, thumbnail },
      ];
      await expect(engine.attachThumbnails('bare', both)).rejects.toMatchObject({
        code: 'thumbnail_invalid',
      });
    }
    const results = await engine.attachThumbnails('bare', [
      { sha256, thumbnail: good },
      { sha256: sha(Buffer.from('other')), thumbnail: good },
    ]);
    expect(results).toEqual(['attached', 'unknown']);
    expect(Buffer.from(await engine.store.getThumbnail('bare', sha256.slice(0, 32)))).toEqual(good);
  });
});

describe('the map', () => {
  it('has a position for each item, and is computed again only if the items changed', async () => {
    const first = await engine.getMap('bare');
    expect(first).toMatchObject({ total: 5, version: expect.any(String) });
    expect(first.ids.toSorted()).toEqual(photos.map(({ sha256 }) => sha256.slice(0, 32)).sort());
    expect([...first.x, ...first.y].every((place) => Math.abs(place) <= 0.5)).toBe(true);
    const id = first.ids[0]!;
    await engine.store.updateItem('bare', id, { label: 'changed' });
    const second = await engine.getMap('bare');
    expect(second.version).toBe(first.version);
    expect(second).toMatchObject({ ids: first.ids, x: first.x, y: first.y });
    expect(second.labels[second.label[0]!]).toBe('changed');
    const counts = second.labels.map((_, i) => second.label.filter((each) => each === i).length);
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    await engine.deleteItem('bare', id);
    const third = await engine.getMap('bare');
    expect(third.version).not.toBe(first.version);
    expect(third.ids).toHaveLength(4);
  });

  it('is read once for all who ask while another is drawn, and includes what was added before', async () => {
    const early = engine.getMap('bare');
    const { id } = (await engine.store.listItems('bare', { limit: 1 })).items[0]!;
    await engine.store.updateItem('bare', id, { label: 'later' });
    const maps = await Promise.all(Array.from({ length: 50 }, () => engine.getMap('bare')));
    await early;
    expect(new Set(maps).size).toBeLessThanOrEqual(2);
    for (const { ids, label, labels } of maps) {
      expect(labels[label[ids.indexOf(id)]!]).toBe('later');
    }
  });

  it('is empty for an empty collection', async () => {
    await engine.createCollection('nothing');
    expect(await engine.getMap('nothing')).toMatchObject({ total: 0, ids: [] });
    await expect(engine.getMap('nope')).rejects.toMatchObject({ code: 'collection_not_found' });
  });

  it('names the sources of the photos, as duplicates do', async () => {
    const { pairs } = await engine.findDuplicates('bare', { threshold: 0.5, limit: 10 });
    expect(pairs[0]!.a).toMatchObject({
      size: expect.any(Number),
      source: null,
      hasThumbnail: expect.any(Boolean),
    });
  });
});
