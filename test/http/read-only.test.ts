import request from 'supertest';
import { expect, it } from 'vitest';
import { ENDPOINTS } from '../../src/http/endpoints.js';
import { testApp } from '../helpers/http.js';
import { sceneJpeg } from '../helpers/images.js';

const { app, engine } = await testApp({ READ_ONLY: true, SHARE_HOURS: 1 });
const addressOf = (path: string) => path.replaceAll('{id}', 'x').replaceAll(/\{\w+\}/g, 'breeds');

it('counts only these endpoints as reading, in addition to GET', () => {
  const reading = ENDPOINTS.filter(({ method, isReading }) => isReading && method !== 'get');
  expect(reading.map(({ path }) => path).toSorted()).toEqual([
    '/v1/embed',
    '/v1/explain',
    '/v1/fetch',
    '/v1/identify',
    '/v1/search',
    '/v1/shares',
    '/v1/tickets',
  ]);
});

it.each(ENDPOINTS.filter(({ isReading }) => !isReading).map(({ method, path }) => [method, path] as const))(
  'refuses %s %s',
  async (method, path) => {
    const { status, body } = await request(app)[method](addressOf(path)).send({});
    expect([status, body.code, body.hint]).toEqual([
      403,
      'read_only',
      expect.stringContaining('PAWDEX_READ_ONLY'),
    ]);
  },
);

it('refuses before it reads what is sent', async () => {
  const before = engine.images;
  const form = request(app)
    .post('/v1/collections/breeds/items')
    .attach('image', await sceneJpeg(), 'a.jpg');
  expect((await form).status).toBe(403);
  expect(engine.images).toBe(before);
});

it('still answers questions, and says that it is read-only', async () => {
  const asked = await request(app)
    .post('/v1/embed')
    .attach('image', await sceneJpeg(), 'a.jpg');
  expect(asked.status).toBe(200);
  expect((await request(app).get('/v1/info')).body.readOnly).toBe(true);
});
