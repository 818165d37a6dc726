/** Every part of a form is answered for: none is left out, and a name is held to the rules of a source. */
import request from 'supertest';
import { beforeEach, describe, expect, it } from 'vitest';
import { type TestApp, testApp } from '../helpers/http.js';
import type { MemoryEngine } from '../helpers/memory-engine.js';

const ITEMS = '/v1/collections/mine/items';
const PNG = '\x89PNG\r\n\x1a\n with something behind it';

let service: TestApp<MemoryEngine>;
beforeEach(async () => {
  service = await testApp();
  await service.engine.createCollection('mine');
});

/** Sends parts with these dispositions and contents, as latin1. */
function send(path: string, parts: [string, string][]): request.Test {
  const text = parts
    .map(([disposition, body]) => `--b\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${body}\r\n`)
    .join('');
  return request(service.app)
    .post(path)
    .set('Content-Type', 'multipart/form-data; boundary=b')
    .send(Buffer.from(`${text}--b--\r\n`, 'latin1').toString('latin1'));
}

const sources = async () =>
  (await service.engine.store.listItems('mine', { limit: 100 })).items.map(({ source }) => source);

describe('a batch', () => {
  it('has one result per part, in order, whatever its name', async () => {
    const { status, body } = await send(ITEMS, [
      ['name="image"; filename="a.jpg"', 'photo a'],
      ['name="image"', `${PNG} b`],
      ['name="image"; filename=""', 'photo c'],
      ['name="image"; filename=".."', 'photo d'],
    ]);
    expect(status).toBe(200);
    expect(body).toMatchObject({ created: 4, exists: 0, failed: 0 });
    expect(await sources()).toEqual(['a.jpg', null, null, null]);
  });

  it('reports a path that was typed instead of a file, in its place', async () => {
    const { status, body } = await send(ITEMS, [
      ['name="image"; filename="a.jpg"', 'photo a'],
      ['name="image"', 'cat.jpg'],
      ['name="image"; filename="c.jpg"', ''],
      ['name="image"; filename="d.jpg"', 'photo d'],
    ]);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      created: 2,
      failed: 2,
      results: [
        { status: 'created' },
        {
          status: 'failed',
          error: {
            code: 'image_missing',
            detail: '`image` is text, not a file: did you forget the @?',
            hint: expect.stringContaining('image=@cat.jpg'),
          },
        },
        { status: 'failed', error: { code: 'image_empty' } },
        { status: 'created' },
      ],
    });
  });

  it.each([
    ['a line break', 'a%0D%0AX-Forged: 1.jpg', 'must not contain control characters'],
    ['an escape sequence', 'a\x1b[31mred.jpg', 'must not contain control characters'],
    ['5,000 characters', 'x'.repeat(5000), 'must have 1 to 2000 characters'],
  ])('refuses only the file whose name contains %s', async (_, name, message) => {
    const { status, body } = await send(ITEMS, [
      ['name="image"; filename="a.jpg"', 'photo a'],
      [`name="image"; filename="${name}"`, 'photo b'],
    ]);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      created: 1,
      failed: 1,
      results: [{}, { error: { code: 'invalid_request' } }],
    });
    expect(body.results[1].error.detail).toContain(message);
    expect(body.results[1].error.hint).toContain('source');
  });

  it('accepts such a file with another source', async () => {
    const { body } = await send(ITEMS, [
      ['name="source"', 'photos/b.jpg'],
      ['name="image"; filename="b%0D%0A.jpg"', 'photo b'],
    ]);
    expect(body).toMatchObject({ created: 1, failed: 0 });
    expect(await sources()).toEqual(['photos/b.jpg']);
  });

  it('keeps the characters of names that are unusual but harmless', async () => {
    const names = ['mačka.jpg', '猫.jpg', 'a"b.jpg', 'a;b=c.jpg'];
    const upload = request(service.app).post(ITEMS).attach('image', Buffer.from('1'), names[0]);
    upload.attach('image', Buffer.from('2'), names[1]).attach('image', Buffer.from('3'), names[3]);
    expect((await upload).body).toMatchObject({ created: 3 });
    expect(await sources()).toEqual([names[0], names[1], names[3]]);
    await send(ITEMS, [['name="image"; filename="a%22b.jpg"', 'x4']]).expect(200);
    expect((await sources()).at(-1)).toBe(names[2]);
  });
});

describe('one image', () => {
  it('may come without a file name', async () => {
    for (const disposition of ['name="image"; filename=".."', 'name="image"; filename=""']) {
      expect((await send('/v1/identify', [[disposition, 'siamese']])).body.breed).toBe('siamese');
    }
  });

  it('that is text gets a hint about the @', async () => {
    for (const path of ['/v1/identify', '/v1/embed', '/v1/search', '/v1/explain?neighbour=x']) {
      const { status, body } = await send(path, [['name="image"', 'cat.jpg']]);
      expect([status, body.code, body.detail]).toEqual([
        400,
        'image_missing',
        expect.stringContaining('the @?'),
      ]);
    }
  });
});

describe('an unreadable part', () => {
  it.each([
    ['without a disposition', '--b\r\nContent-Type: image/jpeg\r\n\r\nx\r\n--b--\r\n'],
    ['without a name', '--b\r\nContent-Disposition: form-data; filename="a.jpg"\r\n\r\nx\r\n--b--\r\n'],
    ['without an end', '--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nx'],
    ['without a header', '--b\r\n\r\nx\r\n--b--\r\n'],
  ])('%s refuses the form', async (_, text) => {
    expect(
      await request(service.app)
        .post(ITEMS)
        .set('Content-Type', 'multipart/form-data; boundary=b')
        .send(text),
    ).toBeProblem(400, 'invalid_multipart');
    expect(await sources()).toEqual([]);
  });
});
