import request from 'supertest';
import { beforeEach, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from '../helpers/http.js';
import type { MemoryEngine } from '../helpers/memory-engine.js';

const items = '/v1/collections/mine/items';
const bytes = (text: string) => Buffer.from(text);
const base64 = (text: string) => bytes(text).toString('base64');

let service: TestApp<MemoryEngine>;
beforeEach(async () => {
  service = await testApp();
  await service.engine.createCollection('mine');
});
const stored = async () => (await service.engine.store.listItems('mine', { limit: 100 })).items;

describe('adding items', () => {
  it('takes one file with label, source and metadata', async () => {
    const { status, body } = await request(service.app)
      .post(items)
      .field('label', 'siamese')
      .field('source', 'photos/a.jpg')
      .field('metadata', '{"species":"cat","age":3}')
      .attach('image', bytes('a'), 'a.jpg');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      created: 1,
      exists: 0,
      failed: 0,
      results: [{ status: 'created', label: 'siamese' }],
    });
    expect(await stored()).toMatchObject([
      { id: body.results[0].id, source: 'photos/a.jpg', metadata: { species: 'cat', age: 3 }, size: 1 },
    ]);
  });

  it('takes many files, with values for all and for each; a file name is the default source', async () => {
    await request(service.app)
      .post(items)
      .field('label', 'birman')
      .field('items', JSON.stringify([{}, { label: 'beagle', source: null }, { metadata: { n: 3 } }]))
      .attach('image', bytes('a'), 'a.jpg')
      .attach('image', bytes('b'), 'b.jpg')
      .attach('image', bytes('c'), 'dir/ç.jpg')
      .expect(200);
    expect(await stored()).toMatchObject([
      { label: 'birman', source: 'a.jpg', metadata: {} },
      { label: 'beagle', source: null },
      { label: 'birman', source: 'ç.jpg', metadata: { n: 3 } },
    ]);
  });

  it('takes JSON, where invalid base64 fails alone and in its place', async () => {
    const { body } = await request(service.app)
      .post(items)
      .send({
        label: 'birman',
        items: [
          { imageBase64: base64('a') },
          { imageBase64: 'a*b!' },
          { imageBase64: '' },
          { imageBase64: base64('b'), label: null },
        ],
      });
    expect(body).toMatchObject({ created: 2, exists: 0, failed: 2 });
    expect(body.results).toMatchObject([
      { status: 'created', label: 'birman' },
      { status: 'failed', error: { code: 'invalid_request', hint: expect.any(String) } },
      { status: 'failed', error: { code: 'image_empty' } },
      { status: 'created', label: null },
    ]);
  });

  it('is idempotent by content', async () => {
    const send = (label: string) =>
      request(service.app).post(items).field('label', label).attach('image', bytes('a'), 'a');
    const first = await send('siamese');
    const second = await send('other');
    expect(second.body).toEqual({
      created: 0,
      exists: 1,
      updated: 0,
      failed: 0,
      results: [{ status: 'exists', id: first.body.results[0].id, label: 'siamese' }],
    });
  });

  it('answers 200 with a result for each, even if all failed', async () => {
    const { status, body } = await request(service.app).post(items).attach('image', Buffer.alloc(0), 'a.jpg');
    expect(status).toBe(200);
    expect(body).toMatchObject({ created: 0, failed: 1, results: [{ error: { code: 'image_empty' } }] });
  });

  it('refuses more files than the limit, and values that do not match the files', async () => {
    const many = request(service.app).post(items);
    for (let i = 0; i < 5; i++) {
      many.attach('image', bytes(`${i}`), 'x');
    }
    const answers = [
      await many,
      await request(service.app)
        .post(items)
        .send({ items: Array(5).fill({ imageBase64: base64('a') }) }),
      await request(service.app).post(items).field('items', '[{},{}]').attach('image', bytes('a'), 'a'),
      await request(service.app).post(items).field('items', '[{').attach('image', bytes('a'), 'a'),
      await request(service.app).post(items).field('metadata', '[1]').attach('image', bytes('a'), 'a'),
      await request(service.app)
        .post(items)
        .field('label', 'x')
        .field('label', 'y')
        .attach('image', bytes('a'), 'a'),
      await request(service.app).post(items).field('tag', 'x').attach('image', bytes('a'), 'a'),
      await request(service.app).post(items).field('label', 'x'),
      await request(service.app).post(items).send({}),
      await request(service.app).post(items).send({ items: [] }),
    ];
    expect(answers.map(({ body }) => body.code)).toEqual([
      'image_unexpected',
      ...Array(6).fill('invalid_request'),
      'image_missing',
      'image_missing',
      'invalid_request',
    ]);
    expect(await stored()).toEqual([]);
  });

  it.each([
    ['deep', `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
    ['large', JSON.stringify({ a: 'x'.repeat(17_000) })],
  ])('refuses metadata that is too %s', async (_, metadata) => {
    expect(
      await request(service.app)
        .post(items)
        .type('json')
        .send(`{"items":[{"imageBase64":"YQ==","metadata":${metadata}}]}`),
    ).toBeProblem(400, 'invalid_request');
  });

  const exact = 'must have whole numbers up to 9007199254740991, larger ones as text';
  it.each([
    ['{"a":1e999}', 'must have finite numbers'],
    ['{"a":[{"b":-1e999}]}', 'must have finite numbers'],
    ['{"chip":9007199254740993}', exact],
    ['{"a":[{"b":-123456789012345678901}]}', exact],
  ])('refuses the number in %s, which would be stored as another one', async (metadata, message) => {
    const { status, body } = await request(service.app)
      .post('/v1/collections/breeds/items')
      .type('json')
      .send(`{"items":[{"imageBase64":"YQ==","metadata":${metadata}}]}`);
    expect([status, body.errors[0].message]).toEqual([400, message]);
  });

  it('refuses a metadata key named __proto__, which would be lost silently', async () => {
    const { status, body } = await request(service.app)
      .post(items)
      .type('json')
      .send('{"items":[{"imageBase64":"YQ==","metadata":{"__proto__":{"polluted":true}}}]}');
    expect([status, body.errors[0].message]).toEqual([400, 'must not have a key __proto__']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe('listing items', () => {
  it('explains which key a filter cannot have', async () => {
    const filter = (key: string) => encodeURIComponent(JSON.stringify({ metadata: { [key]: 1 } }));
    const { status, body } = await request(service.app).get(
      `/v1/collections/breeds/items?filter=${filter('a\u0000')}`,
    );
    expect([status, body.errors[0].message]).toEqual([
      400,
      'has a key that must not contain control characters',
    ]);
    expect((await request(service.app).get(`/v1/collections/breeds/items?filter=${filter('')}`)).status).toBe(
      200,
    );
  });

  it('pages through all of them', async () => {
    const seen: string[] = [];
    let cursor: string | null = '';
    do {
      const at: string = cursor ? `&cursor=${cursor}` : '';
      const { body } = await request(service.app).get(`/v1/collections/breeds/items?limit=2${at}`);
      seen.push(...body.items.map((item: { label: string }) => item.label));
      cursor = body.next;
    } while (cursor !== null);
    expect(seen).toEqual(['siamese', 'birman', 'beagle']);
  });

  it('filters by label, species, hash and JSON', async () => {
    const { items: all } = await service.engine.store.listItems('breeds', { limit: 10 });
    const labels = async (query: string) =>
      (await request(service.app).get(`/v1/collections/breeds/items?${query}`)).body.items.map(
        (item: { label: string }) => item.label,
      );
    expect(await labels('label=beagle&label=birman')).toEqual(['birman', 'beagle']);
    expect(await labels('species=cat')).toEqual(['siamese', 'birman']);
    expect(await labels(`sha256=${all[0]!.sha256},${all[2]!.sha256}`)).toEqual(['siamese', 'beagle']);
    expect(await labels(`filter=${encodeURIComponent('{"metadata":{"species":"dog"}}')}`)).toEqual([
      'beagle',
    ]);
    expect(await labels('species=cat&label=beagle')).toEqual([]);
  });

  it.each([
    'limit=0',
    'limit=1001',
    'limit=x',
    'limit=1&limit=2',
    'cursor=x',
    'sha256=abc',
    'lable=x',
    'filter={',
  ])('refuses ?%s', async (query) => {
    expect(await request(service.app).get(`/v1/collections/breeds/items?${query}`)).toBeProblem(
      400,
      'invalid_request',
    );
  });
});

describe('one item', () => {
  let id: string;
  let path: string;
  beforeEach(async () => {
    id = (await service.engine.store.listItems('breeds', { limit: 1 })).items[0]!.id;
    path = `/v1/collections/breeds/items/${id}`;
  });

  it('can be shown, changed and deleted', async () => {
    expect((await request(service.app).get(path)).body).toMatchObject({
      id,
      label: 'siamese',
      hasThumbnail: true,
    });
    const changed = await request(service.app)
      .patch(path)
      .send({ label: null, metadata: { a: [1] } });
    expect(changed.body).toMatchObject({ id, label: null, source: null, metadata: { a: [1] } });
    expect((await request(service.app).delete(path)).status).toBe(204);
    expect((await request(service.app).get(path)).body.code).toBe('item_not_found');
    expect((await request(service.app).delete(path)).status).toBe(404);
  });

  it.each([
    ['that is empty', {}],
    ['to an empty label', { label: '' }],
    ['to a label that is a number', { label: 7 }],
    ['to a label with a line break', { label: 'a\nb' }],
    ['to a label with half a character', { label: '\ud800' }],
    ['of the id', { id: 'x' }],
    ['to metadata that is text', { metadata: 'x' }],
    ['to a source with a line break', { source: 'a\r\nb' }],
    ['to a source of 5,000 characters', { source: 'x'.repeat(5000) }],
    ['to a label with a line separator', { label: 'a\u2028b' }],
    ['to metadata with a control character', { metadata: { 'a\x1b[31m': 1 } }],
  ])('refuses a change %s', async (_, patch) => {
    expect(await request(service.app).patch(path).send(patch)).toBeProblem(400, 'invalid_request');
  });

  it('has a thumbnail that may be cached', async () => {
    const webp = Buffer.concat([bytes('RIFF\0\0\0\0WEBPVP8 '), Buffer.alloc(20)]);
    await service.engine.addItems('mine', [{ image: webp }]);
    const added = (await stored())[0]!.id;
    const first = await request(service.app).get(`${items}/${added}/thumbnail`);
    expect(first.status).toBe(200);
    expect(first.headers).toMatchObject({
      'content-type': 'image/webp',
      'cache-control': 'private, max-age=86400',
      'x-content-type-options': 'nosniff',
    });
    expect(first.body).toEqual(webp);
    const again = await request(service.app)
      .get(`${items}/${added}/thumbnail`)
      .set('If-None-Match', first.headers.etag!);
    expect(again.status).toBe(304);
    expect((await request(service.app).get(`${items}/nope/thumbnail`)).body.code).toBe('item_not_found');
  });
});
