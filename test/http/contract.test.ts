/**
 * The OpenAPI document and the server agree: each field is accepted where and as it is described, refused where it is
 * not, and refused with a value that its schema forbids.
 */
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningServer } from '../../src/http/start-server.js';
import { testApp } from '../helpers/http.js';
import { serve } from '../helpers/raw.js';
import { type JsonSchema, validValues, wrongValues } from './schema-values.js';

type Fields = Record<string, JsonSchema>;
interface Operation {
  parameters?: { name: string; in: 'path' | 'query'; schema: JsonSchema }[];
  requestBody?: { content: Record<string, { schema: JsonSchema }> };
}
interface Trouble {
  path: string;
  message: string;
}
interface Place {
  /** Such as `post /v1/search in query`. */
  name: string;
  method: string;
  path: string;
  where: 'query' | 'json' | 'form';
  fields: Fields;
  /** Fields that a request must have. */
  required: string[];
}

const photo = Buffer.from('siamese');
let server: RunningServer;
let item: string;
let places: Place[];
let definitions: Fields;

beforeAll(async () => {
  const service = await testApp();
  item = (await service.engine.store.listItems('breeds', { limit: 1 })).items[0]!.id;
  await service.engine.createCollection('renamed');
  server = await serve(service);
  const document = await (await fetch(`${server.url}/openapi.json`)).json();
  definitions = document.components.schemas;
  places = Object.entries(document.paths as Record<string, Record<string, Operation>>).flatMap(
    ([path, methods]) =>
      Object.entries(methods).flatMap(([method, operation]) => placesOf(method, path, operation)),
  );
});
afterAll(() => server.close({ graceSeconds: 0 }));

const resolved = (schema: JsonSchema): JsonSchema =>
  schema.$ref === undefined ? schema : definitions[schema.$ref.split('/').at(-1)!]!;

function placesOf(method: string, path: string, { parameters = [], requestBody }: Operation): Place[] {
  const at = { method, path };
  const query = parameters.filter((parameter) => parameter.in === 'query');
  const inQuery: Place = {
    ...at,
    name: `${method} ${path} in query`,
    where: 'query',
    fields: Object.fromEntries(query.map(({ name, schema }) => [name, schema])),
    required: [],
  };
  const bodies = Object.entries(requestBody?.content ?? {}).flatMap(([type, { schema }]) => {
    // A body that is a file has no fields.
    if (schema.format === 'binary') {
      return [];
    }
    const variants = resolved(schema).oneOf ?? [schema];
    return variants.map((variant): Place => {
      const { properties = {}, required = [] } = resolved(variant);
      const where = type === 'application/json' ? 'json' : 'form';
      return { ...at, name: `${method} ${path} in ${where}`, where, fields: properties, required };
    });
  });
  return [inQuery, ...bodies];
}

const base64 = photo.toString('base64');

/** The least that makes a request of this place complete. */
function requiredFields({ path, where, required, fields }: Place): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const name of required) {
    const schema = resolved(fields[name]!);
    if (name === 'image') {
      continue;
    }
    if (name === 'items') {
      values[name] = [{ imageBase64: base64 }];
    } else {
      values[name] = schema.const ?? (name === 'name' ? 'new' : 'breeds');
    }
  }
  if (where === 'json' && 'imageBase64' in fields) {
    values.imageBase64 = base64;
  }
  if (path === '/v1/explain') {
    values.neighbour = 'x';
  }
  return values;
}

/**
 * Sends the required fields and others, again while the job queue is full: the requests of this file fill it.
 *
 * @returns the status, and what the response says against each field
 */
async function sendWith(
  place: Place,
  values: Record<string, unknown>,
): Promise<{ status: number; errors: Trouble[] }> {
  const id = place.path.includes('/jobs/') ? '6f2f6a3e-7d0c-4f8f-9b1c-0c9d8f1f4a11' : item;
  // Renaming must not affect the collection that other requests use.
  const collection = place.method === 'patch' && !place.path.includes('{id}') ? 'renamed' : 'breeds';
  const url = new URL(place.path.replace('{collection}', collection).replace('{id}', id), server.url);
  const parts = requestParts(place, { ...requiredFields(place), ...values }, url);
  const method = place.method.toUpperCase();
  let response = await fetch(url, { method, ...parts });
  while (response.status === 503) {
    await response.body?.cancel();
    await setTimeout(20);
    response = await fetch(url, { method, ...parts });
  }
  const text = await response.text();
  expect(response.status, text).toBeLessThan(500);
  const { errors = [] } = response.status === 400 ? (JSON.parse(text) as { errors?: Trouble[] }) : {};
  return { status: response.status, errors };
}

