/** Odd and bad photos against the real engine: odd ones are answered, bad ones get their code, and it goes on. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PACKAGE_ROOT, parseConfig } from '../../src/config.js';
import * as answers from '../../src/engine/answers.js';
import { type LocalEngine, openLocalEngine } from '../../src/engine/local-engine.js';
import { problemSchema } from '../../src/http/problem-details.js';
import { addItemsResponseSchema } from '../../src/http/routes/add-items-route.js';
import { infoSchema } from '../../src/http/routes/service-routes.js';
import { itemPageSchema, itemSchema } from '../../src/store/records.js';
import { appOver, type TestApp } from '../helpers/http.js';
import { cosine, heicHeader, pngBomb, scene, sceneJpeg, turnedJpeg } from '../helpers/images.js';

let dir: string;
let service: TestApp<LocalEngine>;
let plain: number[];

beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'pawdex-inputs-'));
  const engine = await openLocalEngine({
    config: { ...parseConfig({}, {}), DATA_DIR: dir, THREADS: 2, MAX_PIXELS: 100_000_000 },
  });
  service = await appOver(engine, { MAX_UPLOAD_MB: 4 });
  plain = await embed(await cat().png().toBuffer());
});
afterAll(async () => {
  await service.engine.close();
  await rm(dir, { recursive: true });
});

/** A photo: what an encoder sees in a drawing hangs on every pixel, what it sees in a cat does not. */
const cat = () => sharp(path.join(PACKAGE_ROOT, 'test/fixtures/chelsea/chelsea.png'));

const identify = (image: Buffer, name = 'photo.jpg') =>
  request(service.app).post('/v1/identify?k=5').attach('image', image, name);

async function embed(image: Buffer): Promise<number[]> {
  const { status, body } = await request(service.app).post('/v1/embed').attach('image', image, 'x');
  expect(status, JSON.stringify(body)).toBe(200);
  return body.embedding;
}

/** The cat, then a drawing: frames above one another, as sharp takes them. */
async function animation(format: 'gif' | 'webp'): Promise<Buffer> {
  const { data, info } = await cat().removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const frames = Buffer.concat([data, await scene(width, height).raw().toBuffer()]);
  const raw = { width, height: height * 2, channels: 3 as const, pageHeight: height };
  const drawn = sharp(frames, { raw });
  const bytes = await (format === 'gif' ? drawn.gif() : drawn.webp({ quality: 95 })).toBuffer();
  expect((await sharp(bytes).metadata()).pages).toBe(2);
  return bytes;
}

const withAlpha = async () => {
  const { data, info } = await scene().ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, raw: { width: info.width, height: info.height, channels: 4 as const } };
};

