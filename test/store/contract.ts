/** What every implementation of the store interface must do, as a suite to run against each. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CollectionSpec, Store } from '../../src/store/store.js';
import { cosine, item, nearestIds, vectorOf } from './items.js';
import { metadataContract } from './metadata-contract.js';
import { reembedContract } from './reembed-contract.js';
import { searchContract } from './search-contract.js';

/** A store on fresh storage that can be closed and opened again. */
export interface StoreUnderTest {
  open(): Promise<Store>;
  /** Removes the storage; the store is closed then. */
  destroy(): Promise<void>;
}

const DIMENSION = 16;
const spec = (changes: Partial<CollectionSpec> = {}): CollectionSpec => ({
  name: 'pets',
  dimension: DIMENSION,
  fingerprint: 'f'.repeat(64),
  model: 'test-model',
  ...changes,
});
const code = (expected: string) => expect.objectContaining({ name: 'PawdexError', code: expected });

/** @param name of the implementation */
export function storeContract(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(`${name}: the store contract`, () => {
    let under: StoreUnderTest;
    let store: Store;

    // One store for all tests, each with collections of its own: opening one takes longer than most tests.
    beforeAll(async () => {
      under = await create();
      store = await under.open();
    });
    afterEach(async () => {
      for (const { name } of await store.listCollections()) {
        await store.deleteCollection(name);
      }
    });
    afterAll(async () => {
      await store.close();
      await under.destroy();
    });
    const reopen = async () => {
      await store.close();
      store = await under.open();
    };

    describe('collections', () => {
      it('creates, lists, describes and deletes', async () => {
        const created = await store.createCollection(spec({ description: 'all of them' }));
        expect(created).toMatchObject({ ...spec(), description: 'all of them', count: 0, gallery: null });
        expect(created).toMatchObject({ calibration: null, index: { kind: 'exact', indexed: 0 } });
        expect(Number.isNaN(Date.parse(created.createdAt))).toBe(false);
        await store.createCollection(spec({ name: 'Another_1' }));
        expect((await store.listCollections()).map((c) => c.name)).toEqual(['Another_1', 'pets']);
        expect(await store.getCollection('pets')).toEqual(created);
        await store.deleteCollection('pets');
        await expect(store.getCollection('pets')).rejects.toEqual(code('collection_not_found'));
        expect((await store.listCollections()).map((c) => c.name)).toEqual(['Another_1']);
      });

      it('refuses a taken name and a bad specification', async () => {
        await store.createCollection(spec());
        await expect(store.createCollection(spec({ dimension: 8 }))).rejects.toEqual(
          code('collection_exists'),
        );
        for (const bad of ['', '-a', 'a/b', '../a', 'a b', 'x'.repeat(65)]) {
          await expect(store.createCollection(spec({ name: bad }))).rejects.toEqual(code('invalid_request'));
        }
        for (const dimension of [0, -1, 1.5, Number.NaN]) {
          await expect(store.createCollection(spec({ name: 'b', dimension }))).rejects.toEqual(
            code('invalid_request'),
          );
        }
      });

      it('changes what a patch names and keeps the rest', async () => {
        await store.createCollection(spec({ description: 'before' }));
        const calibration = { temperature: 1.5, bins: [1, 2] };
        await store.updateCollection('pets', { gallery: 'abc', calibration });
        expect(await store.getCollection('pets')).toMatchObject({
          gallery: 'abc',
          calibration,
          description: 'before',
        });
        await store.updateCollection('pets', { description: 'after', calibration: null });
        await reopen();
        expect(await store.getCollection('pets')).toMatchObject({
          gallery: 'abc',
          calibration: null,
          description: 'after',
        });
      });

      it('renames, and answers to aliases', async () => {
        await store.createCollection(spec());
        await store.createCollection(spec({ name: 'others' }));
        await store.put('pets', [item(1, DIMENSION)]);
        expect(
          await store.updateCollection('pets', { name: 'animals', aliases: ['pets', 'zoo'] }),
        ).toMatchObject({
          name: 'animals',
          aliases: ['pets', 'zoo'],
        });
        for (const check of [async () => {}, reopen]) {
          await check();
          expect((await store.listCollections()).map((c) => c.name)).toEqual(['animals', 'others']);
          expect(await Promise.all(['animals', 'pets', 'zoo'].map((each) => store.count(each)))).toEqual([
            1, 1, 1,
          ]);
          for (const taken of ['animals', 'zoo']) {
            await expect(store.createCollection(spec({ name: taken }))).rejects.toEqual(
              code('collection_exists'),
            );
            await expect(store.updateCollection('others', { name: taken })).rejects.toEqual(
              code('collection_exists'),
            );
          }
          await expect(store.updateCollection('others', { aliases: ['animals'] })).rejects.toEqual(
            code('collection_exists'),
          );
          await expect(store.deleteCollection('zoo')).rejects.toEqual(code('invalid_request'));
          await expect(store.updateCollection('zoo', { aliases: ['a', 'a'] })).rejects.toEqual(
            code('collection_exists'),
          );
          await expect(store.updateCollection('zoo', { name: 'a/b' })).rejects.toEqual(
            code('invalid_request'),
          );
        }
        await store.updateCollection('zoo', { aliases: ['pets'] });
        await expect(store.count('zoo')).rejects.toEqual(code('collection_not_found'));
        await store.deleteCollection('animals');
        for (const gone of ['animals', 'pets']) {
          await expect(store.count(gone)).rejects.toEqual(code('collection_not_found'));
        }
        await store.createCollection(spec());
        expect(await store.count('pets')).toBe(0);
      });

      it('moves an alias from one collection to another in one step', async () => {
        await store.createCollection(spec());
        await store.createCollection(spec({ name: 'next' }));
        await store.put('next', [item(1, DIMENSION)]);
        await store.updateCollection('pets', { aliases: ['live', 'old'] });
        let isDone = false;
        const counting = (async () => {
          const seen: number[] = [];
          while (!isDone) {
            seen.push(await store.count('live'));
          }
          return seen;
        })();
        await store.updateCollection('next', { aliases: ['live'] });
        isDone = true;
        // Never a moment without: each call found one of the two.
        expect((await counting).filter((count) => count > 1)).toEqual([]);
        for (const check of [async () => {}, reopen]) {
          await check();
          expect(await store.count('live')).toBe(1);
          expect((await store.getCollection('pets')).aliases).toEqual(['old']);
          expect((await store.getCollection('next')).aliases).toEqual(['live']);
        }
      });

      it('keeps collections apart, and a new one empty of an old one of its name', async () => {
        await store.createCollection(spec());
        await store.createCollection(spec({ name: 'others', dimension: 4 }));
        await store.put('pets', [item(1, DIMENSION), item(2, DIMENSION)]);
        await store.put('others', [item(1, 4)]);
        expect(await store.count('pets')).toBe(2);
        expect(await store.count('others')).toBe(1);
        await store.deleteCollection('pets');
        await store.createCollection(spec());
        expect(await store.count('pets')).toBe(0);
        expect(await store.search('pets', vectorOf(1, DIMENSION), { k: 3 })).toEqual([]);
        expect((await store.put('pets', [item(1, DIMENSION)]))[0]!.status).toBe('created');
        await reopen();
        expect(await store.count('pets')).toBe(1);
        expect(await store.count('others')).toBe(1);
      });

      it('answers every method for an unknown collection with its code', async () => {
        const vector = vectorOf(1, DIMENSION);
        const calls = [
          () => store.getCollection('x'),
          () => store.updateCollection('x', {}),
          () => store.deleteCollection('x'),
          () => store.put('x', [item(1, DIMENSION)]),
          () => store.getItem('x', 'i'),
          () => store.getVector('x', 'i'),
          () => store.getThumbnail('x', 'i'),
          () => store.getOriginal('x', 'i'),
          () => store.beginReembedding('x', spec()),
          () => store.listUnembedded('x', { limit: 1 }),
          () => store.putSuccessorVectors('x', 'f', []),
          () => store.finishReembedding('x', 'f'),
          () => store.findKnown('x', []),
          () => store.listItems('x', { limit: 1 }),
          () => store.updateItem('x', 'i', {}),
          () => store.deleteItems('x', { ids: [] }),
          () => store.count('x'),
          () => store.listLabels('x'),
          () => store.attachThumbnails('x', []),
          () => store.search('x', vector, { k: 1 }),
          () => store.searchMany('x', [vector], { k: 1 }),
          async () => {
            for await (const _ of store.iterate('x')) {
              throw new Error('yielded an item');
            }
          },
        ];
        for (const call of calls) {
          await expect(call()).rejects.toEqual(code('collection_not_found'));
        }
      });
    });

    describe('items', () => {
      beforeEach(() => store.createCollection(spec()));

      it('returns what was put, also after reopening', async () => {
        const first = item(3, DIMENSION);
        const bare = item(4, DIMENSION, { label: null, source: null, thumbnail: null, metadata: {} });
        const [created] = await store.put('pets', [first, bare]);
        expect(created).toEqual({ id: first.id, status: 'created', label: first.label });
        for (const check of [async () => {}, reopen]) {
          await check();
          const { thumbnail, vector, ...plain } = first;
          expect(await store.getItem('pets', first.id)).toMatchObject({ ...plain, hasThumbnail: true });
          expect(await store.getVector('pets', first.id)).toEqual(vector);
          expect(Array.from(await store.getThumbnail('pets', first.id))).toEqual(Array.from(thumbnail!));
          expect(await store.getItem('pets', bare.id)).toMatchObject({
            label: null,
            source: null,
            metadata: {},
            hasThumbnail: false,
          });
          await expect(store.getThumbnail('pets', bare.id)).rejects.toEqual(code('thumbnail_not_found'));
        }
      });

      it('gives items that have no thumbnail one, and replaces none', async () => {
        const [first, bare] = [item(3, DIMENSION), item(4, DIMENSION, { thumbnail: null })];
        await store.put('pets', [first, bare]);
        const picture = (id: string, n: number) => ({ id, thumbnail: Uint8Array.of(n) });
        expect(
          await store.attachThumbnails('pets', [picture(first.id, 7), picture(bare.id, 8), picture('x', 9)]),
        ).toEqual([bare.id]);
        await reopen();
        expect(Array.from(await store.getThumbnail('pets', bare.id))).toEqual([8]);
        expect(Array.from(await store.getThumbnail('pets', first.id))).toEqual(Array.from(first.thumbnail!));
        expect((await store.getItem('pets', bare.id)).hasThumbnail).toBe(true);
      });

      it('keeps an item whose id or content is known as it was', async () => {
        const first = item(1, DIMENSION);
        await store.put('pets', [first]);
        const results = await store.put('pets', [
          item(1, DIMENSION, { label: 'changed', sha256: 'other' }),
          item(1, DIMENSION, { label: 'changed', id: 'other' }),
          item(2, DIMENSION),
          item(2, DIMENSION, { label: 'second of its kind' }),
        ]);
        expect(results.map((r) => r.status)).toEqual(['exists', 'exists', 'created', 'exists']);
        expect(results[1]).toEqual({ id: first.id, status: 'exists', label: first.label });
        expect(await store.count('pets')).toBe(2);
        expect((await store.getItem('pets', first.id)).label).toBe(first.label);
        expect(await store.put('pets', [])).toEqual([]);
      });

      it('stores all of a put or nothing', async () => {
        for (const bad of [
          vectorOf(2, DIMENSION - 1),
          new Float32Array(DIMENSION),
          new Float32Array(DIMENSION).fill(Number.NaN),
          vectorOf(2, DIMENSION).fill(Number.POSITIVE_INFINITY, 3, 4),
        ]) {
          const put = store.put('pets', [item(1, DIMENSION), item(2, DIMENSION, { vector: bad })]);
          await expect(put).rejects.toEqual(code('vector_invalid'));
        }
        expect(await store.count('pets')).toBe(0);
        expect(await store.search('pets', vectorOf(1, DIMENSION), { k: 5 })).toEqual([]);
      });

      it('keeps the errors of concurrent puts apart', async () => {
        const settled = await Promise.allSettled([
          store.put('pets', [item(1, DIMENSION)]),
          store.put('pets', [item(2, DIMENSION, { vector: new Float32Array(3) })]),
          store.put('pets', [item(3, DIMENSION), item(1, DIMENSION)]),
        ]);
        expect(settled.map((s) => s.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect(await store.count('pets')).toBe(2);
      });

      it('tells which contents are known', async () => {
        const items = [item(1, DIMENSION), item(2, DIMENSION)];
        await store.put('pets', items);
        const known = await store.findKnown('pets', [items[1]!.sha256, 'nothing', items[0]!.sha256]);
        expect(known).toEqual(new Map(items.map(({ sha256, id, label }) => [sha256, { id, label }])));
      });

      it('updates what a patch names and keeps the rest', async () => {
        const first = item(1, DIMENSION);
        await store.put('pets', [first]);
        const updated = await store.updateItem('pets', first.id, { label: 'renamed' });
        expect(updated).toMatchObject({ label: 'renamed', source: first.source, metadata: first.metadata });
        await store.updateItem('pets', first.id, {
          source: null,
          metadata: { species: 'cat', deep: { a: [1] } },
        });
        await reopen();
        expect(await store.getItem('pets', first.id)).toMatchObject({
          label: 'renamed',
          source: null,
          metadata: { species: 'cat', deep: { a: [1] } },
        });
        const [hit] = await store.search('pets', first.vector, { k: 1, filter: { species: ['cat'] } });
        expect(hit!.item.label).toBe('renamed');
        expect(await store.listLabels('pets')).toEqual([{ label: 'renamed', count: 1 }]);
      });

      it('deletes, and takes deleted content again', async () => {
        const items = [1, 2, 3].map((n) => item(n, DIMENSION));
        await store.put('pets', items);
        expect(await store.deleteItems('pets', { ids: [items[0]!.id, 'nothing', items[0]!.id] })).toBe(1);
        expect(await store.count('pets')).toBe(2);
        await expect(store.getItem('pets', items[0]!.id)).rejects.toEqual(code('item_not_found'));
        await expect(store.getVector('pets', items[0]!.id)).rejects.toEqual(code('item_not_found'));
        await expect(store.getThumbnail('pets', items[0]!.id)).rejects.toEqual(code('item_not_found'));
        await expect(store.updateItem('pets', items[0]!.id, {})).rejects.toEqual(code('item_not_found'));
        const ids = (await store.search('pets', items[0]!.vector, { k: 3 })).map((hit) => hit.item.id);
        expect(ids.sort()).toEqual([items[1]!.id, items[2]!.id].sort());
        expect((await store.put('pets', [items[0]!]))[0]!.status).toBe('created');
        const [hit] = await store.search('pets', items[0]!.vector, { k: 1 });
        expect(hit!.item.id).toBe(items[0]!.id);
      });

      it('counts labels, most first', async () => {
        const labels = ['b', 'a', 'b', null, 'b', 'a'];
        await store.put(
          'pets',
          labels.map((label, n) => item(n, DIMENSION, { label })),
        );
        expect(await store.listLabels('pets')).toEqual([
          { label: 'b', count: 3 },
          { label: 'a', count: 2 },
          { label: null, count: 1 },
        ]);
      });

      it('lists in order of insertion, page by page, while items come and go', async () => {
        const items = Array.from({ length: 25 }, (_, n) => item(n, DIMENSION));
        await store.put('pets', items);
        const first = await store.listItems('pets', { limit: 10 });
        expect(first.items.map((i) => i.id)).toEqual(items.slice(0, 10).map((i) => i.id));
        await store.deleteItems('pets', { ids: [items[3]!.id, items[12]!.id] });
        await store.put('pets', [item(100, DIMENSION)]);
        const second = await store.listItems('pets', { limit: 10, cursor: first.next! });
        const third = await store.listItems('pets', { limit: 10, cursor: second.next! });
        const rest = [...items.slice(10, 12), ...items.slice(13), item(100, DIMENSION)].map((i) => i.id);
        expect([...second.items, ...third.items].map((i) => i.id)).toEqual(rest);
        expect(third.next).toBeNull();
        const exact = await store.listItems('pets', { limit: 24 });
        expect([exact.items.length, exact.next]).toEqual([24, null]);
        for (const bad of ['x', '-1', '1.5', `${first.next} `]) {
          await expect(store.listItems('pets', { limit: 10, cursor: bad })).rejects.toEqual(
            code('invalid_request'),
          );
        }
        for (const limit of [0, 1001, 1.5]) {
          await expect(store.listItems('pets', { limit })).rejects.toEqual(code('invalid_request'));
        }
      });

      it('iterates over all items with their vectors, filtered or not', async () => {
        const items = Array.from({ length: 600 }, (_, n) => item(n, DIMENSION));
        await store.put('pets', items);
        const seen = [];
        for await (const { id, vector } of store.iterate('pets')) {
          seen.push({ id, vector });
        }
        expect(seen).toEqual(items.map(({ id, vector }) => ({ id, vector })));
        let cats = 0;
        for await (const { metadata, id, vector } of store.iterate('pets', {
          filter: { species: ['cat'] },
        })) {
          expect(metadata.species).toBe('cat');
          expect(vector).toEqual(items.find((i) => i.id === id)!.vector);
          cats++;
        }
        expect(cats).toBe(300);
      });

      it('reports its state, and refuses work once closed', async () => {
        await store.put('pets', [item(1, DIMENSION)]);
        const stats = await store.stats();
        expect(stats.diskBytes).toBeGreaterThan(0);
        expect(stats.notices).toEqual([]);
        const pending = store.put('pets', [item(2, DIMENSION)]);
        await Promise.all([store.close(), store.close()]);
        expect((await pending)[0]!.status).toBe('created');
        await expect(store.count('pets')).rejects.toEqual(code('shutting_down'));
        store = await under.open();
        expect(await store.count('pets')).toBe(2);
      });
    });

    searchContract(() => store, spec);

    describe('with a collection', () => {
      beforeEach(() => store.createCollection(spec()).then(() => {}));
      metadataContract(() => store, DIMENSION);
      reembedContract(() => store, { dimension: DIMENSION, fingerprint: spec().fingerprint, reopen });
    });

    it('gives similarities that are cosines of the vectors as stored', async () => {
      await store.createCollection(spec());
      const items = [1, 2, 3].map((n) =>
        item(n, DIMENSION, { vector: vectorOf(n, DIMENSION).map((x) => x * 10 ** n) }),
      );
      await store.put('pets', items);
      const query = vectorOf(9, DIMENSION);
      const hits = await store.search('pets', query, { k: 3 });
      expect(hits.map((h) => h.item.id)).toEqual(nearestIds(items, query, 3));
      for (const { item: found, similarity } of hits) {
        expect(similarity).toBeCloseTo(cosine(query, items.find((i) => i.id === found.id)!.vector), 5);
      }
    });
  });
}
