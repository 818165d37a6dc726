/** The part of the store contract that is about searching: small collections and such as have a graph. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { CollectionSpec, Filter, NewItem, Store } from '../../src/store/store.js';
import { item, nearestIds, random, vectorOf } from './items.js';

const DIMENSION = 16;
const code = (expected: string) => expect.objectContaining({ name: 'PawdexError', code: expected });

/** Waits until a collection's graph holds every item, or the store says that it will have none. */
export async function graphBuilt(store: Store, collection: string): Promise<void> {
  for (;;) {
    const { index, count } = await store.getCollection(collection);
    if (index.kind === 'exact' || index.indexed === count) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Share of the wanted ids that were found. */
function recall(found: string[][], wanted: string[][]): number {
  let hits = 0;
  for (const [i, ids] of wanted.entries()) {
    hits += ids.filter((id) => found[i]!.includes(id)).length;
  }
  return hits / wanted.flat().length;
}

export function searchContract(
  current: () => Store,
  spec: (changes?: Partial<CollectionSpec>) => CollectionSpec,
): void {
  describe('search', () => {
    let store: Store;
    beforeEach(async () => {
      store = current();
      await store.createCollection(spec());
    });
    const ids = async (query: Float32Array, options: { k: number; filter?: Filter; exclude?: string[] }) =>
      (await store.search('pets', query, options)).map((hit) => hit.item.id);

    it('gives hits their ids, short, long or in any script, also when an item takes the place of another', async () => {
      const others = ['a', 'x'.repeat(33), 'y'.repeat(5000), 'köter', '猫'.repeat(20), '🐕'];
      await store.put('pets', [item(0, DIMENSION), ...others.map((id, n) => item(n + 1, DIMENSION, { id }))]);
      await store.deleteItems('pets', { ids: ['x'.repeat(33), 'a'] });
      await store.put('pets', [item(20, DIMENSION), item(21, DIMENSION, { id: 'z'.repeat(40) })]);
      const wanted = [
        item(0, DIMENSION).id,
        ...others.slice(2),
        item(20, DIMENSION).id,
        'z'.repeat(40),
      ].sort();
      const queries = [vectorOf(1, DIMENSION), vectorOf(2, DIMENSION)];
      for (const hits of await store.searchMany('pets', queries, { k: 100 })) {
        expect(hits.map(({ id }) => id).sort()).toEqual(wanted);
      }
      expect((await ids(queries[0]!, { k: 100 })).sort()).toEqual(wanted);
    });

    it('finds the nearest of few items in order, and all of them when k is larger', async () => {
      const items = Array.from({ length: 30 }, (_, n) => item(n, DIMENSION));
      await store.put('pets', items);
      for (let n = 0; n < 10; n++) {
        const query = vectorOf(1000 + n, DIMENSION);
        expect(await ids(query, { k: 7 })).toEqual(nearestIds(items, query, 7));
        expect(await ids(query, { k: 31 })).toEqual(nearestIds(items, query, 30));
        expect(await ids(query, { k: 1_000_000 })).toHaveLength(30);
      }
      const [hit] = await store.search('pets', items[4]!.vector, { k: 1 });
      expect(hit!.similarity).toBeCloseTo(1, 5);
      const { thumbnail, vector, ...plain } = items[4]!;
      expect(hit!.item).toMatchObject(plain);
    });

    it('gives items as they are now, after they were found before', async () => {
      const items = Array.from({ length: 3 }, (_, n) => item(n, DIMENSION, { thumbnail: null }));
      await store.put('pets', items);
      const [changed, filtered, pictured] = items.map(({ id }) => id) as [string, string, string];
      const find = async () => {
        const hits = await store.search('pets', items[0]!.vector, { k: 3 });
        return new Map(hits.map((hit) => [hit.item.id, hit.item]));
      };
      await find();
      await store.updateItem('pets', changed, { label: 'changed', metadata: { a: ['ä', { b: null }] } });
      await store.updateItems('pets', { filter: { label: ['breed-1'] } }, { source: 'elsewhere' });
      await store.attachThumbnails('pets', [{ id: pictured, thumbnail: Uint8Array.of(1) }]);
      const found = await find();
      expect(found.get(changed)).toEqual(await store.getItem('pets', changed));
      expect(found.get(changed)).toMatchObject({ label: 'changed', metadata: { a: ['ä', { b: null }] } });
      expect(found.get(filtered)!.source).toBe('elsewhere');
      expect(found.get(pictured)!.hasThumbnail).toBe(true);
      await store.deleteItems('pets', { ids: [filtered] });
      expect([...(await find()).keys()].sort()).toEqual([changed, pictured].sort());
    });

    it('leaves out what is excluded without returning fewer', async () => {
      const items = Array.from({ length: 12 }, (_, n) => item(n, DIMENSION));
      await store.put('pets', items);
      const query = items[0]!.vector;
      const ranked = nearestIds(items, query, 12);
      expect(await ids(query, { k: 5, exclude: [ranked[0]!, ranked[2]!, 'nothing'] })).toEqual(
        ranked.filter((_, i) => i !== 0 && i !== 2).slice(0, 5),
      );
      expect(await ids(query, { k: 12, exclude: ranked.slice(1) })).toEqual([ranked[0]]);
    });

    it('filters by label, species, metadata and content, together and apart', async () => {
      const items = Array.from({ length: 60 }, (_, n) =>
        item(n, DIMENSION, {
          label: n % 10 === 9 ? null : `breed-${n % 5}`,
          metadata: {
            species: n % 2 === 0 ? 'cat' : 'dog',
            n,
            even: n % 2 === 0,
            'key "quoted"': `it's ${n % 3}`,
            '$.n': n % 4,
          },
        }),
      );
      await store.put('pets', items);
      const query = vectorOf(77, DIMENSION);
      const cases: [Filter, (n: number) => boolean][] = [
        [{}, () => true],
        [{ label: ['breed-1', 'breed-2'] }, (n) => n % 5 === 1 || n % 5 === 2],
        [{ label: [] }, () => false],
        [{ label: ["breed-1'; DROP TABLE items; --"] }, () => false],
        [{ species: ['cat'] }, (n) => n % 2 === 0],
        [{ species: ['cat', 'dog'], label: ['breed-3'] }, (n) => n % 5 === 3],
        [{ metadata: { even: true } }, (n) => n % 2 === 0],
        [{ metadata: { even: 'true' } }, () => false],
        [{ metadata: { even: 1 } }, () => false],
        [{ metadata: { n: 7 } }, (n) => n === 7],
        [{ metadata: { n: '7' } }, () => false],
        [{ metadata: { 'key "quoted"': "it's 1" } }, (n) => n % 3 === 1],
        [{ metadata: { '$.n': 2, even: true }, species: ['cat'] }, (n) => n % 4 === 2],
        [{ metadata: { missing: 'x' } }, () => false],
        [{ sha256: [items[5]!.sha256, items[6]!.sha256] }, (n) => n === 5 || n === 6],
      ];
      for (const [filter, matches] of cases) {
        const matching = items.filter((_, n) => matches(n));
        expect(await ids(query, { k: 100, filter }), JSON.stringify(filter)).toEqual(
          nearestIds(matching, query, 100),
        );
        expect(await store.count('pets', filter)).toBe(matching.length);
        const listed = await store.listItems('pets', { limit: 1000, filter });
        expect(listed.items.map((i) => i.id)).toEqual(matching.map((i) => i.id));
      }
      const page = await store.listItems('pets', { limit: 4, filter: { species: ['cat'] } });
      const next = await store.listItems('pets', {
        limit: 4,
        cursor: page.next!,
        filter: { species: ['cat'] },
      });
      expect(next.items.map((i) => i.metadata.n)).toEqual([8, 10, 12, 14]);
    });

    it('searches many at once in the order of the queries', async () => {
      const items = Array.from({ length: 40 }, (_, n) => item(n, DIMENSION));
      await store.put('pets', items);
      const queries = Array.from({ length: 9 }, (_, n) => vectorOf(500 + n, DIMENSION));
      const found = await store.searchMany('pets', queries, { k: 6 });
      expect(found.map((hits) => hits.map((hit) => hit.id))).toEqual(
        queries.map((query) => nearestIds(items, query, 6)),
      );
      for (const hit of found.flat()) {
        expect(hit.label).toBe(items.find((i) => i.id === hit.id)!.label);
      }
      expect(await store.searchMany('pets', [], { k: 6 })).toEqual([]);
    });

    it('ends a search of many with an error if the collection is deleted meanwhile', async () => {
      const items = Array.from({ length: 1000 }, (_, n) => item(n, DIMENSION));
      const queries = Array.from({ length: 2000 }, (_, n) => vectorOf(n, DIMENSION));
      for (let round = 0; round < 10; round++) {
        await store.put('pets', items);
        const outcome = store.searchMany('pets', queries, { k: 6, exact: true }).then(
          () => 'answered',
          (error) => error.code,
        );
        await new Promise((resolve) => setTimeout(resolve, round));
        await store.deleteCollection('pets');
        expect(['answered', 'collection_not_found']).toContain(await outcome);
        await store.createCollection(spec());
      }
    });

    it('searches many exactly as one by one, also while items are deleted', async () => {
      const items = Array.from({ length: 1300 }, (_, n) => item(n, DIMENSION));
      await store.put('pets', items);
      const queries = Array.from({ length: 37 }, (_, n) => vectorOf(500 + n, DIMENSION));
      const exact = { k: 6, exact: true };
      const found = await store.searchMany('pets', queries, exact);
      expect(found.map((hits) => hits.map(({ id }) => id))).toEqual(
        queries.map((query) => nearestIds(items, query, 6)),
      );
      const gone = items.filter((_, n) => n % 3 !== 0).map(({ id }) => id);
      const [meanwhile] = await Promise.all([
        store.searchMany('pets', queries, exact),
        store.deleteItems('pets', { ids: gone }),
      ]);
      expect(meanwhile.every((hits) => hits.length === 6)).toBe(true);
      const left = items.filter((_, n) => n % 3 === 0);
      expect(
        (await store.searchMany('pets', queries, exact)).map((hits) => hits.map(({ id }) => id)),
      ).toEqual(queries.map((query) => nearestIds(left, query, 6)));
    });

    it('refuses queries and settings that make no sense', async () => {
      await store.put('pets', [item(1, DIMENSION)]);
      const good = vectorOf(1, DIMENSION);
      for (const bad of [vectorOf(1, 8), new Float32Array(DIMENSION), good.map(() => Number.NaN)]) {
        await expect(store.search('pets', bad, { k: 1 })).rejects.toEqual(code('vector_invalid'));
        await expect(store.searchMany('pets', [good, bad], { k: 1 })).rejects.toEqual(code('vector_invalid'));
      }
      for (const k of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
        await expect(store.search('pets', good, { k })).rejects.toEqual(code('invalid_request'));
      }
      await expect(store.search('pets', good, { k: 1, ef: 0 })).rejects.toEqual(code('invalid_request'));
      expect(await ids(good, { k: 1 })).toHaveLength(1);
    });

    it('finds the neighbours in a large collection, however narrow the filter and whatever was deleted', async () => {
      // Clusters, as embeddings of breeds are: 50 of 120 items each.
      const next = random(7);
      const items: NewItem[] = Array.from({ length: 6000 }, (_, n) => {
        const centre = vectorOf(10_000 + (n % 50), DIMENSION);
        return item(n, DIMENSION, {
          label: `breed-${n % 50}`,
          vector: centre.map((x) => x + (next() - 0.5) * 0.6),
        });
      });
      for (let at = 0; at < items.length; at += 1000) {
        await store.put('pets', items.slice(at, at + 1000));
      }
      const queries = Array.from({ length: 40 }, (_, n) =>
        vectorOf(10_000 + n, DIMENSION).map((x) => x + (next() - 0.5) * 0.6),
      );
      const measure = async (among: NewItem[], filter?: Filter, exact = false) => {
        const options = { k: 10, exact, ...(filter ? { filter } : {}) };
        const found = await store.searchMany('pets', queries, options);
        for (const hits of found) {
          expect(hits).toHaveLength(Math.min(10, among.length));
        }
        return recall(
          found.map((hits) => hits.map((hit) => hit.id)),
          queries.map((query) => nearestIds(among, query, 10)),
        );
      };
      expect(await measure(items)).toBeGreaterThan(0.95); // while the graph is being built
      await graphBuilt(store, 'pets');
      expect(await measure(items)).toBeGreaterThan(0.95);
      expect(await measure(items, undefined, true)).toBe(1);
      const where = (test: (n: number) => boolean) => items.filter((_, n) => test(n));
      expect(
        await measure(
          where((n) => n % 50 === 3),
          { label: ['breed-3'] },
        ),
      ).toBe(1);
      expect(
        await measure(
          where((n) => n % 2 === 0),
          { metadata: { even: true } },
        ),
      ).toBeGreaterThan(0.95);
      expect(
        await measure(
          where((n) => n === 42),
          { metadata: { n: 42 } },
        ),
      ).toBe(1);
      const gone = new Set(where((n) => n % 50 < 20).map((i) => i.id));
      expect(await store.deleteItems('pets', { ids: [...gone] })).toBe(2400);
      const left = items.filter((i) => !gone.has(i.id));
      expect(await measure(left)).toBeGreaterThan(0.95);
      await graphBuilt(store, 'pets');
      expect(await measure(left)).toBeGreaterThan(0.95);
      expect(await store.count('pets')).toBe(3600);
    });
  });
}
