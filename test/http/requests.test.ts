/** What is wrong with a request before its content matters. */
import request from 'supertest';
import { beforeEach, describe, expect, it } from 'vitest';
import { PawdexError } from '../../src/errors.js';
import { type TestApp, testApp } from '../helpers/http.js';
import type { MemoryEngine } from '../helpers/memory-engine.js';

const photo = Buffer.from('siamese');
let service: TestApp<MemoryEngine>;
beforeEach(async () => {
  service = await testApp();
});
const identify = (query = '') => request(service.app).post(`/v1/identify${query}`);
const form = (body: string, boundary = 'b') =>
  identify().set('Content-Type', `multipart/form-data; boundary=${boundary}`).send(body);
const part = (headers: string, body: string) =>
  `--b\r\nContent-Disposition: form-data; ${headers}\r\n\r\n${body}`;

describe('a bad request', () => {
  const cases: [string, () => request.Test, number, string][] = [
    ['no body', () => identify(), 400, 'image_missing'],
    ['an empty JSON body', () => identify().type('json'), 400, 'image_missing'],
    ['an empty object', () => identify().send({}), 400, 'image_missing'],
    ['an array', () => identify().send([]), 400, 'invalid_request'],
    ['broken JSON', () => identify().type('json').send('{"imageBase64": "a'), 400, 'invalid_json'],
    ['a JSON string', () => identify().type('json').send('"abc"'), 400, 'invalid_json'],
    [
      'JSON in another charset',
      () => identify().set('Content-Type', 'application/json; charset=latin1').send('{}'),
      415,
      'unsupported_media_type',
    ],
    [
      'compressed JSON',
      () => identify().type('json').set('Content-Encoding', 'gzip').send('{}'),
      415,
      'unsupported_media_type',
    ],
    [
      'a compressed form',
      () => identify().set('Content-Encoding', 'gzip').attach('image', photo, 'x'),
      415,
      'unsupported_media_type',
    ],
    ['a bare file', () => identify().type('image/jpeg').send('xx'), 415, 'unsupported_media_type'],
    ['an urlencoded form', () => identify().type('form').send('image=x'), 415, 'unsupported_media_type'],
    ['not base64', () => identify().send({ imageBase64: 'not base64!' }), 400, 'invalid_request'],
    ['base64 of nothing', () => identify().send({ imageBase64: '' }), 400, 'image_empty'],
    ['an image that is no text', () => identify().send({ imageBase64: 7 }), 400, 'invalid_request'],
    ['a url', () => identify().send({ url: 'http://x/a.jpg' }), 400, 'url_input_disabled'],
    ['a url and an image', () => identify().send({ url: 'x', imageBase64: 'YQ==' }), 400, 'image_unexpected'],
    [
      'a file and base64',
      () => identify().field('imageBase64', 'YQ==').attach('image', photo, 'x'),
      400,
      'image_unexpected',
    ],
    ['an unknown field', () => identify().send({ imageBase64: 'YQ==', kk: 3 }), 400, 'invalid_request'],
    ['another file field', () => identify().attach('photo', photo, 'x.jpg'), 400, 'image_unexpected'],
    [
      'two files',
      () => identify().attach('image', photo, 'a').attach('image', photo, 'b'),
      400,
      'image_unexpected',
    ],
    ['a form without a file', () => identify().field('k', '3'), 400, 'image_missing'],
    ['an empty file', () => identify().attach('image', Buffer.alloc(0), 'x.jpg'), 400, 'image_empty'],
    [
      'a part without a name',
      () => form('--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n'),
      400,
      'invalid_multipart',
    ],
    ['a form cut short', () => form(part('name="image"; filename="x"', 'abc')), 400, 'invalid_multipart'],
    ['a form cut in its headers', () => form('--b\r\nContent-Dispo'), 400, 'invalid_multipart'],
    ['an empty form body', () => form(''), 400, 'invalid_multipart'],
    ['a form of something else', () => form('hello'), 400, 'invalid_multipart'],
    [
      'no boundary',
      () => identify().set('Content-Type', 'multipart/form-data').send('x'),
      400,
      'invalid_multipart',
    ],
    [
      'a field that builds objects',
      () => identify().field('a[b]', 'x').attach('image', photo, 'x'),
      400,
      'invalid_multipart',
    ],
    ['k = 0', () => identify('?k=0').attach('image', photo, 'x'), 400, 'invalid_request'],
    ['k = -1', () => identify('?k=-1').attach('image', photo, 'x'), 400, 'invalid_request'],
    ['k = 1.5', () => identify('?k=1.5').attach('image', photo, 'x'), 400, 'invalid_request'],
    ['k = abc', () => identify('?k=abc').attach('image', photo, 'x'), 400, 'invalid_request'],
    ['k = NaN', () => identify('?k=NaN').attach('image', photo, 'x'), 400, 'invalid_request'],
    ['k empty', () => identify('?k=').attach('image', photo, 'x'), 400, 'invalid_request'],
    ['k = 1001', () => identify('?k=1001').attach('image', photo, 'x'), 400, 'invalid_request'],
    ['k twice', () => identify('?k=1&k=2').attach('image', photo, 'x'), 400, 'invalid_request'],
    ['k in hex', () => identify('?k=0x10').attach('image', photo, 'x'), 400, 'invalid_request'],
    [
      'a misspelt parameter',
      () => identify('?colection=x').attach('image', photo, 'x'),
      400,
      'invalid_request',
    ],
    [
      'an unknown collection',
      () => identify('?collection=nope').attach('image', photo, 'x'),
      404,
      'collection_not_found',
    ],
    [
      'a bad collection name',
      () => identify('?collection=a/b').attach('image', photo, 'x'),
      400,
      'invalid_request',
    ],
    ['an unknown path', () => request(service.app).get('/v2/x'), 404, 'not_found'],
    ['an unknown path under /v1', () => request(service.app).post('/v1/nope').send({}), 404, 'not_found'],
    ['another method', () => request(service.app).put('/v1/identify'), 405, 'method_not_allowed'],
  ];

  it.each(cases)('is refused with its code: %s', async (_, send, status, code) => {
    const answer = await send();
    expect(answer).toBeProblem(status, code);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.body).toMatchObject({
      type: expect.stringMatching(new RegExp(`^(\\.\\./)+docs/errors#${code}$`)),
      title: expect.any(String),
      status,
      hint: expect.stringMatching(/\w/),
      instance: expect.stringMatching(/^(\.\.\/)+v/),
      requestId: answer.headers['x-request-id'],
    });
    if (code === 'invalid_request' && answer.body.detail.startsWith('query')) {
      expect(answer.body.errors[0]).toEqual({
        path: expect.stringMatching(/^query\./),
        message: expect.any(String),
      });
    }
    expect((await identify().attach('image', photo, 'x.jpg')).status).toBe(200);
  });

  it('with another method gets the methods of the path in the Allow header', async () => {
    const wrong = await request(service.app).put('/v1/collections/breeds');
    expect(wrong.headers.allow).toBe('DELETE, GET, HEAD, OPTIONS, PATCH');
    const options = await request(service.app).options('/v1/identify');
    expect([options.status, options.headers.allow]).toEqual([204, 'OPTIONS, POST']);
  });

  it('HEAD is answered like GET, without a body', async () => {
    const { status, text } = await request(service.app).head('/v1/collections');
    expect([status, text]).toEqual([200, undefined]);
  });
});

