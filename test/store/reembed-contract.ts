/** What moving a collection to another embedding space keeps, and when it happens. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { NewItem, Space, Store } from '../../src/store/store.js';
import { item, nearestIds, vectorOf } from './items.js';

const code = (expected: string) => expect.objectContaining({ name: 'PawdexError', code: expected });
const ITEMS = 60;
const NEXT: Space = { fingerprint: 'e'.repeat(64), dimension: 24, model: 'next-model' };
/** The vector of an item in the next space. */
const nextVector = (n: number) => vectorOf(n + 10_000, NEXT.dimension);

/** @param get the open store, with an empty collection `pets` */
export function reembedContract(
  get: () => Store,
  { dimension, fingerprint, reopen }: { dimension: number; fingerprint: string; reopen: () => Promise<void> },
): void {
  const all = Array.from({ length: ITEMS }, (_, n) => item(n, dimension));
  const moved = (items: NewItem[], numberOf: (item: NewItem) => number) =>
    items.map((each) => ({ ...each, vector: nextVector(numberOf(each)) }));
  const put = (numbers: number[]) =>
    get().putSuccessorVectors(
      'pets',
      NEXT.fingerprint,
      numbers.map((n) => ({ id: item(n, dimension).id, vector: nextVector(n) })),
    );
  const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
  const finish = async () => {
    for (;;) {
      const state = await get().finishReembedding('pets', NEXT.fingerprint);
      if (state.state !== 'indexing') {
        return state;
      }
    }
  };
  const unembedded = async () => {
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await get().listUnembedded('pets', { limit: 7, cursor });
      ids.push(...page.items.map(({ id }) => id));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return ids;
  };

  describe('re-embedding', () => {
    beforeEach(async () => {
      await get().put('pets', all);
      await get().updateCollection('pets', { calibration: { fitted: true }, aliases: ['zoo'] });
      await get().beginReembedding('pets', NEXT);
    });

    it('answers from the old vectors until it is finished, then from the new ones, with everything else kept', async () => {
      expect(await unembedded()).toEqual(all.map(({ id }) => id));
      expect(await put(range(0, ITEMS - 1))).toBe(ITEMS - 1);
      expect(await finish()).toEqual({ state: 'missing', missing: 1 });
      const before = (await get().search('zoo', vectorOf(3, dimension), { k: 5 })).map((hit) => hit.item.id);
      expect(before).toEqual(nearestIds(all, vectorOf(3, dimension), 5));
      await put([ITEMS - 1]);
      expect(await unembedded()).toEqual([]);
      const described = await get().listItems('pets', { limit: 100 });
      expect(await finish()).toEqual({ state: 'swapped' });
      for (const check of [async () => {}, reopen]) {
        await check();
        expect(await get().getCollection('zoo')).toMatchObject({
          ...NEXT,
          name: 'pets',
          count: ITEMS,
          calibration: null,
          reembedding: null,
          aliases: ['zoo'],
        });
        const query = nextVector(3);
        const hits = await get().search('pets', query, { k: 5 });
        const expected = moved(all, (each) => all.indexOf(each));
        expect(hits.map((hit) => hit.item.id)).toEqual(nearestIds(expected, query, 5));
        expect(await get().listItems('zoo', { limit: 100 })).toEqual(described);
        expect(await get().getVector('pets', all[9]!.id)).toEqual(nextVector(9));
        expect(await get().getThumbnail('pets', all[9]!.id)).toEqual(all[9]!.thumbnail);
        expect(await finish()).toEqual({ state: 'swapped' });
      }
    });

    it('follows what is put, deleted and changed meanwhile', async () => {
      await put(range(0, ITEMS));
      const late = item(ITEMS, dimension, {
        successorVector: { fingerprint: NEXT.fingerprint, vector: nextVector(ITEMS) },
      });
      await get().put('pets', [late, item(ITEMS + 1, dimension)]);
      await get().deleteItems('pets', { ids: [all[0]!.id] });
      expect(await finish()).toEqual({ state: 'missing', missing: 1 });
      await get().deleteItems('pets', { ids: [all[1]!.id] });
      await get().updateItem('pets', all[2]!.id, { label: 'renamed' });
      const later = item(ITEMS + 2, dimension, {
        successorVector: { fingerprint: NEXT.fingerprint, vector: nextVector(ITEMS + 2) },
      });
      await get().put('pets', [later]);
      expect(await unembedded()).toEqual([item(ITEMS + 1, dimension).id]);
      await put([ITEMS + 1]);
      expect(await finish()).toEqual({ state: 'swapped' });
      expect(await get().count('pets')).toBe(ITEMS + 1);
      const hits = await get().search('pets', nextVector(ITEMS + 2), { k: ITEMS + 1 });
      expect(hits).toHaveLength(ITEMS + 1);
      expect(hits[0]!.item.id).toBe(later.id);
      expect(hits.find(({ item: { id } }) => id === all[2]!.id)?.item.label).toBe('renamed');
      const labels = await get().listLabels('pets');
      expect(labels.find(({ label }) => label === 'renamed')?.count).toBe(1);
      await reopen();
      expect(await get().search('pets', nextVector(ITEMS + 2), { k: ITEMS + 1 })).toEqual(hits);
    });

    it('goes on after a restart with what was stored', async () => {
      await put(range(0, 20));
      await reopen();
      expect(await get().getCollection('pets')).toMatchObject({ reembedding: NEXT, fingerprint });
      await get().beginReembedding('pets', NEXT);
      expect(await unembedded()).toEqual(all.slice(20).map(({ id }) => id));
    });

    it('refuses vectors of a space that it is not moving to', async () => {
      const third = { fingerprint: 'd'.repeat(64), dimension: NEXT.dimension, model: 'third' };
      await put(range(0, ITEMS));
      await get().beginReembedding('pets', third);
      expect(await unembedded()).toHaveLength(ITEMS);
      await expect(put([1])).rejects.toEqual(code('space_changed'));
      await expect(finish()).rejects.toEqual(code('space_changed'));
      const wrong = get().putSuccessorVectors('pets', third.fingerprint, [
        { id: all[0]!.id, vector: vectorOf(1, 3) },
      ]);
      await expect(wrong).rejects.toEqual(code('vector_invalid'));
    });

    it('moves back again, and on', async () => {
      await put(range(0, ITEMS));
      await finish();
      const back: Space = { fingerprint, dimension, model: 'test-model' };
      await get().beginReembedding('pets', back);
      expect(await unembedded()).toHaveLength(ITEMS);
      await get().putSuccessorVectors('pets', fingerprint, all);
      while ((await get().finishReembedding('pets', fingerprint)).state !== 'swapped') {}
      expect(
        (await get().search('pets', vectorOf(3, dimension), { k: 5 })).map((hit) => hit.item.id),
      ).toEqual(nearestIds(all, vectorOf(3, dimension), 5));
      await get().deleteCollection('pets');
      await expect(get().count('zoo')).rejects.toEqual(code('collection_not_found'));
    });

    it('refuses a search or put of the former space', async () => {
      await put(range(0, ITEMS));
      await finish();
      const query = vectorOf(3, NEXT.dimension);
      await expect(get().search('pets', query, { k: 1, space: fingerprint })).rejects.toEqual(
        code('space_changed'),
      );
      await expect(get().searchMany('pets', [query], { k: 1, space: fingerprint })).rejects.toEqual(
        code('space_changed'),
      );
      // Also if vectors of the former space have another length, so that the caller embeds again.
      const former = vectorOf(3, dimension);
      await expect(get().searchMany('pets', [former], { k: 1, space: fingerprint })).rejects.toEqual(
        code('space_changed'),
      );
      await expect(get().put('pets', [item(99, dimension)], fingerprint)).rejects.toEqual(
        code('space_changed'),
      );
    });

    it('keeps originals until their item is deleted', async () => {
      await get().updateCollection('pets', { originals: 'full' });
      await get().put('pets', [item(500, dimension, { original: Uint8Array.of(1, 2, 3) })]);
      await reopen();
      expect(await get().getCollection('pets')).toMatchObject({ originals: 'full' });
      expect(Array.from((await get().getOriginal('pets', item(500, dimension).id))!)).toEqual([1, 2, 3]);
      expect(await get().getOriginal('pets', all[0]!.id)).toBeNull();
    });
  });
}
