import request from 'supertest';
import { beforeEach, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from '../helpers/http.js';
import type { MemoryEngine } from '../helpers/memory-engine.js';

const path = '/v1/collections/mine';
let service: TestApp<MemoryEngine>;
beforeEach(async () => {
  service = await testApp();
  await service.engine.createCollection('mine');
  const add = (text: string, label: string | null, species: string) =>
    service.engine.addItems('mine', [{ image: Buffer.from(text), label, metadata: { species } }]);
  await add('a', 'birman', 'cat');
  await add('b', 'beagle', 'dog');
  await add('c', 'beagle', 'dog');
  await add('d', null, 'dog');
});

const send = (action: string, body: object) =>
  request(service.app).post(`${path}/items/${action}`).send(body);

describe('changing many items', () => {
  it('updates items by a filter or by ids', async () => {
    const byFilter = await send('update', { filter: { label: 'beagle' }, label: 'hound' });
    expect([byFilter.status, byFilter.body]).toEqual([200, { updated: 2 }]);
    const { items } = await service.engine.store.listItems('mine', { limit: 1 });
    const byIds = await send('update', { ids: [items[0]!.id, 'nobody'], mergeMetadata: { age: 3 } });
    expect(byIds.body).toEqual({ updated: 1 });
    expect((await service.engine.store.listItems('mine', { limit: 1 })).items[0]!.metadata).toEqual({
      species: 'cat',
      age: 3,
    });
  });

  it('takes as many ids as documented', async () => {
    const ids = Array.from({ length: 10_000 }, (_, i) => String(i).padStart(32, '0'));
    expect((await send('delete', { ids })).body).toEqual({ deleted: 0 });
    const tooMany = await send('delete', { ids: [...ids, 'x'] });
    expect([tooMany.status, tooMany.body.errors[0].path]).toEqual([400, 'body.ids']);
  });

  it('deletes items by a filter or by ids', async () => {
    expect((await send('delete', { filter: { species: ['dog'], label: ['beagle'] } })).body).toEqual({
      deleted: 2,
    });
    const { items } = await service.engine.store.listItems('mine', { limit: 9 });
    expect((await send('delete', { ids: items.map(({ id }) => id) })).body).toEqual({ deleted: 2 });
  });

  it.each([
    ['an update of no items', 'update', { label: 'x' }],
    ['an update by ids and a filter', 'update', { ids: ['a'], filter: {}, label: 'x' }],
    ['an update that changes nothing', 'update', { ids: ['a'] }],
    ['an update of an empty list', 'update', { ids: [], label: 'x' }],
    ['a deletion of no items', 'delete', {}],
    ['a deletion with a new label', 'delete', { ids: ['a'], label: 'x' }],
    ['a deletion by an unknown filter', 'delete', { filter: { colour: 'red' } }],
  ])('refuses %s', async (_, action, body) => {
    const { status, body: problem } = await send(action, body);
    expect([status, problem.code]).toEqual([400, 'invalid_request']);
    expect((await service.engine.store.getCollection('mine')).count).toBe(4);
  });

  it('counts items by label and by metadata', async () => {
    const labels = await request(service.app).get(`${path}/labels`);
    expect(labels.body.labels).toEqual([
      { label: 'beagle', count: 2 },
      { label: 'birman', count: 1 },
      { label: null, count: 1 },
    ]);
    const facets = await request(service.app).get(`${path}/facets?field=species&limit=1`);
    expect(facets.body).toEqual({ field: 'species', values: [{ value: 'dog', count: 3 }] });
    expect((await request(service.app).get(`${path}/facets`)).status).toBe(400);
    expect((await request(service.app).get('/v1/collections/nowhere/labels')).status).toBe(404);
  });
});
