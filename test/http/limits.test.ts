/** Sizes, as the bytes come, and clients that stop sending. */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import express from 'express';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ByteBudget, receiveBody } from '../../src/http/body/receive-body.js';
import type { RunningServer } from '../../src/http/start-server.js';
import { type TestApp, testApp } from '../helpers/http.js';
import type { MemoryEngine } from '../helpers/memory-engine.js';
import { raw, serve } from '../helpers/raw.js';
import { until } from '../helpers/until.js';

const MIB = 1024 * 1024;
const head = (lines: string[]) => `POST /v1/identify HTTP/1.1\r\nHost: x\r\n${lines.join('\r\n')}\r\n\r\n`;
const FORM = 'Content-Type: multipart/form-data; boundary=b';
const FILE = '--b\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n';

let service: TestApp<MemoryEngine>;
let server: RunningServer;
beforeEach(async () => {
  service = await testApp();
  server = await serve(service, { headersMs: 400, uploadWindowMs: 800, checkMs: 50 });
});
afterEach(() => server.close({ graceSeconds: 0 }));

const alive = async () => expect((await fetch(`${server.url}/healthz`)).status).toBe(200);

/** Sends chunk after chunk without ever naming a length, until an answer comes or `most` bytes are out. */
async function stream(type: string, opening: string, chunk: string, most: number) {
  const sending = httpRequest(`${server.url}/v1/identify`, {
    method: 'POST',
    headers: { 'content-type': type },
  });
  let sent = 0;
  const answered = once(sending, 'response').then(async ([response]) => {
    let text = '';
    for await (const part of response) {
      text += part;
    }
    return { status: response.statusCode as number, code: JSON.parse(text).code as string, sent };
  });
  sending.on('error', () => undefined);
  sending.write(opening);
  let done = false;
  answered.finally(() => {
    done = true;
  });
  while (!done && sent < most) {
    sent += chunk.length;
    if (!sending.write(chunk)) {
      await Promise.race([once(sending, 'drain'), answered]);
    } else {
      await new Promise(setImmediate);
    }
  }
  sending.destroy();
  return answered;
}

describe('the size of a request', () => {
  it('accepts a file of exactly the limit, and refuses one byte more', async () => {
    const send = (bytes: number) =>
      request(service.app).post('/v1/identify').attach('image', Buffer.alloc(bytes), 'x');
    expect((await send(MIB)).status).toBe(200);
    expect(await send(MIB + 1)).toBeProblem(413, 'payload_too_large');
  });

  it('applies the same limit to the image in JSON', async () => {
    const send = (bytes: number) =>
      request(service.app)
        .post('/v1/identify')
        .send({ imageBase64: Buffer.alloc(bytes).toString('base64') });
    expect((await send(MIB)).status).toBe(200);
    expect((await send(MIB + 1)).body.code).toBe('payload_too_large');
    expect((await send(4 * MIB)).status).toBe(413);
  });

  it('answers immediately if Content-Length is too large', async () => {
    const connection = raw(server.url, head([FORM, 'Content-Length: 999999999']));
    await until(() => connection.received().includes('payload_too_large'));
    expect(connection.received()).toMatch(/^HTTP\/1.1 413 /);
    connection.socket.destroy();
    await alive();
  });

  it.each([
    ['a form', 'multipart/form-data; boundary=b', FILE],
    ['JSON', 'application/json', '{"imageBase64":"'],
  ])('counts the bytes of %s without a length', async (_, type, opening) => {
    const { status, code, sent } = await stream(type, opening, 'A'.repeat(64 * 1024), 200 * MIB);
    expect([status, code]).toEqual([413, 'payload_too_large']);
    expect(sent).toBeLessThan(100 * MIB);
    await alive();
  });

  it.each([
    ['items/delete', { ids: Array.from({ length: 20_000 }, () => 'x'.repeat(30)) }, /^Split the request/],
    [
      'items/thumbnails',
      {
        thumbnails: [{ sha256: 'a'.repeat(64), imageBase64: Buffer.alloc(64 * 1024 + 1).toString('base64') }],
      },
      /at most 64 KiB/,
    ],
  ])('says how to stay below the limit of %s, which no setting raises', async (path, body, hint) => {
    const refused = await request(service.app).post(`/v1/collections/breeds/${path}`).send(body);
    expect(refused).toBeProblem(413, 'payload_too_large');
    expect(refused.body.hint).toMatch(hint);
  });

  it('limits text fields and their number', async () => {
    const long = request(service.app)
      .post('/v1/identify')
      .field('k', '1'.repeat(2 * MIB))
      .attach('image', Buffer.from('x'), 'x');
    const { status, body } = await long;
    expect([status, body.code]).toEqual([413, 'payload_too_large']);
    const many = request(service.app).post('/v1/identify').attach('image', Buffer.from('x'), 'x');
    for (let i = 0; i < 40; i++) {
      many.field(`f${i}`, 'x');
    }
    expect((await many).body.code).toBe('invalid_multipart');
  });

  it('refuses headers that are too long', async () => {
    const connection = raw(
      server.url,
      `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(70_000)}\r\n\r\n`,
    );
    expect(await connection.closed).toMatch(
      /^HTTP\/1.1 413 [\s\S]*The request header exceeds the limit of 16 KiB/,
    );
  });

  it('counts the memory of all requests against one budget, and refuses the largest that is still arriving', () => {
    const budget = new ByteBudget(10);
    const refused: string[] = [];
    const create = (name: string) => ({ bytes: 0, isComplete: false, refuse: () => refused.push(name) });
    const [large, complete, small, other] = ['large', 'complete', 'small', 'other'].map(create);
    expect(budget.reserve(large!, 4)).toBe(true);
    expect(budget.reserve(complete!, 5)).toBe(true);
    complete!.isComplete = true;
    // As large as the one that is arriving.
    expect([budget.reserve(other!, 4), refused]).toEqual([false, []]);
    expect([budget.reserve(small!, 2), refused]).toEqual([true, ['large']]);
    budget.release(complete!);
    expect([budget.reserve(other!, 8), refused]).toEqual([true, ['large']]);
  });

  it('receives a small body while a larger one that never ends takes the memory', async () => {
    const budget = new ByteBudget(1000);
    let arrived = 0;
    const app = express();
    app.post('/', async (req, res) => {
      const body = receiveBody(req, res, { limit: 900, budget });
      req.on('data', ({ length }: Buffer) => {
        arrived += length;
      });
      res.send(await body.then(({ length }) => `${length} bytes`).catch(({ code }) => code));
    });
    const receiver = await serve({ app, lifecycle: { state: 'ready' } });
    const slow = raw(
      receiver.url,
      `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n${'x'.repeat(800)}`,
    );
    await until(() => arrived === 800);
    const answer = await fetch(receiver.url, { method: 'POST', body: 'y'.repeat(300) });
    expect(await answer.text()).toBe('300 bytes');
    await until(() => slow.received().includes('overloaded'));
    await receiver.close({ graceSeconds: 0 });
  });
});