/** Body and headers; fields of a query go into `url`. */
function requestParts(
  { where, method, fields }: Place,
  values: Record<string, unknown>,
  url: URL,
): RequestInit {
  if (where === 'query') {
    for (const [field, value] of Object.entries(values)) {
      for (const one of [value].flat()) {
        url.searchParams.append(field, String(one));
      }
    }
    return method === 'post' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {};
  }
  if (where === 'json') {
    return { body: JSON.stringify(values), headers: { 'content-type': 'application/json' } };
  }
  const form = new FormData();
  for (const [field, value] of Object.entries(values)) {
    for (const one of isStructured(fields[field]) ? [JSON.stringify(value)] : [value].flat()) {
      form.append(field, String(one));
    }
  }
  form.append('image', new Blob([photo]), 'x.jpg');
  return { body: form };
}

const isStructured = (schema: JsonSchema | undefined) =>
  schema !== undefined && ['object', 'array'].includes(String(resolved(schema).type));

/** What an answer says against one field. */
function complaints({ errors }: { errors: Trouble[] }, { where }: Place, name: string): string[] {
  const path = `${where === 'query' ? 'query' : 'body'}.${name}`;
  return errors.filter((error) => `${error.path}.`.startsWith(`${path}.`)).map(({ message }) => message);
}

/** Fields whose value must fit the rest of the request, which a schema cannot say. */
const DEPENDENT: Record<string, fc.Arbitrary<unknown>> = {
  'post /v1/jobs in json nonPets': fc.constantFrom(
    { collection: 'breeds' },
    // As many numbers as the collection has dimensions.
    { embeddings: Buffer.from(Float32Array.of(1, 0, 0, 0).buffer).toString('base64') },
  ),
  'post /v1/collections/{collection}/archive in query label': fc.constantFrom('parent', 'none'),
  'post /v1/jobs in json label': fc.constantFrom('folder', 'filename', 'regex:([a-z]+)'),
  'post /v1/collections/{collection}/items/thumbnails in json thumbnails': fc.constantFrom(
    // Whether the text is base64 is said when it is read.
    [{ sha256: 'a'.repeat(64), imageBase64: base64 }],
  ),
  'post /v1/collections/{collection}/items in form items': fc.constantFrom(
    [{}],
    [{ label: 'x' }],
    [{ source: null }],
  ),
};
/** Unknown fields to send at once: answers name at most 20, and forms may have few fields. */
const SENT_AT_ONCE = 8;
/** Read by the file parser, not as a field. */
const isField = (name: string) => name !== 'image';

describe('every field of the OpenAPI document', () => {
  it('is accepted where it is described, with any value its schema allows', async () => {
    let checked = 0;
    for (const place of places) {
      for (const [name, schema] of Object.entries(place.fields).filter(([name]) => isField(name))) {
        const values = DEPENDENT[`${place.name} ${name}`] ?? validValues(schema, definitions);
        for (const value of fc.sample(values, { numRuns: 8, seed: 1 })) {
          if (place.where !== 'json' && value === null) {
            continue;
          }
          const answer = await sendWith(place, { [name]: value });
          checked++;
          expect([place.name, name, value, complaints(answer, place, name)]).toEqual([
            place.name,
            name,
            value,
            [],
          ]);
        }
      }
    }
    expect(checked).toBeGreaterThan(400);
  });

  it('is refused with a value that its schema forbids', async () => {
    let checked = 0;
    for (const place of places) {
      for (const [name, schema] of Object.entries(place.fields).filter(([name]) => isField(name))) {
        for (const value of wrongValues(schema, definitions, place.where === 'json')) {
          const answer = await sendWith(place, { [name]: value });
          checked++;
          expect([place.name, name, value, answer.status]).toEqual([place.name, name, value, 400]);
          const said = complaints(answer, place, name);
          expect([place.name, name, value, said.length > 0]).toEqual([place.name, name, value, true]);
        }
      }
    }
    expect(checked).toBeGreaterThan(100);
  });

  it('is refused where it is not described', async () => {
    const names = new Set(places.flatMap(({ fields }) => Object.keys(fields)).filter(isField));
    let checked = 0;
    for (const place of places) {
      if (!place.path.startsWith('/v1/')) {
        continue;
      }
      const unknown = [...names, 'unheard_of'].filter((each) => !(each in place.fields));
      for (let at = 0; at < unknown.length; at += SENT_AT_ONCE) {
        const some = unknown.slice(at, at + SENT_AT_ONCE);
        const answer = await sendWith(place, Object.fromEntries(some.map((name) => [name, 'x'])));
        for (const name of some) {
          checked++;
          expect([place.name, name, complaints(answer, place, name)]).toEqual([
            place.name,
            name,
            ['is unknown'],
          ]);
        }
      }
    }
    expect(checked).toBeGreaterThan(300);
  });
});
