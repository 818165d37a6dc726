import request from 'supertest';
import { beforeEach, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from '../helpers/http.js';
import type { MemoryEngine } from '../helpers/memory-engine.js';

const photo = Buffer.from('siamese');
let service: TestApp<MemoryEngine>;
beforeEach(async () => {
  service = await testApp();
});

describe('POST /v1/identify', () => {
  it('answers exactly the fields of the contract', async () => {
    const { body, status } = await request(service.app)
      .post('/v1/identify?k=2')
      .attach('image', photo, 'x.jpg');
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual([
      'decision',
      'breed',
      'confidence',
      'calibrated',
      'basis',
      'known',
      'region',
      'animals',
      'candidates',
      'neighbours',
      'model',
      'timing',
    ]);
    expect(body).toMatchObject({
      decision: 'match',
      breed: 'siamese',
      confidence: 0.333333,
      timing: { decodeMs: 1.23, embedMs: 2, searchMs: 0.5, totalMs: 4 },
    });
    expect(body.neighbours).toHaveLength(2);
    expect(body.neighbours[0]).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      label: 'siamese',
      similarity: 1,
      source: null,
      hasThumbnail: true,
    });
  });

  it.each([
    ['plain base64', photo.toString('base64')],
    ['a data URL', `data:image/jpeg;base64,${photo.toString('base64')}`],
    ['base64url without padding', photo.toString('base64url')],
    [
      'base64 with line breaks',
      `${photo.toString('base64').slice(0, 4)}\r\n${photo.toString('base64').slice(4)}`,
    ],
  ])('takes an image as %s', async (_, imageBase64) => {
    const { body } = await request(service.app).post('/v1/identify').send({ imageBase64 });
    expect(body.breed).toBe('siamese');
  });

  it('takes collection and k from the query, the form or JSON', async () => {
    await service.engine.createCollection('mine');
    const named = [
      request(service.app).post('/v1/identify?collection=mine&k=1').attach('image', photo, 'x'),
      request(service.app)
        .post('/v1/identify')
        .field('collection', 'mine')
        .field('k', '1')
        .attach('image', photo, 'x'),
      request(service.app)
        .post('/v1/identify')
        .send({ collection: 'mine', k: 1, imageBase64: photo.toString('base64') }),
    ];
    for (const { status, body } of await Promise.all(named)) {
      expect(status).toBe(200);
      expect(body).toMatchObject({ decision: 'unknown', breed: null, neighbours: [] });
    }
  });

  it('refuses a parameter with different values in query and body', async () => {
    expect(
      await request(service.app).post('/v1/identify?k=1').field('k', '2').attach('image', photo, 'x'),
    ).toBeProblem(400, 'invalid_request');
  });

  it('accepts the same parameters in query and body', async () => {
    const same = await request(service.app)
      .post('/v1/identify?k=1&region=0,0,0.5,1')
      .field('k', '1')
      .field('region', '0,0,.5,1')
      .attach('image', photo, 'x');
    expect(same.status).toBe(200);
  });

  it('gives all items if k is greater than their number', async () => {
    const { body } = await request(service.app).post('/v1/identify?k=1000').attach('image', photo, 'x');
    expect(body.neighbours).toHaveLength(3);
  });
});

