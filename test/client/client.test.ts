import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, PawdexClient, PawdexError, remoteEngine } from '../../src/client/index.js';
import { Transport } from '../../src/client/transport.js';
import type { RunningServer } from '../../src/http/start-server.js';
import { type TestApp, type TestConfig, testApp } from '../helpers/http.js';
import type { MemoryEngine } from '../helpers/memory-engine.js';
import { serve } from '../helpers/raw.js';

const photo = Buffer.from('siamese');
const MIB = 1024 * 1024;

let service: TestApp<MemoryEngine>;
let server: RunningServer;
let client: PawdexClient;
/** Requests sent, as `METHOD path`. */
let sent: string[];

const counting: typeof fetch = (url, init) => {
  sent.push(`${init?.method} ${new URL(String(url)).pathname}`);
  return fetch(url, init);
};
async function start(config: Partial<TestConfig> = {}, options = {}) {
  sent = [];
  service = await testApp(config);
  server = await serve(service);
  client = new PawdexClient({ baseUrl: server.url, fetch: counting, ...options });
}
beforeEach(() => start());
afterEach(() => server.close({ graceSeconds: 0 }));

describe('PawdexClient', () => {
  it('identifies, searches by every kind of query and embeds', async () => {
    expect(await client.identify(photo, { k: 2 })).toMatchObject({
      breed: 'siamese',
      neighbours: { length: 2 },
    });
    const { items } = await client.listItems('breeds');
    const [siamese, , beagle] = items as [{ id: string }, unknown, { id: string }];
    const { embedding } = await client.embed(photo);
    for (const query of [
      { image: photo },
      { id: siamese.id },
      { vector: embedding },
      { vector: Float32Array.from(embedding) },
      { positives: [siamese.id], negatives: [beagle.id] },
      { positives: [Float32Array.from(embedding)], negatives: [beagle.id], negativeWeight: 0.2 },
    ]) {
      expect((await client.search('breeds', query)).neighbours[0]).toMatchObject({
        label: 'siamese',
        similarity: 1,
      });
    }
    const filter = { species: ['dog'] };
    for (const query of [{ image: photo }, { vector: embedding }]) {
      expect((await client.search('breeds', query, { filter, k: 5, exact: true })).neighbours).toMatchObject([
        { label: 'beagle' },
      ]);
    }
  });

  it('requests views, explanations and a heat map', async () => {
    const { neighbours } = await client.identify(photo, { views: 'flip', explain: true });
    expect(service.engine.asked).toMatchObject({ views: 'flip', explain: true });
    expect(neighbours[0]!.explanation).toMatchObject({ rows: 1, columns: 2, shares: { length: 2 } });
    const found = await client.search('breeds', { image: photo }, { views: '5', explain: true });
    expect(service.engine.asked).toMatchObject({ views: '5', explain: true });
    expect(found.neighbours[0]).toHaveProperty('explanation');
    // A command passes all its flags.
    const flags = { views: '5', server: server.url } as const;
    await client.embed(photo, flags);
    expect(service.engine.asked).toEqual({ views: '5' });
    const neighbour = neighbours[0]!.id;
    const picture = await client.heatMap(photo, { neighbour, views: 'flip' });
    expect(Buffer.from(picture).toString()).toBe('a picture');
    expect(service.engine.asked).toEqual({ collection: 'breeds', neighbour, views: 'flip' });
    const engine = await remoteEngine(client);
    const options = { collection: 'breeds', neighbour };
    expect(Buffer.from(await engine.drawHeatMap(photo, options)).toString()).toBe('a picture');
    const { neighbours: remote } = await engine.search('breeds', { image: photo }, { k: 1, explain: true });
    expect(remote[0]).toMatchObject({ id: neighbour, explanation: { rows: 1 } });
  });

  it('works with collections and items', async () => {
    expect(await client.createCollection('mine', 'pets')).toMatchObject({
      name: 'mine',
      description: 'pets',
    });
    const results = await client.addItems('mine', [
      { image: photo, label: 'siamese', source: 'a.jpg', metadata: { n: 1 } },
      { image: Buffer.alloc(0) },
      { image: Buffer.from('other') },
    ]);
    expect(results.map((r) => r.status)).toEqual(['created', 'failed', 'created']);
    const { items, next } = await client.listItems('mine', { limit: 1 });
    expect(items).toMatchObject([{ label: 'siamese', source: 'a.jpg', metadata: { n: 1 } }]);
    expect((await client.listItems('mine', { cursor: next! })).items).toMatchObject([
      { label: null, source: null },
    ]);
    expect((await client.listItems('mine', { filter: { metadata: { n: 1 } } })).items).toHaveLength(1);
    const id = items[0]!.id;
    expect(await client.updateItem('mine', id, { label: 'birman' })).toMatchObject({
      label: 'birman',
      source: 'a.jpg',
    });
    expect(await client.getItem('mine', id)).toMatchObject({ label: 'birman' });
    expect(Buffer.from(await client.getThumbnail('mine', id))).toEqual(photo);
    await client.deleteItem('mine', id);
    await expect(client.getItem('mine', id)).rejects.toMatchObject({ code: 'item_not_found' });
    expect(await client.getCollection('mine')).toMatchObject({ count: 1 });
    await client.deleteCollection('mine');
    expect((await client.listCollections()).map(({ name }) => name)).toEqual(['breeds']);
  });

  it('adds more images than fit one request, in order; an image over the limit fails alone', async () => {
    const items = Array.from({ length: 10 }, (_, i) => ({
      image: Buffer.from(`image ${i}`),
      label: `l${i}`,
    }));
    items[3]!.image = Buffer.alloc(MIB + 1);
    const results = await client.addItems('breeds', items);
    expect(results.map((r) => (r.status === 'failed' ? r.error.code : r.label))).toEqual(
      items.map(({ label }, i) => (i === 3 ? 'payload_too_large' : label)),
    );
    expect(sent).toEqual(['GET /v1/info', ...Array(3).fill('POST /v1/collections/breeds/items')]);
  });

  it('halves batches that a proxy refuses as too large', async () => {
    const small: typeof fetch = async (url, init) => {
      const body = init?.body;
      if (body instanceof FormData && body.getAll('image').length > 1) {
        return new Response('too big', { status: 413 });
      }
      return fetch(url, init);
    };
    client = new PawdexClient({ baseUrl: server.url, fetch: small });
    const items = ['a', 'b', 'c'].map((label) => ({ image: Buffer.from(label), label }));
    expect(await client.addItems('breeds', items)).toMatchObject([
      { label: 'a' },
      { label: 'b' },
      { label: 'c' },
    ]);
  });

  it('sends its API key', async () => {
    await server.close({ graceSeconds: 0 });
    await start({ API_KEYS: ['k1'] });
    await expect(client.listCollections()).rejects.toMatchObject({ code: 'unauthorized', httpStatus: 401 });
    const withKey = new PawdexClient({ baseUrl: `${server.url}/`, apiKey: 'k1' });
    expect(await withKey.listCollections()).toHaveLength(1);
  });

  it('rejects an invalid URL early', () => {
    expect(() => new PawdexClient({ baseUrl: 'localhost:3000' })).toThrow(PawdexError);
  });
});

