import request from 'supertest';
import { expect, it } from 'vitest';
import { testApp } from '../helpers/http.js';

const { app, engine } = await testApp({ API_KEYS: ['first-key', 'zweiter-schlüssel'] });

it.each([
  ['Authorization', 'Bearer first-key'],
  ['Authorization', 'bearer  first-key'],
  ['X-API-Key', 'first-key'],
  ['X-API-Key', Buffer.from('zweiter-schlüssel').toString('latin1')],
])('lets a request with %s: %s pass', async (header, value) => {
  expect((await request(app).get('/v1/collections').set(header, value)).status).toBe(200);
});

it.each([
  ['X-None', 'x'],
  ['Authorization', 'Bearer'],
  ['Authorization', 'Bearer first-ke'],
  ['Authorization', 'Bearer first-key2'],
  ['Authorization', 'Basic first-key'],
  ['Authorization', 'first-key'],
  ['X-API-Key', ''],
  ['X-API-Key', 'first-key,zweiter-schlüssel'.replace('ü', 'u')],
])('refuses a request with %s: %s', async (header, value) => {
  const { status, body, headers } = await request(app).get('/v1/collections').set(header, value);
  expect([status, body.code, headers['www-authenticate']]).toEqual([401, 'unauthorized', 'Bearer']);
});

it('requires the key before reading an upload, on any path under /v1', async () => {
  const before = engine.images;
  const upload = await request(app).post('/v1/identify').attach('image', Buffer.from('x'), 'x.jpg');
  expect(upload.status).toBe(401);
  expect(engine.images).toBe(before);
  expect((await request(app).get('/v1/nope')).status).toBe(401);
  expect((await request(app).get('/V1/collections')).status).toBe(401);
});

it.each(['/healthz', '/readyz', '/metrics', '/openapi.json', '/docs', '/docs/errors'])(
  'answers %s without a key',
  async (path) => {
    expect((await request(app).get(path)).status).toBe(200);
  },
);
