/** Request bodies that are cheap to send and expensive to parse. The server must refuse them and stay responsive. */

const BOUNDARY = 'hostile';
const repeat = (text, count) => text.repeat(count);
const list = (item, count) => repeat(`${item},`, count - 1) + item;
const keys = (count, value) => Array.from({ length: count }, (_, i) => `"k${i}":${value}`).join(',');

const json = (path, body, method = 'POST') => ({ method, path, type: 'application/json', body });
const form = (path, parts) => ({
  method: 'POST',
  path,
  type: `multipart/form-data; boundary=${BOUNDARY}`,
  body: `${parts
    .map(
      ([disposition, text]) =>
        `--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${text}\r\n`,
    )
    .join('')}--${BOUNDARY}--\r\n`,
});

const ITEMS = '/v1/collections/breeds/items';
const IMAGE = ['name="image"; filename="a.jpg"', 'not really a photo'];

/**
 * Lists named request bodies.
 *
 * @param {number} scale 1 for sizes that can block or kill a server without limits; tests use less
 * @returns {[string, { method: string, path: string, type: string, body: string }][]}
 */
export function listHostileBodies(scale = 1) {
  const n = (count) => Math.ceil(count * scale);
  return [
    ['items: 2 MB of numbers', json(ITEMS, `{"items":[${list('1', n(1e6))}]}`)],
    ['items: 6 MB of numbers', json(ITEMS, `{"items":[${list('1', n(3e6))}]}`)],
    ['items: 6 MB of empty objects', json(ITEMS, `{"items":[${list('{}', n(2e6))}]}`)],
    [
      'metadata: 1.5 million keys',
      json(ITEMS, `{"items":[{"imageBase64":"YQ==","metadata":{${keys(n(1.5e6), '1')}}}]}`),
    ],
    [
      'metadata of a change: 1.5 million keys',
      json(`${ITEMS}/x`, `{"metadata":{${keys(n(1.5e6), '1')}}}`, 'PATCH'),
    ],
    [
      'filter.metadata: a million bad values',
      json('/v1/search', `{"id":"x","filter":{"metadata":{${keys(n(1e6), '[]')}}}}`),
    ],
    ['5 million [', json('/v1/search', repeat('[', n(5e6)))],
    ['5 million {"a":', json('/v1/search', repeat('{"a":', n(5e6)))],
    ['unknown fields: a million', json('/v1/identify', `{${keys(n(1e6), '1')}}`)],
    ['vector: 2 million texts', json('/v1/search', `{"vector":[${list('"x"', n(2e6))}]}`)],
    ['positives: 2 million texts', json('/v1/search', `{"positives":[${list('""', n(2e6))}]}`)],
    [
      'filter.label: 2 million texts',
      json('/v1/search', `{"id":"x","filter":{"label":[${list('""', n(2e6))}]}}`),
    ],
    ['description: 20 MB', json('/v1/collections', `{"name":"x","description":"${repeat('x', n(20e6))}"}`)],
    ['label: 20 MB', json(ITEMS, `{"label":"${repeat('x', n(20e6))}","items":[{"imageBase64":"YQ=="}]}`)],
    [
      'metadata: one text of 20 MB',
      json(ITEMS, `{"metadata":{"a":"${repeat('x', n(20e6))}"},"items":[{"imageBase64":"YQ=="}]}`),
    ],
    ['a key of 20 MB', json('/v1/identify', `{"${repeat('x', n(20e6))}":1}`)],
    [
      'texts below 15 keys of 60 kB',
      json(
        '/v1/identify',
        `${repeat(`{"${repeat('k', 60_000)}":`, 15)}[${list('""', n(19_000))}]${repeat('}', 15)}`,
      ),
    ],
    ['a number of 20 MB', json('/v1/identify', `{"k":${repeat('1', n(20e6))}}`)],
    ['20 MB of spaces', json('/v1/identify', `{"k":${repeat(' ', n(20e6))}1}`)],
    [
      'imageBase64: 20 MB of escaped quotes',
      json('/v1/identify', `{"imageBase64":"${repeat('\\"', n(10e6))}"}`),
    ],
    [
      'imageBase64: 20 MB of spaces between letters',
      json('/v1/identify', `{"imageBase64":"${repeat('a ', n(10e6))}"}`),
    ],
    [
      'imageBase64: 20 MB of what is not base64',
      json('/v1/identify', `{"imageBase64":"${repeat('!', n(20e6))}"}`),
    ],
    [
      'form field items: 1 MB of numbers',
      form(ITEMS, [['name="items"', `[${list('1', n(520_000))}]`], IMAGE]),
    ],
    ['form field items: 1 MB of [', form(ITEMS, [['name="items"', repeat('[', n(1_040_000))], IMAGE])],
    [
      'form field metadata: 1 MB of keys',
      form(ITEMS, [['name="metadata"', `{${keys(n(90_000), '1')}}`], IMAGE]),
    ],
    [
      'form field filter: 1 MB of bad values',
      form('/v1/search', [['name="filter"', `{"metadata":{${keys(n(80_000), '[]')}}}`], IMAGE]),
    ],
    ['form: 300,000 empty parts', form(ITEMS, Array(n(300_000)).fill(['name="image"; filename="a"', '']))],
    ['form: 300,000 text fields', form(ITEMS, Array(n(300_000)).fill(['name="label"', 'x']))],
    ['items: 28 MB of numbers', json(ITEMS, `{"items":[${list('1', n(14e6))}]}`)],
  ];
}
