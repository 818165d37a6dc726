import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT, parseConfig } from '../../src/config.js';
import { type LocalEngine, openLocalEngine } from '../../src/engine/local-engine.js';
import { computeSha256 } from '../../src/files/sha256.js';
import { cosine, sceneJpeg } from '../helpers/images.js';

const chelsea = () => readFile(path.join(PACKAGE_ROOT, 'test/fixtures/chelsea/chelsea.png'));

describe('the engine in this process', () => {
  let dir: string;
  let engine: LocalEngine;
  const open = (usesGallery = true) =>
    openLocalEngine({
      usesGallery,
      config: { ...parseConfig({}, {}), DATA_DIR: dir, THREADS: 2, MAX_QUEUE: 64 },
    });

  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'pawdex-test-'));
    // A command that does not need the gallery leaves loading it to the next.
    const other = await open(false);
    expect([other.gallery, await other.store.listCollections()]).toEqual([null, []]);
    await other.close();
    engine = await open();
  });
  afterAll(async () => {
    await engine.close();
    await rm(dir, { recursive: true });
  });

  it('fills breeds from the shipped gallery', async () => {
    expect(engine.gallery).toBe('loaded');
    const breeds = await engine.store.getCollection('breeds');
    expect(breeds.count).toBeGreaterThan(7000);
    expect(breeds.fingerprint).toBe(engine.encoder.fingerprint);
    const { items } = await engine.store.listItems('breeds', { limit: 1 });
    expect(items[0]).toMatchObject({
      label: expect.any(String),
      metadata: { species: expect.any(String), licence: expect.any(String) },
    });
  });

  it('stores the images of one call in order, whichever finishes first', async () => {
    await engine.createCollection('ordered');
    const sides = [1600, 64, 900, 48, 1200, 32];
    const inputs = await Promise.all(
      sides.map(async (side, i) => ({ image: await sceneJpeg(side, side, 20 + i), label: `${i}` })),
    );
    await engine.addItems('ordered', inputs);
    const { items } = await engine.store.listItems('ordered', { limit: 10 });
    expect(items.map(({ label }) => label)).toEqual(['0', '1', '2', '3', '4', '5']);
  });

  it('lists near-duplicates by page, each pair once', async () => {
    await engine.createCollection('twins');
    const jpeg = await sceneJpeg(320, 240, 3);
    const again = await sharp(jpeg).jpeg({ quality: 80 }).toBuffer();
    const other = await readFile(path.join(PACKAGE_ROOT, 'test/fixtures/chelsea/chelsea.png'));
    await engine.addItems('twins', [
      { image: jpeg, label: 'one' },
      { image: other, label: 'two' },
      { image: again, label: 'three' },
    ]);
    const whole = await engine.findDuplicates('twins', { threshold: 0.9, limit: 10 });
    expect(whole).toMatchObject({ scanned: 3, next: null, pairs: { length: 1 } });
    const [pair] = whole.pairs;
    expect([pair!.a.label, pair!.b.label].sort()).toEqual(['one', 'three']);
    expect(pair!.similarity).toBeGreaterThan(0.9);
    const pairs: object[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await engine.findDuplicates('twins', {
        threshold: 0.9,
        limit: 1,
        ...(cursor === undefined ? {} : { cursor }),
      });
      expect(page.scanned).toBe(1);
      pairs.push(...page.pairs);
      cursor = page.next;
    }
    expect(pairs).toEqual(whole.pairs);
    await expect(
      engine.findDuplicates('twins', { threshold: 0.9, limit: 1, cursor: 'x' }),
    ).rejects.toMatchObject({ code: 'invalid_request' });
    await engine.createCollection('nothing');
    expect(await engine.findDuplicates('nothing', { threshold: 0.9, limit: 1 })).toEqual({
      pairs: [],
      scanned: 0,
      next: null,
    });
  });

  it('takes non-pets from another collection, and refuses vectors of another length', async () => {
    const nonPets = { collection: 'twins' };
    expect(await engine.evaluate('twins', { nonPets })).toMatchObject({ n: 0, nonPets: { n: 3 } });
    await expect(engine.evaluate('twins', { nonPets: { collection: 'nope' } })).rejects.toMatchObject({
      code: 'collection_not_found',
    });
    const embeddings = [new Float32Array(3).fill(1)];
    await expect(engine.calibrate('twins', { nonPets: { embeddings } })).rejects.toMatchObject({
      code: 'vector_invalid',
    });
  });

  it('identifies a cat as a cat breed, with a share of the vote for each candidate', async () => {
    const answer = await engine.identify(await chelsea(), { collection: 'breeds' });
    // All that vote, so that the shares can be checked by eye.
    expect(answer.neighbours).toHaveLength(30);
    const similarities = answer.neighbours.map((n) => n.similarity);
    expect(similarities).toEqual([...similarities].sort((a, b) => b - a));
    const sum = answer.candidates.reduce((total, c) => total + c.confidence, 0);
    // What is missing to 1 is the probability of something else.
    expect(sum).toBeGreaterThan(answer.candidates[0]!.confidence);
    expect(sum).toBeLessThan(1.0001);
    expect(answer.candidates[0]!.confidence).toBe(answer.confidence);
    const { items } = await engine.store.listItems('breeds', {
      limit: 1,
      filter: { label: [answer.candidates[0]!.label] },
    });
    expect(items[0]!.metadata.species).toBe('cat');
    expect(answer.model.fingerprint).toBe(engine.encoder.fingerprint);
    expect(answer.timing.totalMs).toBeGreaterThan(0);
  });

  it('embeds in one way for search and embed', async () => {
    const { embedding } = await engine.embed(await chelsea());
    const byImage = await engine.search('breeds', { image: await chelsea() }, { k: 5 });
    const byVector = await engine.search('breeds', { vector: [...embedding] }, { k: 5 });
    expect(byVector.neighbours.map((h) => h.id)).toEqual(byImage.neighbours.map((h) => h.id));
  });

  describe("a user's collection", () => {
    beforeAll(async () => {
      await engine.createCollection('mine', 'scenes');
    });

    it('adds images singly or in bulk, each with its own outcome', async () => {
      const photos = await Promise.all([1, 2, 3].map((seed) => sceneJpeg(300, 240, seed)));
      const results = await engine.addItems('mine', [
        { image: photos[0]!, label: 'one', source: 'a.jpg', metadata: { species: 'cat', year: 2020 } },
        { image: Buffer.from('not an image at all'), label: 'bad' },
        { image: photos[1]!, label: 'two' },
        { image: photos[0]!, label: 'again' },
      ]);
      expect(results.map((r) => r.status)).toEqual(['created', 'failed', 'created', 'exists']);
      expect(results[1]).toMatchObject({ error: { code: 'image_unsupported', hint: expect.any(String) } });
      expect(results[3]).toMatchObject({ label: 'one' });
      const second = await engine.addItems('mine', [
        { image: photos[0]!, label: 'other' },
        { image: photos[2]! },
      ]);
      expect(second.map((r) => r.status)).toEqual(['exists', 'created']);
      expect((await engine.store.getCollection('mine')).count).toBe(3);
      expect(
        (await engine.store.getThumbnail('mine', (results[0] as { id: string }).id)).length,
      ).toBeGreaterThan(500);
    });

    it('adds images that the caller has just looked up, and one that appeared since then only once', async () => {
      const images = await Promise.all([1, 30].map((seed) => sceneJpeg(300, 240, seed)));
      const newHashes = images.map((image) => computeSha256(image));
      await engine.createCollection('looked-up');
      await engine.addItems('looked-up', [{ image: images[0]!, label: 'first' }]);
      const inputs = [...images, images[1]!].map((image) => ({ image, label: 'second' }));
      const results = await engine.addItems('looked-up', inputs, {
        newHashes: [...newHashes, newHashes[1]!],
      });
      expect(results).toMatchObject([
        { status: 'exists', label: 'first' },
        { status: 'created', label: 'second' },
        { status: 'exists', label: 'second' },
      ]);
      await engine.deleteCollection('looked-up');
    });

    it('answers with all items when k is larger than the collection', async () => {
      const { neighbours } = await engine.search(
        'mine',
        { image: await sceneJpeg(300, 240, 1) },
        { k: 1000 },
      );
      expect(neighbours).toHaveLength(3);
      expect(neighbours[0]!.similarity).toBeGreaterThan(0.999);
    });

    it('filters by label, species and metadata without losing results', async () => {
      const query = { image: await sceneJpeg(300, 240, 3) };
      const labels = async (filter: object) =>
        (await engine.search('mine', query, { k: 10, filter })).neighbours.map((h) => h.label);
      expect(await labels({ label: ['two'] })).toEqual(['two']);
      expect(await labels({ species: ['cat'] })).toEqual(['one']);
      expect(await labels({ metadata: { year: 2020 } })).toEqual(['one']);
      expect(await labels({ metadata: { year: 1999 } })).toEqual([]);
    });

    it('searches by examples: towards positives, away from negatives, without returning them', async () => {
      const { items } = await engine.store.listItems('mine', { limit: 10 });
      const [a, b, c] = items.map((item) => item.id) as [string, string, string];
      const liked = await engine.search('mine', { positives: [a], negatives: [b] }, { k: 10 });
      expect(liked.neighbours.map((h) => h.id)).toEqual([c]);
      await expect(engine.search('mine', { positives: [], negatives: [] }, { k: 1 })).rejects.toMatchObject({
        code: 'invalid_request',
      });
      await expect(
        engine.search('mine', { positives: ['nobody'], negatives: [] }, { k: 1 }),
      ).rejects.toMatchObject({ code: 'item_not_found' });
      // A photo minus itself has no direction.
      await expect(
        engine.search('mine', { positives: [a], negatives: [a], negativeWeight: 1 }, { k: 1 }),
      ).rejects.toMatchObject({ code: 'vector_invalid' });
    });

    it('takes vectors as examples, of any length, and weighs the negatives', async () => {
      const { items } = await engine.store.listItems('mine', { limit: 10 });
      const [a, b, c] = items.map((item) => item.id) as [string, string, string];
      const [, vectorB, vectorC] = await Promise.all(
        [a, b, c].map((id) => engine.store.getVector('mine', id)),
      );
      const long = vectorB!.map((x) => 7 * x);
      const { neighbours } = await engine.search('mine', { positives: [long], negatives: [a] }, { k: 10 });
      expect(neighbours.map(({ id }) => id).toSorted()).toEqual([b, c].toSorted());
      expect(neighbours[0]!.id).toBe(b);
      const similarityToC = async (negativeWeight: number) => {
        const query = { positives: [long], negatives: [vectorC!], negativeWeight };
        const found = await engine.search('mine', query, { k: 10 });
        return found.neighbours.find(({ id }) => id === c)!.similarity;
      };
      expect(await similarityToC(1)).toBeLessThan(await similarityToC(0.2));
      for (const vector of [[1, 2], new Array(vectorB!.length).fill(0)]) {
        const query = { positives: [vector], negatives: [] };
        await expect(engine.search('mine', query, { k: 1 })).rejects.toMatchObject({
          code: 'vector_invalid',
        });
      }
    });

    it('refuses vectors that do not fit', async () => {
      const { dimension } = engine.encoder;
      for (const vector of [[1, 2, 3], new Array(dimension).fill(0), new Array(dimension).fill(Number.NaN)]) {
        await expect(engine.search('mine', { vector }, { k: 1 })).rejects.toMatchObject({
          code: 'vector_invalid',
        });
      }
    });

    it('names what is missing', async () => {
      await expect(engine.identify(await chelsea(), { collection: 'nowhere' })).rejects.toMatchObject({
        code: 'collection_not_found',
      });
      await expect(engine.addItems('nowhere', [])).rejects.toMatchObject({ code: 'collection_not_found' });
      await expect(engine.deleteItem('mine', 'nobody')).rejects.toMatchObject({ code: 'item_not_found' });
    });

    it('forgets a deleted collection, even if another of its name is created', async () => {
      await engine.createCollection('brief');
      await engine.addItems('brief', [{ image: await sceneJpeg(200, 200, 9), label: 'x' }]);
      await engine.deleteCollection('brief');
      await expect(engine.search('brief', { image: await chelsea() }, { k: 1 })).rejects.toMatchObject({
        code: 'collection_not_found',
      });
      await engine.createCollection('brief');
      expect((await engine.search('brief', { image: await chelsea() }, { k: 1 })).neighbours).toEqual([]);
    });
  });

  it('refuses images that would wait too long or exceed the queue, and recovers afterwards', async () => {
    const photo = await sceneJpeg(1200, 900);
    const asked = await Promise.allSettled(Array.from({ length: 90 }, () => engine.embed(photo)));
    const refused = asked.filter((a) => a.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const { reason } of refused) {
      expect(reason).toMatchObject({ code: 'overloaded' });
    }
    const fulfilled = asked.filter((a) => a.status === 'fulfilled').map((a) => a.value.embedding);
    expect(fulfilled.length).toBeGreaterThan(0);
    for (const embedding of fulfilled) {
      expect(cosine(embedding, fulfilled[0]!)).toBeGreaterThan(0.9999);
    }
    expect(engine.load.pending).toBe(0);
  });

  it('takes bulk uploads larger than the queue without refusing any', async () => {
    await engine.createCollection('bulk');
    const photos = await Promise.all(Array.from({ length: 100 }, (_, seed) => sceneJpeg(120, 120, seed)));
    const results = await engine.addItems(
      'bulk',
      photos.map((image) => ({ image })),
    );
    expect(results.every((r) => r.status === 'created')).toBe(true);
  });

  it('finds everything after a restart without reading the gallery again', async () => {
    const before = await engine.search('mine', { image: await chelsea() }, { k: 3 });
    await engine.close();
    engine = await open();
    expect(engine.gallery).toBe('current');
    const after = await engine.search('mine', { image: await chelsea() }, { k: 3 });
    expect(after.neighbours.map((h) => h.id)).toEqual(before.neighbours.map((h) => h.id));
  });

  it('has its data directory to itself', async () => {
    await expect(open()).rejects.toMatchObject({ code: 'data_dir_locked' });
  });
});