describe('POST /v1/search', () => {
  const search = (body: object) => request(service.app).post('/v1/search').send(body);
  const idOf = async (label: string) =>
    (await service.engine.store.listItems('breeds', { limit: 1, filter: { label: [label] } })).items[0]!.id;

  it('finds by image, id, vector and examples', async () => {
    const { body: embedded } = await request(service.app).post('/v1/embed').attach('image', photo, 'x');
    const id = await idOf('siamese');
    const answers = await Promise.all([
      request(service.app).post('/v1/search').attach('image', photo, 'x'),
      search({ imageBase64: photo.toString('base64') }),
      search({ id }),
      search({ vector: embedded.embedding }),
      search({ positives: [id], negatives: [await idOf('beagle')] }),
    ]);
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(body.neighbours[0]).toMatchObject({
        id,
        label: 'siamese',
        metadata: { species: 'cat' },
        similarity: 1,
      });
      expect(body.neighbours[0]).not.toHaveProperty('vector');
    }
  });

  it('filters in JSON and in forms, by one value or several', async () => {
    const wanted = { species: 'dog', label: ['beagle', 'siamese'], metadata: { species: 'dog' } };
    const answers = await Promise.all([
      search({ imageBase64: photo.toString('base64'), filter: wanted }),
      request(service.app)
        .post('/v1/search')
        .field('filter', JSON.stringify(wanted))
        .attach('image', photo, 'x'),
    ]);
    for (const { body } of answers) {
      expect(body.neighbours.map((n: { label: string }) => n.label)).toEqual(['beagle']);
    }
  });

  it.each([
    ['no query', {}, 'image_missing'],
    ['an id and a vector', { id: 'a', vector: [1, 2, 3, 4] }, 'invalid_request'],
    ['an unknown id', { id: 'nope' }, 'item_not_found'],
    ['a vector that is too short', { vector: [1, 2, 3] }, 'vector_invalid'],
    ['a vector with null', { vector: [1, 2, 3, null] }, 'vector_invalid'],
    ['a vector with text', { vector: [1, 2, 3, 'NaN'] }, 'vector_invalid'],
    ['a vector that is text', { vector: 'abc' }, 'vector_invalid'],
    ['a misspelt filter', { id: 'a', filter: { lable: 'x' } }, 'invalid_request'],
    ['a filter by an object', { id: 'a', filter: { metadata: { a: {} } } }, 'invalid_request'],
    [
      'a filter by __proto__',
      { id: 'a', filter: { metadata: JSON.parse('{"__proto__":"x"}') } },
      'invalid_request',
    ],
    ['a fractional k', { id: 'a', k: 1.5 }, 'invalid_request'],
    ['a k of null', { id: 'a', k: null }, 'invalid_request'],
    ['an exact that is neither true nor false', { id: 'a', exact: 'maybe' }, 'invalid_request'],
    ['a name that no collection has', { id: 'a', collection: '../etc' }, 'invalid_request'],
    ['an unknown collection', { id: 'a', collection: 'nope' }, 'collection_not_found'],
    ['a URL', { url: 'http://127.0.0.1/cat.jpg' }, 'url_input_disabled'],
  ])('refuses %s', async (_, body, code) => {
    const answer = await search(body);
    expect(answer.body.code).toBe(code);
    expect(answer.status).toBe(code.endsWith('not_found') ? 404 : 400);
  });

  it('refuses numbers that are too large for a float', async () => {
    const { body } = await request(service.app)
      .post('/v1/search')
      .type('json')
      .send('{"vector":[1e999,0,0,0]}');
    expect(body).toMatchObject({ code: 'vector_invalid', errors: [{ path: 'body.vector.0' }] });
  });
});

describe('an image given by its URL', () => {
  const url = 'http://127.0.0.1:9/cat.jpg';
  const asked = (app: TestApp<MemoryEngine>['app']) =>
    Promise.all([
      request(app).post('/v1/identify').send({ url }),
      request(app).post('/v1/identify').query({ url }),
      request(app).post('/v1/search').query({ url }),
      request(app).post('/v1/fetch').query({ url }),
    ]);

  it('is not fetched unless the server allows it', async () => {
    for (const { status, body } of await asked(service.app)) {
      expect([status, body.code]).toEqual([400, 'url_input_disabled']);
    }
    expect((await request(service.app).get('/v1/info')).body.fetchesUrls).toBe(false);
  });

  it('is fetched from public addresses only', async () => {
    const { app } = await testApp({ FETCH_URLS: true });
    for (const { status, body } of await asked(app)) {
      expect([status, body.code]).toEqual([403, 'url_not_allowed']);
    }
    expect((await request(app).get('/v1/info')).body.fetchesUrls).toBe(true);
  });

  it('is refused beside another image, and if it differs from that in the query', async () => {
    const { app } = await testApp({ FETCH_URLS: true });
    const two = await request(app).post('/v1/identify').query({ url }).attach('image', photo, 'x.jpg');
    expect(two.body.code).toBe('image_unexpected');
    const differs = await request(app)
      .post('/v1/identify')
      .query({ url })
      .send({ url: `${url}?2` });
    expect(differs.body.code).toBe('invalid_request');
  });
});

describe('POST /v1/embed', () => {
  it('gives a vector that restores the float32 values', async () => {
    const { body } = await request(service.app).post('/v1/embed').attach('image', photo, 'x');
    const { embedding } = await service.engine.embed(photo);
    expect(Float32Array.from(body.embedding)).toEqual(embedding);
    expect(body).toMatchObject({ dimension: 4, model: { name: 'hash' } });
  });
});
