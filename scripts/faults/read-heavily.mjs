/** Sends many reads at once, each as large as the limits of the endpoint allow. */
import { attackServer, countAnswer } from './fault-row.mjs';
import { send } from './server.mjs';

const COLLECTION = '/v1/collections/breeds';
const get = (path) => ({ method: 'GET', path: COLLECTION + path, type: 'text/plain', body: '' });
const search = (query) => ({
  path: '/v1/search',
  type: 'application/json',
  body: JSON.stringify({ collection: 'breeds', k: 1000, ...query }),
});

/** Lists requests, by what they ask for. @param {string[]} ids of items */
const listReads = (ids) => [
  ['a page', () => get('/items?limit=1000')],
  ['a page of a text filter', () => get('/items?limit=1000&text=a')],
  ['an export', () => get('/export')],
  ['facets', () => get('/facets?field=species&limit=1000')],
  ['labels', () => get('/labels')],
  ['duplicates', () => get('/duplicates?threshold=0.1&limit=1000')],
  ['a map', () => get('/map')],
  ['a search', (i) => search({ id: ids[i] })],
  ['an exact search', (i) => search({ id: ids[i], exact: true })],
  ['a search by examples', (i) => search({ positives: ids.slice(i, i + 100) })],
];

/** Sends `count` reads at once. They may be refused as too many, but neither fail nor fill the memory. */
export async function readHeavily(server, count) {
  const what = `Heavy reads, ${count} at once: pages, exports, duplicates, maps, searches`;
  const page = await send(server.url, get('/items?limit=1000'));
  const reads = listReads(JSON.parse(page.text).items.map(({ id }) => id));
  return attackServer(server, what, { stallMs: 5000 }, async (row) => {
    const ask = async (i) => {
      const [name, make] = reads[i % reads.length];
      const answer = await send(server.url, make(i));
      countAnswer(row, name, answer, answer.status === 200 || answer.status === 503);
    };
    await Promise.all(Array.from({ length: count }, (_, i) => ask(i)));
  });
}
