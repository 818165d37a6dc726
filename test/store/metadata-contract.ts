/** What filters on metadata find, and what many items at once are changed by. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Filter, Metadata, Store } from '../../src/store/store.js';
import { item, vectorOf } from './items.js';

const long = (end: string) => 'x'.repeat(500) + end;
const METADATA: Metadata[] = [
  { n: 1, tags: ['indoor', 'red'], camera: { model: 'X100', lens: { mm: 23 } } },
  { n: '1', tags: ['outdoor'], camera: { model: 'X200' } },
  { n: true, tags: 'indoor', 'camera.model': 'X100' },
  { n: 1.5, rooms: [{ name: 'hall' }, { name: 'kitchen' }], note: long('a') },
  { n: null, tags: [], note: long('b'), species: 'cat' },
  { species: ['cat', 'dog'], tags: [['indoor']] },
];

/** @param get the open store, with an empty collection `pets` of this dimension */
export function metadataContract(get: () => Store, dimension: number): void {
  const items = METADATA.map((metadata, n) => item(n, dimension, { metadata }));
  const numbers = (ids: { id: string }[]) =>
    ids.map(({ id }) => items.findIndex((each) => each.id === id)).sort();

  describe('an item', () => {
    beforeEach(() =>
      get()
        .put('pets', items)
        .then(() => {}),
    );

    const finds: [string, Filter, number[]][] = [
      ['a number, and not the same digits as text', { metadata: { n: 1 } }, [0]],
      ['text', { metadata: { n: '1' } }, [1]],
      ['a boolean', { metadata: { n: true } }, [2]],
      ['a number with a fraction', { metadata: { n: 1.5 } }, [3]],
      ['an element of an array, as well as the value alone', { metadata: { tags: 'indoor' } }, [0, 2, 5]],
      ['a key inside another, however it is written', { metadata: { 'camera.model': 'X100' } }, [0, 2]],
      ['a key two levels down', { metadata: { 'camera.lens.mm': 23 } }, [0]],
      ['a key of the objects in an array', { metadata: { 'rooms.name': 'kitchen' } }, [3]],
      ['a long text, to its end', { metadata: { note: long('b') } }, [4]],
      ['two conditions at once', { metadata: { tags: 'indoor', 'camera.model': 'X100' } }, [0, 2]],
      ['species among several', { species: ['cat', 'dog'] }, [4, 5]],
      ['a text anywhere in it', { text: 'OUTDOOR' }, [1]],
      ['a text and a condition', { text: 'indoor', species: ['cat', 'dog'] }, [5]],
      ['nothing where the key is absent', { metadata: { nowhere: 1 } }, []],
    ];
    it.each(finds)('is found by %s', async (_, filter, expected) => {
      const store = get();
      expect(numbers((await store.listItems('pets', { limit: 100, filter })).items)).toEqual(expected);
      expect(await store.count('pets', filter)).toBe(expected.length);
      const hits = await store.search('pets', vectorOf(3, dimension), { k: 10, filter });
      expect(numbers(hits.map((hit) => hit.item))).toEqual(expected);
      const seen = [];
      for await (const each of store.iterate('pets', { filter })) {
        seen.push(each);
      }
      expect(numbers(seen)).toEqual(expected);
    });

    it('is found by a text in its label or source, in any case, with spaces for underscores', async () => {
      const store = get();
      await store.updateItem('pets', items[1]!.id, { label: 'Blaue_Tür', source: null });
      await store.updateItem('pets', items[3]!.id, { label: null, source: 'Ordner/Bild 100%.jpg' });
      const found = async (text: string) =>
        numbers((await store.listItems('pets', { limit: 100, filter: { text } })).items);
      expect(await found('blaue tu\u0308r')).toEqual([1]);
      expect(await found('100%')).toEqual([3]);
      expect(await found('tür%')).toEqual([]);
    });

    it('is found by metadata that an update has added, and not by what it has removed', async () => {
      const store = get();
      await store.updateItem('pets', items[0]!.id, { metadata: { tags: ['red', 'blue'] } });
      await store.deleteItems('pets', { ids: [items[2]!.id] });
      const count = (metadata: NonNullable<Filter['metadata']>) => store.count('pets', { metadata });
      expect(
        await Promise.all([count({ tags: 'indoor' }), count({ tags: 'blue' }), count({ n: 1 })]),
      ).toEqual([1, 1, 0]);
      expect(await count({ 'camera.model': 'X100' })).toBe(0);
    });

    it('is counted by the values of its metadata, most frequent first', async () => {
      const store = get();
      expect(await store.listFacets('pets', 'tags', 10)).toEqual([
        { value: 'indoor', count: 3 },
        { value: 'outdoor', count: 1 },
        { value: 'red', count: 1 },
      ]);
      expect(await store.listFacets('pets', 'tags', 1)).toHaveLength(1);
      expect(await store.listFacets('pets', 'nowhere', 10)).toEqual([]);
      const values = async (path: string) =>
        (await store.listFacets('pets', path, 10)).map(({ value }) => value);
      expect(new Set(await values('n'))).toEqual(new Set([1, '1', true, 1.5]));
      expect(new Set(await values('note'))).toEqual(new Set([long('a'), long('b')]));
    });
  });

  describe('changing many items', () => {
    const many = Array.from({ length: 3000 }, (_, n) => item(n, dimension));
    beforeEach(() =>
      get()
        .put('pets', many)
        .then(() => {}),
    );

    it('changes those that match a filter', async () => {
      const store = get();
      const patch = { label: 'poodle', mergeMetadata: { checked: true, n: null } };
      expect(await store.updateItems('pets', { filter: { species: ['dog'] } }, patch)).toBe(1500);
      const changed = await store.getItem('pets', many[1]!.id);
      expect(changed).toMatchObject({ label: 'poodle', source: 'photos/1.jpg' });
      expect(changed.metadata).toEqual({ species: 'dog', even: false, checked: true });
      expect((await store.listLabels('pets'))[0]).toEqual({ label: 'poodle', count: 1500 });
      expect(await store.count('pets', { metadata: { checked: true } })).toBe(1500);
      const [hit] = await store.search('pets', many[1]!.vector, { k: 1 });
      expect(hit!.item.label).toBe('poodle');
    });

    it('changes those whose ids exist', async () => {
      const store = get();
      const ids = ['nobody', many[5]!.id, many[6]!.id];
      expect(await store.updateItems('pets', { ids }, { label: null, metadata: { a: 1 } })).toBe(2);
      expect(await store.getItem('pets', many[5]!.id)).toMatchObject({ label: null, metadata: { a: 1 } });
    });

    it('deletes those that match a filter or whose ids are given', async () => {
      const store = get();
      expect(await store.deleteItems('pets', { filter: { species: ['dog'], label: ['breed-1'] } })).toBe(300);
      expect(await store.deleteItems('pets', { ids: [many[0]!.id, 'nobody'] })).toBe(1);
      expect(await store.count('pets')).toBe(2699);
      expect(await store.count('pets', { species: ['dog'] })).toBe(1200);
      expect(await store.put('pets', [many[0]!])).toMatchObject([{ status: 'created' }]);
    });

    it('refuses a filter without a condition', async () => {
      const store = get();
      const refused = { code: 'invalid_request' };
      await expect(store.updateItems('pets', { filter: {} }, { label: 'x' })).rejects.toMatchObject(refused);
      await expect(store.deleteItems('pets', { filter: { metadata: {} } })).rejects.toMatchObject(refused);
      expect(await store.count('pets')).toBe(3000);
    });
  });
}
