import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PawdexError } from '../../src/errors.js';
import { type RunningServer, startServer } from '../../src/http/start-server.js';
import { type TestApp, testApp } from '../helpers/http.js';
import type { MemoryEngine } from '../helpers/memory-engine.js';
import { raw, serve } from '../helpers/raw.js';
import { until } from '../helpers/until.js';

let service: TestApp<MemoryEngine>;
let server: RunningServer;
beforeEach(async () => {
  service = await testApp();
  server = await serve(service);
});
afterEach(() => server.close({ graceSeconds: 0 }));

const photo = () => {
  const form = new FormData();
  form.append('image', new Blob([Buffer.from('siamese')]), 'x.jpg');
  return form;
};
const identify = () => fetch(`${server.url}/v1/identify`, { method: 'POST', body: photo() });

/** Keeps every identify waiting until the returned function is called. */
function holdIdentify(): () => void {
  let release = () => {};
  service.engine.hold = new Promise((resolve) => {
    release = resolve;
  });
  return release;
}
const reached = () =>
  until(async () => /http_requests_in_flight 2/.test(await (await fetch(`${server.url}/metrics`)).text()));

describe('startServer', () => {
  it('returns a URL that answers', async () => {
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(`${server.url}/healthz`)).json()).toEqual({ status: 'ok' });
  });

  it('answers an invalid URL like any bad request', async () => {
    const connection = raw(server.url, 'GET http://[::1/healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await connection.closed).toMatch(/^HTTP\/1.1 400 [\s\S]*problem\+json[\s\S]*invalid_request/);
  });

  it('says which setting to change if the port is in use', async () => {
    const port = Number(new URL(server.url).port);
    const second = startServer(service.app, { host: '127.0.0.1', port, lifecycle: service.lifecycle });
    await expect(second).rejects.toThrow(PawdexError);
    await expect(second).rejects.toMatchObject({
      code: 'config_invalid',
      hint: expect.stringContaining('PAWDEX_PORT'),
    });
  });
});

describe('stopping', () => {
  it('finishes what is in flight, accepts nothing new, and is not ready meanwhile', async () => {
    const release = holdIdentify();
    const answer = identify();
    await reached();
    const stopped = server.close({ graceSeconds: 30 });
    expect(service.lifecycle.state).toBe('stopping');
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
    release();
    const response = await answer;
    expect(response.status).toBe(200);
    expect(response.headers.get('connection')).toBe('close');
    expect(await response.json()).toMatchObject({ breed: 'siamese' });
    await stopped;
  });

  it('closes idle connections', async () => {
    const connection = raw(server.url, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => connection.received().includes('{"status":"ok"}'));
    await server.close({ graceSeconds: 30 });
    expect(await connection.closed).toMatch(/^HTTP\/1.1 200/);
  });

  it('closes the connection of an upload that was refused before it had arrived', async () => {
    const body = 'x'.repeat(1000);
    const connection = raw(
      server.url,
      `POST /v1/identify?k=0 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    await until(() => connection.received().includes('invalid_request'));
    connection.socket.write(body);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closed = server.close({ graceSeconds: 600 }).then(() => 'closed');
    // Otherwise it stays open for the 65 seconds that the answer has promised.
    const late = new Promise((resolve) => setTimeout(resolve, 20_000, 'open'));
    expect(await Promise.race([closed, late])).toBe('closed');
  });

  it('answers a request that was on its way when the stop began, and then closes', async () => {
    const release = holdIdentify();
    const slow = raw(server.url, 'GET /healthz HTTP/1.1\r\nHost: x\r\n');
    const answer = identify();
    await reached();
    const stopped = server.close({ graceSeconds: 30 });
    // This connection was open before the stop and only now finishes its request.
    slow.socket.write('Connection: keep-alive\r\n\r\n');
    expect(await slow.closed).toMatch(/^HTTP\/1.1 200 [\s\S]*Connection: close/);
    release();
    expect((await answer).status).toBe(200);
    await stopped;
  });

  it('aborts what takes longer than the grace period', async () => {
    holdIdentify();
    const answer = identify().then(
      () => 'answered',
      () => 'cut off',
    );
    await reached();
    await server.close({ graceSeconds: 0.05 });
    expect(await answer).toBe('cut off');
  });

  it('does not wait for a client that never finishes its request', async () => {
    const connection = raw(
      server.url,
      'POST /v1/identify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n',
    );
    await until(async () => /in_flight 2/.test(await (await fetch(`${server.url}/metrics`)).text()));
    await server.close({ graceSeconds: 0.05 });
    await connection.closed;
  });

  it('may be requested twice', async () => {
    await Promise.all([server.close({ graceSeconds: 1 }), server.close({ graceSeconds: 1 })]);
  });
});

describe('the state of the service', () => {
  it('is shown by /readyz, and /v1 refuses work while stopping', async () => {
    const ready = async () => {
      const response = await fetch(`${server.url}/readyz`);
      return [response.status, await response.json()];
    };
    expect(await ready()).toEqual([200, { status: 'ready' }]);
    service.lifecycle.state = 'starting';
    expect(await ready()).toEqual([503, { status: 'starting' }]);
    const early = await identify();
    expect([early.status, (await early.json()).code]).toEqual([503, 'starting']);
    service.lifecycle.state = 'stopping';
    expect(await ready()).toEqual([503, { status: 'stopping' }]);
    const refused = await identify();
    expect([refused.status, (await refused.json()).code]).toEqual([503, 'shutting_down']);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  it('is measured', async () => {
    await identify();
    const listing = vi.spyOn(service.engine.store, 'listCollections');
    const request = httpRequest(`${server.url}/metrics`).end();
    const [response] = await once(request, 'response');
    let text = '';
    for await (const chunk of response) {
      text += chunk;
    }
    expect(response.headers['content-type']).toMatch(/^text\/plain/);
    expect(text).toMatch(/pawdex_collection_items\{collection="breeds"\} 3/);
    expect(text).toMatch(/pawdex_collection_sampled_recall\{collection="breeds"\} 0.995/);
    expect(listing).toHaveBeenCalledOnce();
    expect(text).toMatch(/pawdex_encoder_pending_images 7/);
    expect(text).toMatch(
      /http_request_duration_seconds_count\{method="POST",route="\/v1\/identify",status="200"\} 1/,
    );
    expect(text).toMatch(/process_resident_memory_bytes \d/);
    expect(text).toMatch(/nodejs_eventloop_lag_p99_seconds/);
  });
});
