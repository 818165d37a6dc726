import { setTimeout as sleep } from 'node:timers/promises';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/http/start-server.js';
import type { Job } from '../../src/jobs/job.js';
import { type TestApp, testApp } from '../helpers/http.js';
import type { MemoryEngine } from '../helpers/memory-engine.js';
import { raw, serve } from '../helpers/raw.js';

let service: TestApp<MemoryEngine>;
/** Lets the work of the running job end. */
let release: (value: unknown) => void;
/** Reports progress of the running job. */
let report: (done: number) => void;

beforeEach(async () => {
  service = await testApp();
  service.engine.work = ({ signal, onProgress }) =>
    new Promise((resolve, reject) => {
      release = resolve;
      report = (done) => onProgress?.({ phase: 'asking', done, total: 10 });
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
});
afterEach(() => service.jobs.close());

const start = (body: object) => request(service.app).post('/v1/jobs').send(body);
const get = async (id: string): Promise<Job> => (await request(service.app).get(`/v1/jobs/${id}`)).body;
async function running(body: object = { kind: 'calibrate', collection: 'breeds' }): Promise<Job> {
  const { body: job } = await start(body);
  while ((await get(job.id)).state === 'queued' || service.engine.workAsked.length === 0) {
    await sleep(5);
  }
  return job;
}

describe('/v1/jobs', () => {
  it('starts, shows progress and the result, and lists without results', async () => {
    const started = await start({ kind: 'calibrate', collection: 'breeds' });
    expect(started.status).toBe(202);
    const { id } = started.body;
    expect(started.headers.location).toBe(`../v1/jobs/${id}`);
    expect(started.body).toMatchObject({
      kind: 'calibrate',
      collection: 'breeds',
      result: null,
      error: null,
    });
    while (service.engine.workAsked.length === 0) {
      await sleep(5);
    }
    report(4);
    expect(await get(id)).toMatchObject({
      state: 'running',
      progress: { phase: 'asking', done: 4, total: 10 },
    });
    release({ fitted: 1 });
    while ((await get(id)).state === 'running') {
      await sleep(5);
    }
    expect(await get(id)).toMatchObject({ state: 'succeeded', result: { fitted: 1 } });
    const { body } = await request(service.app).get('/v1/jobs');
    expect(body.jobs).toMatchObject([{ id, state: 'succeeded' }]);
    expect(body.jobs[0]).not.toHaveProperty('result');
    expect((await request(service.app).get('/metrics')).text).toMatch(/pawdex_jobs\{state="running"\} 0/);
  });

  it('has a report only for an evaluation that succeeded', async () => {
    service.engine.work = async () => null;
    const { body: job } = await start({ kind: 'calibrate', collection: 'breeds' });
    const { status, body } = await request(service.app).get(`/v1/jobs/${job.id}/report`);
    expect([status, body.code]).toEqual([404, 'report_not_found']);
    const missing = await request(service.app).get('/v1/jobs/00000000-0000-4000-8000-000000000000/report');
    expect(missing.body.code).toBe('job_not_found');
  });

  it('passes on the options of each kind, including defaults', async () => {
    service.engine.work = async () => null;
    await service.engine.createCollection('llamas');
    const vectors = Float32Array.from([1, 0, 0, 0, 0, 0.5, 0, -0.5]);
    const embeddings = Buffer.from(vectors.buffer).toString('base64');
    for (const body of [
      { kind: 'calibrate', collection: 'breeds', nonPets: { embeddings } },
      { kind: 'evaluate', collection: 'breeds', nonPets: { collection: 'llamas' } },
      { kind: 'check-labels', collection: 'breeds' },
      { kind: 'check-labels', collection: 'breeds', threshold: 0.9, limit: 5 },
    ]) {
      expect((await start(body)).status).toBe(202);
    }
    while (service.engine.workAsked.length < 4) {
      await sleep(5);
    }
    expect(service.engine.workAsked).toEqual([
      {
        kind: 'calibrate',
        collection: 'breeds',
        nonPets: { embeddings: [vectors.slice(0, 4), vectors.slice(4)] },
      },
      { kind: 'evaluate', collection: 'breeds', nonPets: { collection: 'llamas' } },
      { kind: 'check-labels', collection: 'breeds', threshold: 0.95, limit: 200 },
      { kind: 'check-labels', collection: 'breeds', threshold: 0.9, limit: 5 },
    ]);
  });

  const base64 = (...values: number[]) => Buffer.from(Float32Array.from(values).buffer).toString('base64');
  it.each([
    ['an empty object', {}, 400, 'invalid_request', 'body.kind'],
    ['an unknown kind', { kind: 'bake', collection: 'breeds' }, 400, 'invalid_request', 'body.kind'],
    ['a missing collection', { kind: 'calibrate' }, 400, 'invalid_request', 'body.collection'],
    [
      'a name that no collection has',
      { kind: 'calibrate', collection: '../x' },
      400,
      'invalid_request',
      'body.collection',
    ],
    [
      'an option of another kind',
      { kind: 'calibrate', collection: 'breeds', threshold: 1 },
      400,
      'invalid_request',
      'body.threshold',
    ],
    [
      'a threshold above 1',
      { kind: 'check-labels', collection: 'breeds', threshold: 2 },
      400,
      'invalid_request',
      'body.threshold',
    ],
    [
      'a limit above 1000',
      { kind: 'check-labels', collection: 'breeds', limit: 1001 },
      400,
      'invalid_request',
      'body.limit',
    ],
    [
      'empty nonPets',
      { kind: 'evaluate', collection: 'breeds', nonPets: {} },
      400,
      'invalid_request',
      'body.nonPets',
    ],
    [
      'a label rule without a group',
      { kind: 'index', collection: 'breeds', path: 'x', label: 'regex:abc' },
      400,
      'invalid_request',
      'body.label',
    ],
    ['an unknown collection', { kind: 'evaluate', collection: 'nope' }, 404, 'collection_not_found', null],
    [
      'an unknown collection of nonPets',
      { kind: 'evaluate', collection: 'breeds', nonPets: { collection: 'nope' } },
      404,
      'collection_not_found',
      null,
    ],
    ...(
      [
        ['that are not base64', '***', 'invalid_request'],
        ['of another length', base64(1, 2, 3), 'vector_invalid'],
        ['of length zero', base64(0, 0, 0, 0), 'vector_invalid'],
        ['with NaN', base64(1, Number.NaN, 0, 0), 'vector_invalid'],
      ] as const
    ).map(([what, embeddings, code]) => [
      `embeddings ${what}`,
      { kind: 'calibrate', collection: 'breeds', nonPets: { embeddings } },
      400,
      code,
      'body.nonPets.embeddings',
    ]),
  ] as [string, object, number, string, string | null][])(
    'refuses %s',
    async (_, body, status, code, path) => {
      const answer = await start(body);
      expect([answer.status, answer.body.code, answer.body.errors?.[0].path ?? null]).toEqual([
        status,
        code,
        path,
      ]);
      expect(service.jobs.list()).toEqual([]);
    },
  );

  it('cancels, and answers 404 for unknown jobs', async () => {
    const { id } = await running();
    const cancelled = await request(service.app).delete(`/v1/jobs/${id}`);
    expect([cancelled.status, cancelled.body.state]).toEqual([200, 'cancelled']);
    expect((await request(service.app).delete(`/v1/jobs/${id}`)).body.state).toBe('cancelled');
    for (const path of [
      '/v1/jobs/00000000-0000-4000-8000-000000000000',
      '/v1/jobs/00000000-0000-4000-8000-000000000000/events',
    ]) {
      expect(await request(service.app).get(path)).toBeProblem(404, 'job_not_found');
    }
    expect((await request(service.app).get('/v1/jobs/7')).body.code).toBe('invalid_request');
  });

  it('pauses and resumes', async () => {
    const { id } = await running();
    const paused = await request(service.app).post(`/v1/jobs/${id}/pause`);
    expect([paused.status, paused.body.state]).toEqual([200, 'paused']);
    service.engine.work = async () => ({ fitted: 2 });
    expect((await request(service.app).post(`/v1/jobs/${id}/resume`)).status).toBe(200);
    while ((await get(id)).state !== 'succeeded') {
      await sleep(5);
    }
    expect((await get(id)).result).toEqual({ fitted: 2 });
    expect((await request(service.app).post(`/v1/jobs/${id}/pause`)).body.state).toBe('succeeded');
    const unknown = '/v1/jobs/00000000-0000-4000-8000-000000000000';
    for (const path of ['pause', 'resume']) {
      expect(await request(service.app).post(`${unknown}/${path}`)).toBeProblem(404, 'job_not_found');
    }
  });

  it('writes a snapshot as a job', async () => {
    const { body: job } = await start({ kind: 'snapshot' });
    expect(job).toMatchObject({ kind: 'snapshot', collection: null });
    while ((await get(job.id)).state !== 'succeeded') {
      await sleep(5);
    }
    const { snapshots } = (await request(service.app).get('/v1/snapshots')).body;
    expect((await get(job.id)).result).toEqual(snapshots[0]);
  });

  it('refuses to index if the server has no index roots', async () => {
    expect(await start({ kind: 'index', collection: 'breeds', path: '/etc' })).toBeProblem(
      403,
      'path_not_allowed',
    );
  });

  it('refuses archives that are too large, or for missing collections', async () => {
    const send = (collection: string, body: Buffer) =>
      request(service.app)
        .post(`/v1/collections/${collection}/archive`)
        .set('content-type', 'application/zip')
        .send(body);
    const large = await send('breeds', Buffer.alloc(2 ** 20 + 1));
    expect(large).toBeProblem(413, 'payload_too_large');
    const nowhere = await send('nope', Buffer.alloc(10));
    expect(nowhere).toBeProblem(404, 'collection_not_found');
    expect(service.jobs.list()).toEqual([]);
  });

  it('answers 503 with Retry-After when the queue is full', async () => {
    await running();
    for (let i = 0; i < 16; i++) {
      expect((await start({ kind: 'calibrate', collection: 'breeds' })).status).toBe(202);
    }
    const { status, body, headers } = await start({ kind: 'calibrate', collection: 'breeds' });
    expect([status, body.code, headers['retry-after']]).toEqual([503, 'job_queue_full', '60']);
  });

  it('requires a key if there are keys', async () => {
    const { app, jobs } = await testApp({ API_KEYS: ['secret'] });
    for (const path of ['/v1/jobs', '/v1/collections/breeds/duplicates']) {
      expect((await request(app).get(path)).status).toBe(401);
    }
    expect((await request(app).get('/v1/jobs').set('x-api-key', 'secret')).status).toBe(200);
    await jobs.close();
  });
});

/** Events as they come, parsed. */
interface Event {
  id: string;
  event: string;
  data: Job;
}

async function events(url: string, id: string, headers: Record<string, string> = {}) {
  const leave = new AbortController();
  const response = await fetch(`${url}/v1/jobs/${id}/events`, { headers, signal: leave.signal });
  const received: Event[] = [];
  const ended = (async () => {
    let text = '';
    for await (const chunk of (response.body ?? []) as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const fields = Object.fromEntries(
          text
            .slice(0, end)
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        );
        text = text.slice(end + 2);
        if (fields.data !== undefined) {
          received.push({ id: fields.id!, event: fields.event!, data: JSON.parse(fields.data) });
        }
      }
    }
  })();
  ended.catch(() => {});
  return { response, received, ended, leave: () => leave.abort() };
}

describe('/v1/jobs/{id}/events', () => {
  let server: RunningServer;
  beforeEach(async () => {
    server = await serve(service);
  });

  it('answers HEAD at once, without a stream', async () => {
    const { id } = await running();
    const head = `HEAD /v1/jobs/${id}/events HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`;
    expect(await raw(server.url, head).closed).toMatch(/^HTTP\/1.1 200 [\s\S]*text\/event-stream/);
  });
  afterEach(() => server.close({ graceSeconds: 0 }));

  it("streams the job's progress and ends with its last state", async () => {
    const { id } = await running();
    const stream = await events(server.url, id);
    expect(stream.response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    while (stream.received.length < 1) {
      await sleep(5);
    }
    for (let done = 1; done <= 9; done++) {
      report(done);
    }
    while (stream.received.length < 2) {
      await sleep(5);
    }
    release({ big: true });
    await stream.ended;
    const states = stream.received.map(({ event, data }) => [event, data.state, data.progress?.done ?? 0]);
    expect(states[0]).toEqual(['job', 'running', 0]);
    expect(states.at(-1)).toEqual(['end', 'succeeded', 9]);
    expect(states.slice(0, -1).every(([event, state]) => event === 'job' && state === 'running')).toBe(true);
    expect(stream.received.at(-1)!.data).not.toHaveProperty('result');
    const ids = stream.received.map((event) => Number(event.id));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));

    // Who comes back knows it all already; who knows nothing, or nonsense, is told the end.
    const last = stream.received.at(-1)!.id;
    expect((await events(server.url, id, { 'last-event-id': last })).response.status).toBe(204);
    for (const header of ['1', 'nonsense', '999999999']) {
      const again = await events(server.url, id, { 'last-event-id': header });
      await again.ended;
      expect(again.received).toMatchObject([{ event: 'end', id: last }]);
    }
  });

  it('drops a client that has gone', async () => {
    let reads = 0;
    const { id } = await running();
    const getRevision = service.jobs.getRevision.bind(service.jobs);
    service.jobs.getRevision = (each) => {
      reads++;
      return getRevision(each);
    };
    const stream = await events(server.url, id);
    while (stream.received.length < 1) {
      await sleep(5);
    }
    stream.leave();
    let before = -1;
    while (reads !== before) {
      before = reads;
      await sleep(500);
    }
    report(3);
    expect((await get(id)).progress?.done).toBe(3);
  });

  it('is refused if too many are open', async () => {
    const { id } = await running();
    const text = `GET /v1/jobs/${id}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
    const open = Array.from({ length: 100 }, () => raw(server.url, text));
    while (!open.every(({ received }) => received().includes('event: job'))) {
      await sleep(5);
    }
    expect(await request(server.url).get(`/v1/jobs/${id}/events`)).toBeProblem(503, 'overloaded');
    for (const { socket } of open) {
      socket.destroy();
    }
    const isRefused = async () => {
      const stream = await events(server.url, id);
      stream.leave();
      return stream.response.status === 503;
    };
    while (await isRefused()) {
      await sleep(50);
    }
  });

  it('ends without the end of the job when the server stops, which does not wait', async () => {
    const { id } = await running();
    const stream = await events(server.url, id);
    while (stream.received.length < 1) {
      await sleep(5);
    }
    await Promise.all([service.jobs.close(), server.close({ graceSeconds: 20 })]);
    await stream.ended;
    expect(stream.received.at(-1)).toMatchObject({ event: 'job', data: { state: 'queued', error: null } });
  });
});

describe('/v1/collections/{c}/duplicates', () => {
  const duplicates = (query = '') => request(service.app).get(`/v1/collections/breeds/duplicates${query}`);

  it('lists pairs by page, with a threshold', async () => {
    const { body } = await duplicates('?threshold=0&limit=1000');
    expect(body).toMatchObject({ scanned: 3, next: null });
    let [pairs, cursor]: [object[], string | null] = [[], null];
    do {
      const page = await duplicates(
        `?threshold=0&limit=1${cursor === null ? '' : `&cursor=${cursor as string}`}`,
      );
      pairs = [...pairs, ...page.body.pairs];
      cursor = page.body.next;
    } while (cursor !== null);
    expect(pairs).toHaveLength(body.pairs.length);
    expect((await duplicates('?threshold=1')).body).toEqual({ pairs: [], scanned: 3, next: null });
  });

  it.each(['?threshold=1.5', '?threshold=', '?threshold=x', '?limit=0', '?limit=1001', '?k=3'])(
    'refuses %s',
    async (query) => {
      expect(await duplicates(query)).toBeProblem(400, 'invalid_request');
    },
  );

  it('answers 404 for a missing collection', async () => {
    expect(await request(service.app).get('/v1/collections/nope/duplicates')).toBeProblem(
      404,
      'collection_not_found',
    );
  });
});
