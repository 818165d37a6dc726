/** Clients that are slow on purpose or by nature: unread answers, pipelining, trickling uploads, many connections. */
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import express, { type Express } from 'express';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningServer, type ServerLimits, startServer } from '../../src/http/start-server.js';
import { raw } from '../helpers/raw.js';
import { until } from '../helpers/until.js';

const MIB = 1024 * 1024;
/** More than the kernel's socket buffers hold on any platform. */
const LARGE = Buffer.alloc(16 * MIB, 'x');

let server: RunningServer;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) {
    socket.destroy();
  }
  await server.close({ graceSeconds: 0 });
});

async function serveApp(app: Express, limits: Partial<ServerLimits> = {}, onRefused?: (n: number) => void) {
  server = await startServer(app, {
    host: '127.0.0.1',
    port: 0,
    lifecycle: { state: 'ready' },
    limits: { checkMs: 25, ...limits },
    ...(onRefused === undefined ? {} : { onRefused }),
  });
}

/** An app whose answers are large, and what became of them. */
function largeAnswers() {
  const app = express();
  const seen = { started: 0, cut: 0 };
  app.get('/', (req, res) => {
    seen.started++;
    // `finish` comes for what was cut off too.
    res.once('close', () => {
      if (req.socket.destroyed) {
        seen.cut++;
      }
    });
    res.send(LARGE);
  });
  app.get('/alive', (_req, res) => {
    res.send('yes');
  });
  return { app, seen };
}

function connection(text: string) {
  const opened = raw(server.url, text);
  sockets.push(opened.socket);
  return opened;
}
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const isAlive = async () => expect(await (await fetch(`${server.url}/alive`)).text()).toBe('yes');

describe('a client that does not read', () => {
  it('has one of its pipelined requests processed, and the others when it continues to read', async () => {
    const { app, seen } = largeAnswers();
    await serveApp(app);
    const { socket, received } = connection(get('/').repeat(5));
    socket.pause();
    await until(() => seen.started > 0);
    for (let i = 0; i < 10; i++) {
      await isAlive();
    }
    await sleep(100);
    expect(seen.started).toBe(1);
    socket.resume();
    await until(() => received().length > 5 * LARGE.length);
    expect(received().match(/HTTP\/1\.1 200/g)).toHaveLength(5);
    expect(seen).toEqual({ started: 5, cut: 0 });
  });

  it('is disconnected after a while, and others are answered meanwhile', async () => {
    const { app, seen } = largeAnswers();
    await serveApp(app, { unreadMs: 300 });
    connection(get('/')).socket.pause();
    await until(() => seen.started === 1);
    await isAlive();
    await until(() => seen.cut === 1);
  });

  it('is disconnected sooner if all unread answers take too much memory', async () => {
    const { app, seen } = largeAnswers();
    await serveApp(app, { unreadBytes: 20 * MIB });
    for (let i = 0; i < 3; i++) {
      connection(get('/')).socket.pause();
    }
    await until(() => seen.cut > 0);
    await isAlive();
    expect(seen.cut).toBeLessThan(3);
  });

  it('may read its answer to the end while the server stops', async () => {
    const { app, seen } = largeAnswers();
    await serveApp(app);
    const { socket, received, closed } = connection(get('/'));
    socket.pause();
    await until(() => seen.started === 1);
    const stopped = server.close({ graceSeconds: 30 });
    await sleep(50);
    socket.resume();
    await Promise.all([closed, stopped]);
    expect(received().length).toBeGreaterThan(LARGE.length);
  });

  it('is not disconnected while the server itself takes longer', async () => {
    const app = express();
    app.get('/', async (_req, res) => {
      await sleep(700);
      res.send('at last');
    });
    await serveApp(app, { unreadMs: 100 });
    expect(await (await fetch(server.url)).text()).toBe('at last');
  });
});

describe('pipelining', () => {
  it('gets responses in order, and the connection closes after too many pipelined requests', async () => {
    const app = express();
    app.get('/:n', async (req, res) => {
      // The earlier ones take longer: started together they would finish the other way round.
      await sleep(Math.max(0, 10 - Number(req.params.n)));
      res.send(`<${req.params.n}>`);
    });
    await serveApp(app);
    const order = (text: string) => [...text.matchAll(/<(\d+)>/g)].map(([, n]) => Number(n));
    const all = (n: number) => Array.from({ length: n }, (_, i) => i);
    const some = connection(
      all(20)
        .map((n) => get(`/${n}`))
        .join(''),
    );
    await until(() => order(some.received()).length === 20);
    expect(order(some.received())).toEqual(all(20));
    const many = connection(
      all(1000)
        .map((n) => get(`/${n}`))
        .join(''),
    );
    const answered = order(await many.closed);
    expect(answered).toEqual(all(answered.length));
    expect(answered.length).toBeGreaterThan(20);
    expect(answered.length).toBeLessThan(100);
  });
});

