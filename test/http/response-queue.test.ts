/** Answers that take long to make: however many connections ask, one is made at a time. */
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import request from 'supertest';
import { afterEach, expect, it, vi } from 'vitest';
import { testApp } from '../helpers/http.js';
import { until } from '../helpers/until.js';

afterEach(() => vi.restoreAllMocks());

/** An app whose lists take as long as the test wants, and how many are being read. */
async function slowApp() {
  const service = await testApp();
  const { store } = service.engine;
  const list = store.listItems.bind(store);
  const seen = { now: 0, most: 0, all: 0 };
  const pause = { ms: 5 };
  vi.spyOn(store, 'listItems').mockImplementation(async (...args) => {
    seen.now++;
    seen.all++;
    seen.most = Math.max(seen.most, seen.now);
    await sleep(pause.ms);
    seen.now--;
    return list(...args);
  });
  const ask = () => request(service.app).get('/v1/collections/breeds/items');
  return { ...service, seen, pause, ask };
}

it('computes one page at a time, and all of them', async () => {
  const { ask, seen } = await slowApp();
  const answers = await Promise.all(Array.from({ length: 40 }, ask));
  expect(answers.map(({ status }) => status)).toEqual(Array(40).fill(200));
  expect(seen).toMatchObject({ most: 1, all: 40 });
});

it('refuses more than it can compute in two seconds, says when to retry, and answers other requests', async () => {
  const { app, ask, seen, pause } = await slowApp();
  pause.ms = 400;
  // Until it knows how long one takes.
  await Promise.all(Array.from({ length: 8 }, ask));
  seen.all = 0;
  pause.ms = 100;
  const asked = Array.from({ length: 100 }, ask);
  const answering = Promise.all(asked);
  await until(() => seen.now === 1);
  expect((await request(app).post('/v1/identify').attach('image', Buffer.from('x'), 'x.jpg')).status).toBe(
    200,
  );
  expect((await request(app).get('/v1/collections/breeds')).status).toBe(200);
  const answers = await answering;
  const refused = answers.filter(({ status }) => status === 503);
  expect(refused.length).toBeGreaterThan(50);
  expect(refused[0]!.body.code).toBe('overloaded');
  expect(Number(refused[0]!.headers['retry-after'])).toBeGreaterThanOrEqual(2);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(seen.all);
});

it('does not queue a search for a few neighbours', async () => {
  const { app, engine, ask, seen, pause } = await slowApp();
  const { items } = await engine.store.listItems('breeds', { limit: 1 });
  pause.ms = 2000;
  let listed = 0;
  const list = ask().then(() => listed++);
  await until(() => seen.now === 1);
  const search = (k: number) => request(app).post('/v1/search').send({ id: items[0]!.id, k });
  expect((await search(20)).status).toBe(200);
  expect(listed).toBe(0);
  // One for hundreds takes its turn.
  expect((await search(1000)).status).toBe(200);
  expect(listed).toBe(1);
  await list;
});

it('writes one export at a time, and refuses more than a minute of them', async () => {
  const { app, engine } = await testApp();
  const seen = { now: 0, most: 0 };
  vi.spyOn(engine, 'exportCollection').mockImplementation(async (collection, file) => {
    seen.now++;
    seen.most = Math.max(seen.most, seen.now);
    await sleep(20);
    seen.now--;
    await writeFile(file, 'rows');
    return { collection, items: 1, bytes: 4 };
  });
  const ask = () => request(app).get('/v1/collections/breeds/export');
  const answers = await Promise.all(Array.from({ length: 60 }, ask));
  expect(seen.most).toBe(1);
  const refused = answers.filter(({ status }) => status === 503);
  expect(refused.length).toBeGreaterThan(10);
  expect(refused.length + answers.filter(({ status }) => status === 200).length).toBe(60);
});
