import request from 'supertest';
import { afterEach, expect, it, vi } from 'vitest';
import { issueTicket, isValidTicket } from '../../src/http/tickets.js';
import { testApp } from '../helpers/http.js';

const { app } = await testApp({ API_KEYS: ['key'] });
const EXPORT = 'v1/collections/breeds/export';
const ask = (path: string) => request(app).post('/v1/tickets').set('X-API-Key', 'key').send({ path });

afterEach(() => vi.useRealTimers());

it('is needed in place of a key, for one path only', async () => {
  const { ticket } = (await ask(EXPORT)).body as { ticket: string };
  expect((await request(app).get(`/${EXPORT}`)).status).toBe(401);
  const opened = await request(app).get(`/${EXPORT}?ticket=${ticket}`);
  expect(opened.status).not.toBe(401);
  for (const other of ['v1/collections/other/export', 'v1/collections', 'v1/collections/breeds/items']) {
    expect([other, (await request(app).get(`/${other}?ticket=${ticket}`)).status]).toEqual([other, 401]);
  }
});

it('is not valid after some minutes, with other keys, or if it was changed', () => {
  const { ticket } = issueTicket(['key'], EXPORT);
  expect(isValidTicket(['key'], EXPORT, ticket)).toBe(true);
  expect(isValidTicket(['key', 'new'], EXPORT, ticket)).toBe(false);
  expect(isValidTicket(['key'], EXPORT, ticket.replace(/^\d/, '9'))).toBe(false);
  expect(isValidTicket(['key'], EXPORT, [ticket, ticket])).toBe(false);
  vi.useFakeTimers({ now: Date.now() + 601_000 });
  expect(isValidTicket(['key'], EXPORT, ticket)).toBe(false);
});

it.each(['v1/collections', 'v1/jobs/x', '/v1/collections/breeds/export', 'v1/collections/a/../b/export', ''])(
  'is refused for the path `%s`',
  async (path) => {
    expect((await ask(path)).status).toBe(400);
  },
);