describe('clients that do not finish', () => {
  it('gives up on headers that trickle', async () => {
    const connection = raw(server.url, 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-A');
    expect(await connection.closed).toMatch(/^HTTP\/1.1 408 [\s\S]*request_timeout/);
  });

  it.each([
    ['a form', [FORM, 'Content-Length: 5000'], `${FILE}abc`],
    ['a chunked form', [FORM, 'Transfer-Encoding: chunked'], `40\r\n${FILE.slice(0, 64)}\r\n`],
    ['JSON', ['Content-Type: application/json', 'Content-Length: 5000'], '{"imageBase64":"'],
  ])('gives up on an incomplete %s, and answers others meanwhile', async (_, headers, body) => {
    const connection = raw(server.url, head(headers) + body);
    const drip = setInterval(() => connection.socket.write('0'), 100);
    await alive();
    const answer = await connection.closed;
    clearInterval(drip);
    expect(answer).not.toMatch(/^HTTP\/1.1 (2|500)/);
    await alive();
  });

  it.concurrent('answers before it closes, even if the rest of a refused body never comes', async () => {
    const patient = await serve(service);
    const headers = [FORM, 'Connection: close', `Content-Length: ${1000 * MIB}`];
    const connection = raw(patient.url, `${head(headers)}abc`);
    expect(await connection.closed).toMatch(/^HTTP\/1.1 413 [\s\S]*payload_too_large/);
    await patient.close({ graceSeconds: 0 });
  });

  it.concurrent('disconnects a client that keeps sending after the answer', async () => {
    const patient = await serve(service);
    const connection = raw(patient.url, head([FORM, `Content-Length: ${1000 * MIB}`]));
    await until(() => connection.received().includes('payload_too_large'));
    const drip = setInterval(() => connection.socket.write('x'.repeat(1000)), 50);
    expect(await connection.closed).toMatch(/^HTTP\/1.1 413 /);
    clearInterval(drip);
    await patient.close({ graceSeconds: 0 });
  });

  it('forgets an upload whose client goes away', async () => {
    const connections = Array.from({ length: 20 }, () =>
      raw(server.url, head([FORM, `Content-Length: ${MIB}`]) + FILE + 'x'.repeat(100_000)),
    );
    const inFlight = async () =>
      Number(/http_requests_in_flight (\d+)/.exec(await (await fetch(`${server.url}/metrics`)).text())![1]);
    await until(async () => (await inFlight()) === 21);
    for (const { socket } of connections) {
      socket.destroy();
    }
    await until(async () => (await inFlight()) === 1);
    expect(service.engine.images).toBe(3);
    expect(service.log.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
  });

  it('answers anything but HTTP with 400', async () => {
    const connection = raw(server.url, 'hello\r\n\r\n');
    expect(await connection.closed).toMatch(/^HTTP\/1.1 400 [\s\S]*invalid_request/);
  });
});