describe('unusual photos', () => {
  const odd: [string, () => Promise<Buffer>, number][] = [
    ['an animated GIF', () => animation('gif'), 0.97],
    ['an animated WebP', () => animation('webp'), 0.97],
    ['a CMYK JPEG', () => cat().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer(), 0.97],
    ['a 16-bit PNG', () => cat().toColourspace('rgb16').png().toBuffer(), 0.995],
    ['a palette PNG', () => cat().png({ palette: true }).toBuffer(), 0.97],
    ['a progressive JPEG', () => cat().jpeg({ progressive: true, quality: 95 }).toBuffer(), 0.99],
    ['an AVIF', () => cat().avif({ quality: 80 }).toBuffer(), 0.98],
    ['a TIFF', () => cat().tiff({ compression: 'lzw' }).toBuffer(), 0.999],
    ['a lossless WebP', () => cat().webp({ lossless: true }).toBuffer(), 0.99],
    ['a PNG named .txt', () => cat().png().toBuffer(), 0.999],
  ];
  it.each(odd)('answers %s like an ordinary photo', async (name, make, similarity) => {
    const image = await make();
    expect(cosine(await embed(image), plain)).toBeGreaterThan(similarity);
    const { status, body } = await identify(image, name.endsWith('.txt') ? 'notes.txt' : 'x');
    expect(status).toBe(200);
    expect(body.neighbours).toHaveLength(5);
  });

  it('answers all eight EXIF orientations alike', async () => {
    const turned = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(async (o) => embed(await turnedJpeg(o))));
    for (const each of turned) {
      for (const other of turned) {
        expect(cosine(each, other)).toBeGreaterThan(0.995);
      }
    }
  });

  it('answers a grey photo alike with one channel or three', async () => {
    const one = await scene().greyscale().toColourspace('b-w').png().toBuffer();
    const three = await scene().greyscale().toColourspace('srgb').png().toBuffer();
    expect((await sharp(one).metadata()).channels).toBe(1);
    expect(cosine(await embed(one), await embed(three))).toBeGreaterThan(0.999);
  });

  it('answers transparent parts as if over white', async () => {
    const { data, raw } = await withAlpha();
    for (let y = 0; y < 120; y++) {
      for (let x = 0; x < 320; x++) {
        data[(y * 320 + x) * 4 + 3] = 0;
      }
    }
    const transparent = await sharp(data, { raw }).png().toBuffer();
    const white = await sharp(data, { raw }).flatten({ background: '#fff' }).png().toBuffer();
    const black = await sharp(data, { raw }).flatten({ background: '#000' }).png().toBuffer();
    const seen = await embed(transparent);
    expect(cosine(seen, await embed(white))).toBeGreaterThan(0.999);
    expect(cosine(seen, await embed(black))).toBeLessThan(0.99);
  });

  it('gives all items if k is greater than their number', async () => {
    await request(service.app).post('/v1/collections').send({ name: 'few' }).expect(201);
    const add = request(service.app).post('/v1/collections/few/items').field('label', 'drawing');
    for (const seed of [1, 5, 9]) {
      add.attach('image', await sceneJpeg(200, 200, seed), `${seed}.jpg`);
    }
    expect((await add).body).toMatchObject({ created: 3, failed: 0 });
    const { body } = await request(service.app)
      .post('/v1/identify?collection=few&k=1000')
      .attach('image', await sceneJpeg(), 'x');
    expect(body.neighbours).toHaveLength(3);
    expect(body.breed === 'drawing' || body.decision === 'unknown').toBe(true);
  });
});

describe('bad photos', () => {
  const bad: [string, () => Promise<Buffer> | Buffer, number, string][] = [
    ['no bytes', () => Buffer.alloc(0), 400, 'image_empty'],
    ['one byte', () => Buffer.from([0xff]), 415, 'image_unsupported'],
    [
      'text named .jpg',
      () => Buffer.from('this is not a photo, whatever its name says'),
      415,
      'image_unsupported',
    ],
    [
      'an SVG',
      () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"/>'),
      415,
      'image_unsupported',
    ],
    ['a PDF', () => Buffer.from('%PDF-1.7 etc. etc. etc.'), 415, 'image_unsupported'],
    ['HEIC', () => heicHeader(), 415, 'image_heic'],
    ['1 x 1', () => sceneJpeg(1, 1), 422, 'image_too_small'],
    ['15 x 400', () => sceneJpeg(15, 400), 422, 'image_too_small'],
    ['a JPEG cut short', async () => (await sceneJpeg(800, 600)).subarray(0, 9000), 422, 'image_corrupt'],
    ['a JPEG header and nothing more', async () => (await sceneJpeg()).subarray(0, 20), 422, 'image_corrupt'],
    ['a PNG cut short', async () => (await scene().png().toBuffer()).subarray(0, 5000), 422, 'image_corrupt'],
    ['a GIF cut short', async () => (await animation('gif')).subarray(0, 900), 422, 'image_corrupt'],
    ['a 30,000 x 30,000 PNG', () => pngBomb(30_000, 30_000), 422, 'image_too_large'],
    ['a file over the limit', () => Buffer.alloc(4 * 1024 * 1024 + 1), 413, 'payload_too_large'],
  ];
  it.each(bad)('refuses %s with its code, and continues', async (_, make, status, code) => {
    const answer = await identify(await make());
    expect(answer).toBeProblem(status, code);
    expect(answer.body.hint).toMatch(/\w/);
    expect((await request(service.app).get('/healthz')).status).toBe(200);
    expect((await identify(await sceneJpeg())).status).toBe(200);
  });

  it('damage in the middle of a file', async () => {
    const damaged = await sceneJpeg(800, 600);
    damaged.fill(0xff, damaged.length >> 1, (damaged.length >> 1) + 2000);
    const { status } = await identify(damaged);
    expect([200, 422]).toContain(status);
  });

  it('fails one bad photo among good ones alone', async () => {
    await request(service.app).post('/v1/collections').send({ name: 'mixed' }).expect(201);
    const { status, body } = await request(service.app)
      .post('/v1/collections/mixed/items')
      .attach('image', await sceneJpeg(100, 100, 1), 'a.jpg')
      .attach('image', Buffer.from('no photo at all'), 'b.jpg')
      .attach('image', await sceneJpeg(100, 100, 2), 'c.jpg')
      .attach('image', await sceneJpeg(100, 100, 1), 'again.jpg');
    expect(status).toBe(200);
    expect(body).toMatchObject({ created: 2, exists: 1, failed: 1 });
    expect(body.results.map((r: { status: string }) => r.status)).toEqual([
      'created',
      'failed',
      'created',
      'exists',
    ]);
    expect(body.results[1].error.code).toBe('image_unsupported');
  });

  it.each([
    ['for a vector that is too short', { vector: [1, 2, 3] }, 'vector_invalid'],
    ['for a zero vector', { vector: Array(256).fill(0) }, 'vector_invalid'],
    ['for a vector beyond float32', { vector: Array(256).fill(1e300) }, 'vector_invalid'],
    ['for no examples', { positives: [], negatives: [] }, 'invalid_request'],
    ['for an example that is too short', { positives: [[1, 2, 3]] }, 'vector_invalid'],
    ['for an example that is no vector', { positives: [['a']] }, 'invalid_request'],
    [
      'for a weight beyond 1',
      { positives: [[1, 0]], negatives: [[0, 1]], negativeWeight: 2 },
      'invalid_request',
    ],
    ['for a weight of no negatives', { positives: [[1, 0]], negativeWeight: 0.5 }, 'invalid_request'],
    ['for an unknown item', { id: 'nope' }, 'item_not_found'],
  ])('refuses a search %s', async (_, body, code) => {
    expect((await request(service.app).post('/v1/search').send(body)).body.code).toBe(code);
  });
});