describe('errors', () => {
  it("carry the server's code, hint, fields and request id", async () => {
    const error = await client.identify(photo, { k: 0 }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({
      code: 'invalid_request',
      httpStatus: 400,
      hint: expect.stringMatching(/\w/),
      errors: [{ path: 'query.k' }],
      requestId: expect.stringMatching(/./),
    });
    expect(JSON.parse(error.body).code).toBe('invalid_request');
  });

  it('reads the response to an upload that was refused halfway', async () => {
    await expect(client.identify(Buffer.alloc(5 * MIB))).rejects.toMatchObject({ code: 'payload_too_large' });
  });

  it('keep only the start of a long body that is not a problem document', async () => {
    const proxy: typeof fetch = async () => new Response('<html>'.repeat(1000), { status: 502 });
    const error = await new PawdexClient({ baseUrl: server.url, fetch: proxy })
      .info()
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'server_unreachable', httpStatus: 502 });
    expect(error.body).toHaveLength(1000);
  });

  it('distinguish an unreachable server from one that refuses', async () => {
    await server.close({ graceSeconds: 0 });
    const error = await client.identify(photo).catch((thrown) => thrown);
    expect(error).not.toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 'server_unreachable', detail: expect.stringContaining(server.url) });
  });

  it('come in time if a server responds with nothing or only half', async () => {
    for (const opening of ['', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a":']) {
      const mute = createServer()
        .on('connection', (socket) => socket.write(opening))
        .removeAllListeners('request');
      await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
      const { port } = mute.address() as AddressInfo;
      const baseUrl = `http://127.0.0.1:${port}`;
      const slow = new PawdexClient({ baseUrl, timeoutMs: 100 });
      await expect(slow.info()).rejects.toMatchObject({
        code: 'server_unreachable',
        detail: expect.stringContaining('no response within 0.1 s'),
      });
      const impatientCall = { path: '/v1/info', timeoutMs: 50 };
      await expect(new Transport({ baseUrl }).send(impatientCall)).rejects.toMatchObject({
        detail: expect.stringContaining('no response within 0.05 s'),
      });
      mute.closeAllConnections();
      mute.close();
    }
  });
});

describe('a download', () => {
  it('replaces a file, and says why it cannot be written', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'pawdex-client-'));
    const file = path.join(folder, 'breeds.parquet');
    await writeFile(file, 'old');
    expect(await client.exportCollection('breeds', file)).toMatchObject({ items: 3 });
    expect((await readFile(file)).subarray(0, 4).toString()).toBe('PAR1');
    expect(await readdir(folder)).toEqual(['breeds.parquet']);
    await rm(folder, { recursive: true });
    await expect(client.exportCollection('breeds', file)).rejects.toMatchObject({
      code: 'storage_failed',
      message: expect.stringContaining(`${file}.tmp: no such file or directory`),
    });
  });
});

