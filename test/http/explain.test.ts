import request from 'supertest';
import { beforeEach, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from '../helpers/http.js';
import type { MemoryEngine } from '../helpers/memory-engine.js';

const photo = Buffer.from('siamese');
const imageBase64 = photo.toString('base64');
let service: TestApp<MemoryEngine>;
beforeEach(async () => {
  service = await testApp();
});
const post = (path: string) => request(service.app).post(path);

describe('explain=true', () => {
  it.each(['/v1/identify', '/v1/search'])('adds explanations to the neighbours of %s', async (path) => {
    const answers = await Promise.all([
      post(`${path}?explain=true`).attach('image', photo, 'x'),
      post(path).field('explain', 'true').attach('image', photo, 'x'),
      post(path).send({ imageBase64, explain: true }),
    ]);
    for (const { status, body } of answers) {
      expect(status).toBe(200);
      expect(body.neighbours[0].explanation).toEqual({
        rows: 1,
        columns: 2,
        region: { left: 0, top: 0.333333, width: 1, height: 0.333333 },
        shares: [expect.closeTo(body.neighbours[0].similarity, 6), 0],
      });
    }
    const { body: plain } = await post(`${path}?explain=false`).attach('image', photo, 'x');
    expect(plain.neighbours[0]).not.toHaveProperty('explanation');
  });
});

describe('the parameter views', () => {
  it.each(['/v1/identify', '/v1/search', '/v1/embed'])(
    'is read by %s from query, form and JSON',
    async (path) => {
      const asked = async (answer: PromiseLike<{ status: number }>) => {
        expect((await answer).status).toBe(200);
        return service.engine.asked.views;
      };
      expect(await asked(post(path).attach('image', photo, 'x'))).toBe('1');
      expect(await asked(post(`${path}?views=flip`).attach('image', photo, 'x'))).toBe('flip');
      expect(await asked(post(path).field('views', '5').attach('image', photo, 'x'))).toBe('5');
      expect(await asked(post(path).send({ imageBase64, views: 5 }))).toBe('5');
      expect(await asked(post(path).send({ imageBase64, views: '1' }))).toBe('1');
    },
  );

  it.each(['2', 'Flip', '', '5.0', 'flip,5'])('cannot be "%s"', async (views) => {
    const { status, body } = await post('/v1/identify').query({ views }).attach('image', photo, 'x');
    expect([status, body.code]).toEqual([400, 'invalid_request']);
    expect(body.errors).toEqual([{ path: 'query.views', message: 'must be one of 1, flip, 5' }]);
  });

  it('cannot be repeated, or differ between query and body', async () => {
    const twice = await post('/v1/identify?views=1&views=flip').attach('image', photo, 'x');
    expect(twice.body.code).toBe('invalid_request');
    const differing = await post('/v1/embed?views=1').field('views', 'flip').attach('image', photo, 'x');
    expect(differing.body.code).toBe('invalid_request');
    const same = await post('/v1/embed?views=5').send({ imageBase64, views: 5 });
    expect(same.status).toBe(200);
  });
});

describe('POST /v1/explain', () => {
  const idOf = async (label: string) =>
    (await service.engine.store.listItems('breeds', { limit: 1, filter: { label: [label] } })).items[0]!.id;

  it('answers with a picture', async () => {
    const neighbour = await idOf('beagle');
    const answers = await Promise.all([
      post(`/v1/explain?neighbour=${neighbour}&views=flip`).attach('image', photo, 'x'),
      post('/v1/explain').field('neighbour', neighbour).field('views', 'flip').attach('image', photo, 'x'),
      post('/v1/explain').send({ imageBase64, neighbour, collection: 'breeds', views: 'flip' }),
    ]);
    for (const { status, headers, body } of answers) {
      expect(status).toBe(200);
      expect(headers['content-type']).toBe('image/png');
      expect(body.toString()).toBe('a picture');
      expect(service.engine.asked).toEqual({ collection: 'breeds', neighbour, views: 'flip' });
    }
  });

  it('says what is missing or wrong', async () => {
    const neighbour = await idOf('beagle');
    const refused = async (fields: object) => (await post('/v1/explain').send(fields)).body;
    expect(await refused({ imageBase64 })).toMatchObject({
      code: 'invalid_request',
      hint: expect.stringContaining('/v1/identify'),
    });
    expect(await refused({ neighbour })).toMatchObject({ code: 'image_missing' });
    expect(await refused({ imageBase64, neighbour: 'nobody' })).toMatchObject({
      code: 'item_not_found',
      status: 404,
    });
    expect(await refused({ imageBase64, neighbour, collection: 'none' })).toMatchObject({
      code: 'collection_not_found',
    });
    expect(await refused({ imageBase64, neighbour, views: 5 })).toMatchObject({ code: 'invalid_request' });
    expect(await refused({ imageBase64, neighbour, k: 3 })).toMatchObject({ code: 'invalid_request' });
  });
});
