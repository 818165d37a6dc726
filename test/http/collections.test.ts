import request from 'supertest';
import { beforeEach, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from '../helpers/http.js';
import type { MemoryEngine } from '../helpers/memory-engine.js';

let service: TestApp<MemoryEngine>;
beforeEach(async () => {
  service = await testApp();
});

it('lists collections for one request at a time, because there may be thousands', async () => {
  const { app, engine } = await testApp();
  const list = engine.listCollections.bind(engine);
  let [atOnce, most] = [0, 0];
  engine.listCollections = async () => {
    most = Math.max(most, ++atOnce);
    await new Promise((resolve) => setTimeout(resolve, 5));
    atOnce--;
    return list();
  };
  const answers = await Promise.all(Array.from({ length: 5 }, () => request(app).get('/v1/collections')));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  expect(most).toBe(1);
});

describe('/v1/collections', () => {
  it('creates, lists, shows and deletes', async () => {
    const created = await request(service.app)
      .post('/v1/collections')
      .send({ name: 'mine', description: 'my pets' });
    expect(created.status).toBe(201);
    expect(created.headers.location).toBe('../v1/collections/mine');
    expect(created.body).toMatchObject({ name: 'mine', description: 'my pets', count: 0, dimension: 4 });

    const listed = await request(service.app).get('/v1/collections');
    expect(listed.body.collections.map((c: { name: string }) => c.name)).toEqual(['breeds', 'mine']);
    expect((await request(service.app).get('/v1/collections/breeds')).body.count).toBe(3);

    expect((await request(service.app).delete('/v1/collections/mine')).status).toBe(204);
    const gone = await request(service.app).get('/v1/collections/mine');
    expect(gone).toBeProblem(404, 'collection_not_found');
  });

  it('changes and removes the description', async () => {
    const change = (body: object, name = 'breeds') =>
      request(service.app).patch(`/v1/collections/${name}`).send(body);
    expect((await change({ description: 'cats and dogs' })).body.description).toBe('cats and dogs');
    expect((await change({})).body.description).toBe('cats and dogs');
    const { status, body } = await change({ description: '' });
    expect([status, 'description' in body]).toEqual([200, false]);
    expect((await change({ description: 7 })).body.errors[0].path).toBe('body.description');
    expect((await change({ description: '' }, 'nope')).body.code).toBe('collection_not_found');
  });

  it('answers 409 for an existing name', async () => {
    expect(await request(service.app).post('/v1/collections').send({ name: 'breeds' })).toBeProblem(
      409,
      'collection_exists',
    );
  });

  it.each(['', '-a', '_a', 'a b', 'a/b', 'ü', 'a'.repeat(65), '..', 7, null])(
    'refuses the name `%s`',
    async (name) => {
      const { status, body } = await request(service.app).post('/v1/collections').send({ name });
      expect([status, body.code, body.errors[0].path]).toEqual([400, 'invalid_request', 'body.name']);
    },
  );

  it.each(['%2e%2e', 'a%20b', 'a%00b', `${'a'.repeat(65)}`])(
    'refuses the path parameter %s',
    async (name) => {
      expect(await request(service.app).get(`/v1/collections/${name}`)).toBeProblem(400, 'invalid_request');
    },
  );

  it('refuses a path that is not UTF-8', async () => {
    expect(await request(service.app).get('/v1/collections/%ff')).toBeProblem(400, 'invalid_request');
  });
});

it('lists labels with counts', async () => {
  const { app } = await testApp();
  const { status, body } = await request(app).get('/v1/collections/breeds/labels');
  expect(status).toBe(200);
  expect(body.labels).toEqual(['siamese', 'birman', 'beagle'].map((label) => ({ label, count: 1 })));
  const missing = await request(app).get('/v1/collections/nope/labels');
  expect(missing).toBeProblem(404, 'collection_not_found');
});
