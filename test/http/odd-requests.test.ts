/** Requests that two HTTP servers in a row could understand differently, and conditions on files. */
import request from 'supertest';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RunningServer } from '../../src/http/start-server.js';
import { type TestApp, testApp } from '../helpers/http.js';
import type { MemoryEngine } from '../helpers/memory-engine.js';
import { raw, serve } from '../helpers/raw.js';

let service: TestApp<MemoryEngine>;
let server: RunningServer;
beforeAll(async () => {
  service = await testApp();
  server = await serve(service);
});
afterAll(() => server.close({ graceSeconds: 0 }));

const BODY = '{"id":"x"}';
const HIDDEN = '0\r\n\r\nGET /v1/collections HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
const search = (headers: string[], body = BODY) =>
  [
    'POST /v1/search HTTP/1.1',
    'Content-Type: application/json',
    'Connection: close',
    ...headers,
    '',
    body,
  ].join('\r\n');

it.each([
  ['two hosts', search(['Host: 127.0.0.1', 'Host: evil.example', `Content-Length: ${BODY.length}`])],
  [
    'a length and chunks',
    search(['Host: 127.0.0.1', 'Content-Length: 6', 'Transfer-Encoding: chunked'], HIDDEN),
  ],
  [
    'another host in the address',
    search(['Host: 127.0.0.1', `Content-Length: ${BODY.length}`]).replace(' /v1', ' http://evil.example/v1'),
  ],
  ['two lengths', search(['Host: 127.0.0.1', 'Content-Length: 10', 'Content-Length: 5'])],
  ['a length with a sign', search(['Host: 127.0.0.1', 'Content-Length: +10'])],
  ['an unknown coding', search(['Host: 127.0.0.1', 'Transfer-Encoding: xchunked'], HIDDEN)],
  ['a space before the colon', search(['Host: 127.0.0.1', 'Transfer-Encoding : chunked'], HIDDEN)],
  [
    'compressed chunks',
    search(['Host: 127.0.0.1', 'Transfer-Encoding: gzip, chunked'], `a\r\n${BODY}\r\n0\r\n\r\n`),
  ],
  ['line feeds alone', search(['Host: 127.0.0.1', `Content-Length: ${BODY.length}`]).replaceAll('\r', '')],
])('refuses %s, and answers nothing else', async (_, text) => {
  const { closed } = raw(server.url, text);
  const answers = (await closed).match(/^HTTP\/1\.1 \d+/gm);
  expect(answers).toEqual(['HTTP/1.1 400']);
});

it('says what it cannot send of a file', async () => {
  const page = () => request(service.app).get('/docs/swagger-ui.css');
  const beyond = await page().set('Range', 'bytes=99999999-');
  expect(beyond).toBeProblem(416, 'range_not_satisfiable');
  const other = await page().set('If-Match', '"other"');
  expect(other).toBeProblem(412, 'precondition_failed');
});

it('sends an export as a whole, because each request writes another file', async () => {
  const answer = await request(service.app).get('/v1/collections/breeds/export').set('Range', 'bytes=0-1');
  expect(answer.status).toBe(200);
  expect(answer.headers['accept-ranges']).toBeUndefined();
  expect(answer.headers['content-length']).toBe('4');
});