describe('an upload', () => {
  const app = express();
  app.post('/', (req, res) => {
    let bytes = 0;
    req.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    req.on('end', () => res.send(`${bytes} bytes`));
  });
  const limits = { uploadWindowMs: 200, minBytesPerSecond: 1000 };
  const head = (length: number) => `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`;

  it('may take any time while data keeps coming', async () => {
    await serveApp(app, limits);
    const { socket, received } = connection(head(30_000));
    for (let i = 0; i < 30; i++) {
      await sleep(50);
      socket.write('x'.repeat(1000));
    }
    await until(() => received().includes('30000 bytes'));
  });

  it('is answered with 408 if it trickles', async () => {
    await serveApp(app, limits);
    const { socket, closed } = connection(head(30_000));
    const drip = setInterval(() => socket.write('x'), 20);
    expect(await closed).toMatch(/^HTTP\/1.1 408 [\s\S]*request_timeout/);
    clearInterval(drip);
  });
});

describe('a full server', () => {
  it('refuses connections beyond the limit, and accepts them again when others have closed', async () => {
    const refusals: number[] = [];
    const { app, seen } = largeAnswers();
    await serveApp(app, { maxConnections: 2 }, (refused) => refusals.push(refused));
    const busy = [connection(get('/')), connection(get('/'))];
    for (const { socket } of busy) {
      socket.pause();
    }
    await until(() => seen.started === 2);
    expect(await connection(get('/alive')).closed).toBe('');
    await until(() => refusals.length > 0);
    expect(refusals).toEqual([1]);
    busy[0]!.socket.destroy();
    await until(() => seen.cut === 1);
    const another = connection(get('/alive'));
    await until(() => another.received().includes('yes'));
  });

  it.each([
    ['trickle their headers', 'GET / HTTP/1.1\r\nX-Slow: '],
    ['trickle an upload', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n'],
    ['leave an answer unread', get('/')],
  ])('closes connections that %s to make room for others', async (_, text) => {
    const { app } = largeAnswers();
    app.post('/', (req) => req.resume());
    await serveApp(app, { maxConnections: 2 });
    const slow = [connection(text), connection(text)];
    const isSending = text !== get('/');
    for (const { socket } of slow) {
      socket.pause();
    }
    const drip = setInterval(() => slow.map(({ socket }) => isSending && socket.write('x')), 50);
    const ask = () => connection('GET /alive HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n').closed;
    // The server has read something from both by then.
    await sleep(300);
    expect(await ask()).toBe('');
    await until(async () => (await ask()).includes('yes'));
    clearInterval(drip);
  });

  it('never writes a refusal into an answer if the client sends garbage after its request', async () => {
    const { app, seen } = largeAnswers();
    await serveApp(app);
    const { socket, closed } = connection(get('/'));
    socket.pause();
    await until(() => seen.started === 1);
    await sleep(100);
    socket.write('garbage\r\n\r\n');
    await sleep(100);
    socket.resume();
    expect(await closed).not.toContain('invalid_request');
  });

  it('closes a connection whose request cannot be read, even if the client keeps sending', async () => {
    await serveApp(largeAnswers().app, { headersMs: 100 });
    const socket = connect({
      port: Number(new URL(server.url).port),
      host: '127.0.0.1',
      allowHalfOpen: true,
    });
    sockets.push(socket);
    let answer = '';
    socket.on('data', (piece) => {
      answer += piece;
    });
    const closed = new Promise((resolve) => socket.once('error', resolve).once('close', resolve));
    socket.write('GET / HTTP/1.1\r\nX-Slow: ');
    const drip = setInterval(() => socket.writable && socket.write('x'), 50);
    await closed;
    clearInterval(drip);
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
  });

  it('closes idle connections to make room for others', async () => {
    await serveApp(largeAnswers().app, { maxConnections: 2 });
    const idle = [connection(get('/alive')), connection(get('/alive'))];
    await until(() => idle.every(({ received }) => received().includes('yes')));
    const another = connection(get('/alive'));
    await until(() => another.received().includes('yes'));
  });

  it('keeps connections open a little longer than `Keep-Alive` promises', async () => {
    await serveApp(largeAnswers().app, { keepAliveMs: 1000 });
    const { socket, received } = connection(get('/alive'));
    await until(() => received().includes('yes'));
    expect(received()).toMatch(/Keep-Alive: timeout=1\r\n/);
    await sleep(2500);
    socket.write(get('/alive'));
    await until(() => (received().match(/yes/g) ?? []).length === 2);
  });
});
