/** Behind a reverse proxy that puts pawdex under a path, every address in an answer still leads back to it. */
import express from 'express';
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { toRelativeAddress } from '../../src/http/relative-address.js';
import { testApp } from '../helpers/http.js';
import { raw, serve } from '../helpers/raw.js';

const service = await testApp();
// As a proxy does, and Express' own `use`: the app sees the path without its prefix.
const proxy = express().use((req, res, next) => {
  if (!req.url.startsWith('/pets/')) {
    return next();
  }
  req.url = req.url.slice('/pets'.length);
  req.originalUrl = req.url;
  service.app(req, res, next);
});
const resolve = (address: string, from: string) =>
  new URL(address, `http://example.org/pets${from}`).pathname;

it('leads from an error to its entry in the error table', async () => {
  for (const path of ['/v1/nope', '/v1/collections/nope', '/v1/collections/nope/items/x/', '/nope']) {
    const { body } = await request(proxy).get(`/pets${path}`);
    expect(resolve(body.type, path)).toBe('/pets/docs/errors');
    expect(resolve(body.instance, path)).toBe(`/pets${path}`);
    const { hash } = new URL(body.type, 'http://x/');
    expect((await request(proxy).get('/pets/docs/errors')).text).toContain(`id="${hash.slice(1)}"`);
  }
});

it('leads from Location to what was created', async () => {
  for (const path of ['/v1/collections', '/v1/collections/']) {
    const created = await request(proxy)
      .post(`/pets${path}`)
      .send({ name: `c${path.length}` });
    const location = resolve(created.headers.location!, path);
    expect((await request(proxy).get(location)).body.name).toBe(created.body.name);
  }
  const job = await request(proxy).post('/pets/v1/jobs').send({ kind: 'evaluate', collection: 'breeds' });
  expect((await request(proxy).get(resolve(job.headers.location!, '/v1/jobs'))).body.id).toBe(job.body.id);
});

it('leads from the OpenAPI document to its endpoints', async () => {
  const { body } = await request(proxy).get('/pets/openapi.json');
  const base = resolve(body.servers[0].url, '/openapi.json').replace(/\/$/, '');
  expect((await request(proxy).get(`${base}/v1/collections`)).status).toBe(200);
});

it.each([
  ['/', './x'],
  ['/a', './x'],
  ['/a/', '../x'],
  ['/v1/identify?k=/3', '../x'],
  ['http://host:1/v1/identify', '../x'],
  ['/v1/a/b/c', '../../../x'],
])('makes links relative to %s', (requested, expected) => {
  expect(toRelativeAddress(requested, 'x')).toBe(expected);
});

it('refuses an unknown Expect header with a problem', async () => {
  const server = await serve(service);
  const answer = await raw(server.url, 'GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n').closed;
  expect(answer).toMatch(/^HTTP\/1.1 400 [\s\S]*problem\+json[\s\S]*invalid_request[\s\S]*Expect/);
  await server.close({ graceSeconds: 0 });
});

describe('a request without Host', () => {
  it('is refused like any other bad request', async () => {
    const server = await serve(service);
    const answer = await raw(server.url, 'GET /v1/collections HTTP/1.1\r\nConnection: close\r\n\r\n').closed;
    expect(answer).toMatch(/^HTTP\/1.1 400 [\s\S]*problem\+json[\s\S]*invalid_request[\s\S]*Host/);
    const old = await raw(server.url, 'GET /healthz HTTP/1.0\r\n\r\n').closed;
    expect(old).toMatch(/^HTTP\/1.1 200 /);
    await server.close({ graceSeconds: 0 });
  });
});