describe('errors of the engine', () => {
  it('passes Retry-After on, with a default of one second', async () => {
    service.engine.failWith = new PawdexError('overloaded', { retryAfter: 2.2 });
    const busy = await identify().attach('image', photo, 'x');
    expect([busy.status, busy.headers['retry-after'], busy.body.code]).toEqual([503, '3', 'overloaded']);
    service.engine.failWith = new PawdexError('shutting_down');
    expect((await identify().attach('image', photo, 'x')).headers['retry-after']).toBe('1');
  });

  it('logs internal errors only, under the request id', async () => {
    service.engine.failWith = new TypeError('secret of the house');
    const { status, body, text } = await identify().set('X-Request-Id', 'abc-1').attach('image', photo, 'x');
    expect([status, body.code, body.requestId]).toEqual([500, 'internal', 'abc-1']);
    expect(text).not.toContain('secret');
    const line = service.log.map((text) => JSON.parse(text)).find((entry) => entry.err !== undefined);
    expect(line).toMatchObject({ level: 50, requestId: 'abc-1', code: 'internal' });
    expect(line.err.stack).toContain('secret of the house');
    expect(line.err.stack).toMatch(/\n +at /);
  });

  it('survives a thrown value that is not an error', async () => {
    service.engine.failWith = 'just text';
    expect(await identify().attach('image', photo, 'x')).toBeProblem(500, 'internal');
  });

  it('rejects a request id that could forge a log line', async () => {
    const { headers } = await request(service.app).get('/healthz').set('X-Request-Id', 'a b"c');
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('the log', () => {
  it('has one line per request and neither keys, queries nor bodies', async () => {
    await identify('?k=3&collection=breeds').set('X-API-Key', 'topsecret').send({ imageBase64: 'c2VjcmV0' });
    const lines = service.log.map((text) => JSON.parse(text)).filter((line) => line.level >= 30);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ method: 'POST', path: '/v1/identify', res: { status: 200 } });
    expect(service.log.join('')).not.toMatch(/topsecret|c2VjcmV0|k=3/);
  });
});
