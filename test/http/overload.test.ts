import request from 'supertest';
import { expect, it } from 'vitest';
import { PawdexError } from '../../src/errors.js';
import { appOver } from '../helpers/http.js';
import { MemoryEngine } from '../helpers/memory-engine.js';

const engine = new MemoryEngine();
await engine.createCollection('breeds');
await engine.addItems('breeds', [{ image: Buffer.from('siamese'), label: 'siamese' }]);
const full = new Set<string>();
const { app } = await appOver(engine, {}, (urgency) => {
  if (full.has(urgency)) {
    throw new PawdexError('overloaded', { retryAfter: 17 });
  }
});
const send = (path: string) => request(app).post(path).attach('image', Buffer.from('x'), 'x.jpg');
const ITEMS = '/v1/collections/breeds/items';

it.each(['identify', 'search', 'embed', 'explain?neighbour=x'])(
  'refuses an upload to /v1/%s before reading it, and says how long the queue is',
  async (path) => {
    full.add('urgent');
    const before = engine.images;
    const { status, body, headers } = await send(`/v1/${path}`);
    expect([status, body.code, headers['retry-after']]).toEqual([503, 'overloaded', '17']);
    expect(engine.images).toBe(before);
    full.clear();
  },
);

it('keeps interactive requests and bulk work apart', async () => {
  full.add('bulk');
  expect((await send(ITEMS)).status).toBe(503);
  expect((await send('/v1/identify')).status).toBe(200);
  full.clear();
  full.add('urgent');
  expect((await send(ITEMS)).status).toBe(200);
  full.clear();
});

it('answers requests that do not need the encoder', async () => {
  full.add('urgent');
  const { items } = await engine.store.listItems('breeds', { limit: 1 });
  const answer = await request(app).post('/v1/search').send({ id: items[0]!.id });
  expect(answer.status).toBe(200);
  full.clear();
});
