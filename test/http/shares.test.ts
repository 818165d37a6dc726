import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import request from 'supertest';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Share, Shares } from '../../src/http/shares.js';
import { testApp } from '../helpers/http.js';
import { sceneJpeg } from '../helpers/images.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pawdex-shares-'));
});
afterEach(() => rm(folder, { recursive: true }));

const shared = {
  collection: 'breeds',
  photoBase64: 'AAAA',
  answer: { decision: 'match' } as Share['answer'],
};

describe('shared answers', () => {
  it('are read back by another server on the same folder', async () => {
    const { id, expires } = await new Shares(folder, 2).create(shared);
    expect(id).toMatch(/^[\w-]{22}$/);
    expect(Date.parse(expires) - Date.now()).toBeGreaterThan(1.9 * 3_600_000);
    expect(await new Shares(folder, 2).read(id)).toMatchObject({ ...shared, id });
    expect((await stat(path.join(folder, `${id}.json`))).mode & 0o077).toBe(0);
  });

  it('expire, and are removed when the next is created', async () => {
    const brief = new Shares(folder, 20 / 3_600_000);
    const { id } = await brief.create(shared);
    await sleep(60);
    await expect(brief.read(id)).rejects.toMatchObject({ code: 'share_not_found' });
    const next = await brief.create(shared);
    expect(await readdir(folder)).toEqual([`${next.id}.json`]);
  });

  it('can be created at the same time', async () => {
    const shares = new Shares(folder, 1);
    const createSome = async () => {
      for (let i = 0; i < 20; i++) {
        await shares.create({ ...shared, photoBase64: 'A'.repeat(50_000) });
      }
    };
    await Promise.all(Array.from({ length: 12 }, createSome));
    expect(await readdir(folder)).toHaveLength(240);
  });

  it('are not found if their file is damaged', async () => {
    const shares = new Shares(folder, 1);
    const { id } = await shares.create(shared);
    const file = path.join(folder, `${id}.json`);
    const sound = await readFile(file, 'utf8');
    for (const text of [sound.replace('match', 'mauch'), sound.slice(0, 40), '']) {
      await writeFile(file, text);
      await expect(shares.read(id)).rejects.toMatchObject({ code: 'share_not_found' });
    }
  });

  it.each(['', 'nope', '../../etc/passwd', 'x'.repeat(22)])('are not found under the id `%s`', async (id) => {
    await expect(new Shares(folder, 1).read(id)).rejects.toMatchObject({ code: 'share_not_found' });
  });

  it('are disabled unless the server allows them', async () => {
    await expect(new Shares(folder, 0).create(shared)).rejects.toMatchObject({ code: 'sharing_disabled' });
  });
});

describe('POST and GET /v1/shares', () => {
  it('store a small photo with its answer', async () => {
    const { app } = await testApp({ SHARE_HOURS: 1, DATA_DIR: folder });
    const photo = await sceneJpeg();
    const { body: answer } = await request(app).post('/v1/identify').attach('image', photo, 'a.jpg');
    const share = (image: Buffer) =>
      request(app).post('/v1/shares').field('answer', JSON.stringify(answer)).attach('image', image, 'a.jpg');
    const { status, body, headers } = await share(photo);
    expect(status).toBe(201);
    const read = await request(app).get(`/v1/shares/${body.id}`);
    expect(read.body).toEqual(body);
    expect(read.body).toMatchObject({ collection: 'breeds', answer, photoBase64: photo.toString('base64') });
    expect(headers.location).toContain(body.id);
    expect((await share(Buffer.from('words'))).body.code).toBe('image_unsupported');
    const large = Buffer.concat([photo, Buffer.alloc(300_000)]);
    expect((await share(large)).body.code).toBe('payload_too_large');
    const wrong = await request(app).post('/v1/shares').field('answer', '{}').attach('image', photo, 'a.jpg');
    expect(wrong.body.code).toBe('invalid_request');
  });

  it('report an unknown share, or that sharing is disabled', async () => {
    const { app } = await testApp();
    expect((await request(app).get('/v1/shares/nope')).body.code).toBe('share_not_found');
    expect((await request(app).get('/v1/info')).body.sharesAnswers).toBe(false);
  });
});
