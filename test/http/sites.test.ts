/** Other web sites and a server without keys: forms they post, names they let point here, and what is allowed. */
import os from 'node:os';
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config.js';
import { requireKeysBeyondLoopback } from '../../src/http/require-key.js';
import { testApp } from '../helpers/http.js';
import { raw, serve } from '../helpers/raw.js';

const { app, engine } = await testApp({ ALLOWED_HOSTS: ['pawdex', 'cats.example:8443'] });
const ITEMS = '/v1/collections/breeds/items';
const upload = (headers: Record<string, string>, to = app) =>
  request(to).post(ITEMS).set(headers).attach('image', Buffer.from('x'), 'x.jpg');
const count = async () => (await engine.store.getCollection('breeds')).count;

describe('a page of another web site', () => {
  it.each([
    ['another origin', { Origin: 'https://evil.example' }],
    ['an opaque origin', { Origin: 'null' }],
    ['another port', { Origin: 'http://127.0.0.1:8080', Host: '127.0.0.1:3000' }],
    ['a name that begins like this host', { Origin: 'http://localhost.evil.example' }],
    ['another site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['another host of the same site', { 'Sec-Fetch-Site': 'same-site' }],
    ['a forged forwarded host', { Origin: 'https://evil.example', 'X-Forwarded-Host': 'evil.example' }],
  ])('cannot store a photo with a form: %s', async (_case, headers) => {
    const before = await count();
    expect(await upload(headers)).toBeProblem(403, 'origin_not_allowed');
    expect(await count()).toBe(before);
  });

  it('cannot read the API, delete or ask', async () => {
    const headers = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' };
    const answers = [
      request(app).get(ITEMS).set(headers),
      request(app).get(ITEMS.toUpperCase().replace('BREEDS', 'breeds')).set(headers),
      request(app).delete('/v1/collections/breeds').set(headers),
      request(app).post('/v1/search').set(headers).send({ id: 'x' }),
      request(app).options('/v1/search').set({ Origin: 'https://evil.example' }),
    ];
    for (const { status, body } of await Promise.all(answers)) {
      expect([status, body.code]).toEqual([403, 'origin_not_allowed']);
    }
  });

  it('may link to pages and answers, which it cannot read', async () => {
    const link = {
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Mode': 'navigate',
      'Sec-Fetch-Dest': 'document',
    };
    for (const path of ['/docs', '/docs/errors', '/healthz', ITEMS]) {
      expect((await request(app).get(path).set(link)).status).toBe(200);
    }
    expect((await upload(link)).status).toBe(403);
  });
});

describe('a host name of another site that points here', () => {
  it.each([
    'evil.example',
    'evil.example:3000',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'a b',
    '',
  ])('is refused: `%s`', async (Host) => {
    for (const path of [ITEMS, '/metrics', '/', '/openapi.json']) {
      expect(
        await request(app)
          .get(path)
          .set({ Host, Origin: `http://${Host}` }),
      ).toBeProblem(403, 'host_not_allowed');
    }
    expect((await request(app).get('/readyz').set({ Host })).status).toBe(200);
  });

  it.each([
    'localhost:3000',
    'LOCALHOST',
    'localhost.',
    'cats.localhost',
    '127.0.0.1:3000',
    '192.168.1.5',
    '[::1]:3000',
    os.hostname(),
    'pawdex:3000',
    'cats.example:8443',
  ])(
    'does not keep a request to %s, which no site can have set or which is allowed, from being answered',
    async (Host) => {
      expect((await upload({ Host, Origin: `http://${Host.toLowerCase()}` })).status).toBe(200);
    },
  );
});

describe("the server's own page", () => {
  it("is recognised behind a proxy by its name or by a trusted proxy's headers", async () => {
    const behind = { Host: '127.0.0.1:3000', Origin: 'https://cats.example:8443' };
    expect((await upload(behind)).status).toBe(200);
    const forwarded = {
      Host: '10.0.0.7:3000',
      Origin: 'https://dogs.example',
      'X-Forwarded-Host': 'dogs.example',
    };
    expect((await upload(forwarded)).status).toBe(403);
    const trusting = await testApp({ TRUST_PROXY: true });
    expect((await upload(forwarded, trusting.app)).status).toBe(200);
  });

  it('and clients that are not browsers may send anything', async () => {
    expect((await upload({ 'Sec-Fetch-Site': 'same-origin' })).status).toBe(200);
    expect((await upload({ 'Sec-Fetch-Site': 'none' })).status).toBe(200);
    expect((await upload({})).status).toBe(200);
  });
});

describe('with keys', () => {
  it('only the key is checked, which no other site has', async () => {
    const keyed = await testApp({ API_KEYS: ['secret'] });
    const headers = { Host: 'evil.example', Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' };
    expect((await upload(headers, keyed.app)).body.code).toBe('unauthorized');
    expect((await upload({ ...headers, 'X-API-Key': 'secret' }, keyed.app)).status).toBe(200);
  });
});

describe('an allowed origin', () => {
  const Origin = 'https://shop.example';

  it.each([
    ['without', []],
    ['with', ['secret']],
  ])('may send requests and read answers, %s keys', async (_case, API_KEYS) => {
    const shop = await testApp({ ALLOWED_ORIGINS: [Origin], API_KEYS });
    const preflight = await request(shop.app)
      .options(ITEMS)
      .set({ Origin, 'Access-Control-Request-Method': 'POST' });
    expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([204, Origin]);
    const key: Record<string, string> = API_KEYS.length === 0 ? {} : { 'X-API-Key': 'secret' };
    const { status, headers } = await upload({ Origin, 'Sec-Fetch-Site': 'cross-site', ...key }, shop.app);
    expect([status, headers['access-control-allow-origin'], headers.vary]).toEqual([200, Origin, 'Origin']);
    const other = await upload({ Origin: 'https://other.example', ...key }, shop.app);
    expect(other.headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('listening on the network without keys', () => {
  const check = (env: NodeJS.ProcessEnv) => () => requireKeysBeyondLoopback(parseConfig({}, env));

  it.each(['0.0.0.0', '::', '192.168.1.5', 'cats.example', '127.evil.example'])(
    'is refused on %s',
    (host) => {
      expect(check({ PAWDEX_HOST: host })).toThrow(expect.objectContaining({ code: 'keys_missing' }));
      expect(check({ PAWDEX_HOST: host, PAWDEX_API_KEYS: 'secret' })).not.toThrow();
      expect(check({ PAWDEX_HOST: host, PAWDEX_ALLOW_UNAUTHENTICATED: 'true' })).not.toThrow();
    },
  );

  it.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('does not happen on %s', (host) => {
    expect(check({ PAWDEX_HOST: host })).not.toThrow();
  });
});

it('answers a request without Host with a problem, and HTTP/1.0, which has none', async () => {
  const service = await testApp();
  const server = await serve(service);
  expect(server.address).toBe(new URL(server.url).host);
  const answer = await raw(server.url, 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n').closed;
  expect(answer).toMatch(/^HTTP\/1.1 400 [\s\S]*no `Host` header/);
  expect(await raw(server.url, 'GET /healthz HTTP/1.0\r\n\r\n').closed).toMatch(/^HTTP\/1.1 200 /);
  await server.close({ graceSeconds: 0 });
});