describe('a busy server', () => {
  const overloaded = new PawdexError('overloaded', { retryAfter: 1 });

  it('is retried after Retry-After', async () => {
    service.engine.failWith = overloaded;
    const recovering: typeof fetch = async (url, init) => {
      const answer = await counting(url, init);
      service.engine.failWith = null;
      return answer;
    };
    client = new PawdexClient({ baseUrl: server.url, fetch: recovering });
    expect(await client.identify(photo)).toMatchObject({ breed: 'siamese' });
    expect(sent).toHaveLength(2);
  });

  it('is not waited for longer than the limit', async () => {
    client = new PawdexClient({ baseUrl: server.url, fetch: counting, maxWaitMs: 500 });
    service.engine.failWith = overloaded;
    await expect(client.identify(photo)).rejects.toMatchObject({ code: 'overloaded', retryAfter: 1 });
    expect(sent).toHaveLength(1);
  });

  it('is not retried after anything but 503', async () => {
    service.engine.failWith = new Error('broken');
    await expect(client.identify(photo)).rejects.toMatchObject({ code: 'internal' });
    expect(sent).toHaveLength(1);
  });
});

describe('remoteEngine', () => {
  it('is an engine that the server runs', async () => {
    const engine = await remoteEngine(client);
    expect(engine.encoder).toEqual(service.engine.encoder);
    expect((await engine.identify(photo, { collection: 'breeds' })).breed).toBe('siamese');
    const local = await service.engine.search('breeds', { image: photo }, { k: 2 });
    const remote = await engine.search('breeds', { image: photo }, { k: 2 });
    expect(remote.neighbours.map(({ id }) => id)).toEqual(local.neighbours.map(({ id }) => id));
    expect(remote.neighbours[0]!.similarity).toBeCloseTo(local.neighbours[0]!.similarity, 5);
    expect((await engine.embed(photo)).embedding).toEqual((await service.engine.embed(photo)).embedding);
    await engine.close();
    expect(await service.engine.store.listCollections()).toHaveLength(1);
  });

  it('knows which of many content hashes are stored', async () => {
    const hash = (text: string) => createHash('sha256').update(text).digest('hex');
    const many = Array.from({ length: 250 }, (_, i) => hash(`no ${i}`));
    const engine = await remoteEngine(client);
    const known = await engine.store.findKnown('breeds', [...many, hash('beagle'), hash('birman')]);
    expect([...known.values()].map(({ label }) => label).sort()).toEqual(['beagle', 'birman']);
    expect(await engine.store.findKnown('breeds', [])).toEqual(new Map());
    await expect(engine.store.findKnown('nope', [hash('x')])).rejects.toMatchObject({
      code: 'collection_not_found',
    });
  });
});

describe('long work', () => {
  it('runs in the server, with progress, and gives the result', async () => {
    const steps: number[] = [];
    service.engine.work = async ({ onProgress }) => {
      for (let done = 1; done <= 3; done++) {
        onProgress?.({ phase: 'asking', done, total: 3 });
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      return { n: 5 };
    };
    const engine = await remoteEngine(client);
    const embeddings = [Float32Array.from([0.1, -2, 3, 4])];
    const result = await engine.evaluate('breeds', {
      nonPets: { embeddings },
      onProgress: ({ done }) => steps.push(done),
    });
    expect(result).toEqual({ n: 5 });
    expect(steps.length).toBeGreaterThan(0);
    expect(steps).toEqual([...steps].sort());
    await engine.findLabelTrouble('breeds', { threshold: 0.8, limit: 7 });
    expect(service.engine.workAsked).toEqual([
      { kind: 'evaluate', collection: 'breeds', nonPets: { embeddings } },
      { kind: 'check-labels', collection: 'breeds', threshold: 0.8, limit: 7 },
    ]);
    expect((await client.listJobs()).map(({ kind, state }) => [kind, state])).toEqual([
      ['check-labels', 'succeeded'],
      ['evaluate', 'succeeded'],
    ]);
    expect(await engine.findDuplicates('breeds', { threshold: 1, limit: 10 })).toMatchObject({ scanned: 3 });
  });

  it('throws the error of a failed job', async () => {
    service.engine.work = async () => {
      throw new PawdexError('storage_full');
    };
    const engine = await remoteEngine(client);
    await expect(engine.calibrate('breeds')).rejects.toMatchObject({ code: 'storage_full' });
  });

  it('cancels the job when its signal is aborted', async () => {
    const stop = new AbortController();
    service.engine.work = ({ signal }) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    const engine = await remoteEngine(client);
    const work = engine.calibrate('breeds', { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 50);
    await expect(work).rejects.toThrow('enough');
    expect(service.jobs.list()).toMatchObject([{ state: 'cancelled' }]);
  });
});
