/** Whatever is sent, the answer is never a 500, and the service goes on. */
import fc from 'fast-check';
import request from 'supertest';
import { expect, it } from 'vitest';
import { testApp } from '../helpers/http.js';

const { app, log } = await testApp();
const RUNS = 150;

const keys = fc.constantFrom(
  'imageBase64',
  'url',
  'id',
  'vector',
  'positives',
  'negatives',
  'filter',
  'k',
  'collection',
  'exact',
  'items',
  'label',
  'source',
  'metadata',
  'name',
  'description',
  '__proto__',
  'constructor',
  'toString',
  '',
);
const values = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom('YQ==', 'breeds', '1', 'true', '{}', '[]', null, -1, 1e308, '\u0000', '\ud800'),
  fc.array(fc.double(), { maxLength: 5 }),
);
const bodies = fc.oneof(
  fc.dictionary(keys, values, { maxKeys: 5 }).map((body) => JSON.stringify(body)),
  fc.json(),
  fc.string({ unit: 'binary', maxLength: 200 }),
);
const posts = fc.constantFrom(
  '/v1/identify',
  '/v1/search',
  '/v1/embed',
  '/v1/collections',
  '/v1/collections/breeds/items',
);

const sound = ({ status, text, headers }: request.Response) => {
  if (status === 413 || status < 400) {
    return;
  }
  expect(status, text).toBeLessThan(500);
  expect(headers['content-type']).toMatch(/^application\/problem\+json/);
};

it('answers JSON of any shape without a server error', async () => {
  await fc.assert(
    fc.asyncProperty(posts, bodies, async (path, body) => {
      sound(await request(app).post(path).type('json').send(body));
    }),
    { numRuns: RUNS },
  );
});

const part = fc.record({
  disposition: fc.oneof(
    keys.map((name) => `form-data; name="${name}"`),
    fc.constant('form-data; name="image"; filename="x.jpg"'),
    fc.constant("form-data; name=image; filename*=utf-8''%ff"),
    fc.string({ maxLength: 40 }).map((text) => text.replaceAll(/[\r\n]/g, '')),
  ),
  body: fc.oneof(
    values.map((value) => JSON.stringify(value) ?? ''),
    fc.string({ unit: 'binary', maxLength: 100 }),
  ),
});

it('answers forms of any shape, whole or cut, without a server error', async () => {
  await fc.assert(
    fc.asyncProperty(
      posts,
      fc.array(part, { maxLength: 6 }),
      fc.double({ min: 0.5, max: 1.2, noNaN: true }),
      async (path, parts, share) => {
        const text = `${parts.map((p) => `--b\r\nContent-Disposition: ${p.disposition}\r\n\r\n${p.body}\r\n`).join('')}--b--\r\n`;
        const body = text.slice(0, Math.ceil(text.length * share));
        sound(
          await request(app).post(path).set('Content-Type', 'multipart/form-data; boundary=b').send(body),
        );
      },
    ),
    { numRuns: RUNS },
  );
});

it('answers paths and queries of any shape without a server error', async () => {
  const word = fc.oneof(
    fc.constantFrom('v1', 'collections', 'breeds', 'items', '..', '%00', '%ff', 'thumbnail', 'docs'),
    fc.string({ maxLength: 8 }).map(encodeURIComponentSafely),
  );
  const query = fc.dictionary(
    fc.oneof(keys, fc.constantFrom('limit', 'cursor', 'sha256')),
    fc.string({ maxLength: 20 }),
    { maxKeys: 3 },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('get', 'delete', 'patch', 'put', 'head', 'options'),
      fc.array(word, { maxLength: 6 }),
      query,
      async (method, words, parameters) => {
        if (method === 'delete' && words.length === 3) {
          return;
        }
        const search = new URLSearchParams(Object.entries(parameters).map(([k, v]) => [k, wellFormed(v)]));
        const answer = await request(app)[method as 'get'](`/${words.join('/')}?${search}`);
        expect(answer.status, answer.text).toBeLessThan(500);
      },
    ),
    { numRuns: RUNS },
  );
});

it('leaves no unexpected error in the log', () => {
  expect(log.filter((line) => JSON.parse(line).level >= 50)).toEqual([]);
});

/** Lone surrogates cannot be percent-encoded. */
const wellFormed = (text: string) => text.replaceAll(/\p{Cs}/gu, '\ufffd');

function encodeURIComponentSafely(text: string): string {
  return encodeURIComponent(wellFormed(text));
}