describe('documented answers', () => {
  it('have the documented fields for a real cat, on every endpoint', async () => {
    const image = await cat().png().toBuffer();
    const identified = await identify(image);
    const id = identified.body.neighbours[0].id;
    const added = await request(service.app).post('/v1/collections').send({ name: 'shape' });
    const items = await request(service.app)
      .post('/v1/collections/shape/items')
      .attach('image', image, 'chelsea.png');
    const own = items.body.results[0].id;
    const checks: [{ parse(value: unknown): unknown }, { body: unknown }][] = [
      [answers.identificationSchema, identified],
      [answers.searchAnswerSchema, await request(service.app).post('/v1/search').send({ id })],
      [answers.embeddingSchema, await request(service.app).post('/v1/embed').attach('image', image, 'x')],
      [answers.servedCollectionSchema, added],
      [
        z.object({ collections: z.array(answers.servedCollectionSchema) }),
        await request(service.app).get('/v1/collections'),
      ],
      [addItemsResponseSchema, items],
      [itemPageSchema, await request(service.app).get('/v1/collections/breeds/items?limit=3')],
      [itemSchema, await request(service.app).get(`/v1/collections/shape/items/${own}`)],
      [infoSchema, await request(service.app).get('/v1/info')],
      [problemSchema, await request(service.app).get('/v1/nope')],
    ];
    // Parsing drops what the schema does not name; nothing may be dropped.
    for (const [schema, { body }] of checks) {
      expect(schema.parse(body)).toEqual(body);
    }
  });

  it('include pictures of a gallery item and of an added one', async () => {
    const gallery = (await request(service.app).get('/v1/collections/breeds/items?limit=1')).body.items[0];
    const shipped = await request(service.app).get(`/v1/collections/breeds/items/${gallery.id}/thumbnail`);
    expect(shipped.status).toBe(200);
    expect(shipped.headers['content-type']).toBe(`image/${(await sharp(shipped.body).metadata()).format}`);
    const { body } = await request(service.app).get('/v1/collections/few/items?limit=1');
    const picture = await request(service.app).get(`/v1/collections/few/items/${body.items[0].id}/thumbnail`);
    expect(picture.status).toBe(200);
    const { width, height, format } = await sharp(picture.body).metadata();
    expect(picture.headers['content-type']).toBe(`image/${format}`);
    expect(Math.max(width, height)).toBeGreaterThan(64);
  });
});
