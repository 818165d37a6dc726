/** Collections over HTTP: renamed, exported, imported, and those that the server cannot answer for. */
import { truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import request from 'supertest';
import { describe, expect, it } from 'vitest';
import { PawdexError } from '../../src/errors.js';
import { testApp } from '../helpers/http.js';
import { raw, serve } from '../helpers/raw.js';
import { until } from '../helpers/until.js';

describe('PATCH /v1/collections/{collection}', () => {
  it('renames, gives aliases and changes what is kept', async () => {
    const { app } = await testApp();
    const patch = { name: 'animals', aliases: ['zoo'], description: 'all', originals: 'full' };
    const renamed = await request(app).patch('/v1/collections/breeds').send(patch);
    expect(renamed.status).toBe(200);
    expect(renamed.body).toMatchObject({ ...patch, count: 3, problem: null });
    expect((await request(app).get('/v1/collections/breeds')).status).toBe(404);
    expect((await request(app).get('/v1/collections/animals')).body).toMatchObject(patch);
  });

  it.each([
    ['name with a slash', { name: 'a/b' }],
    ['value of originals that there is not', { originals: 'some' }],
    ['text in place of a list of aliases', { aliases: 'zoo' }],
    ['field that cannot be changed', { calibration: null }],
    ['list of 21 aliases', { aliases: Array.from({ length: 21 }, (_, i) => `a${i}`) }],
  ])('refuses a %s', async (_, patch) => {
    const { app } = await testApp();
    const refused = await request(app).patch('/v1/collections/breeds').send(patch);
    expect(refused).toBeProblem(400, 'invalid_request');
  });
});

describe('export and import', () => {
  it('disconnects clients that read an export slowly while others wait', async () => {
    const service = await testApp();
    service.engine.exportCollection = async (collection, file) => {
      await writeFile(file, '');
      await truncate(file, 32 * 2 ** 20);
      return { collection, items: 3, bytes: 32 * 2 ** 20 };
    };
    const server = await serve(service);
    const ask = 'GET /v1/collections/breeds/export HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n';
    const slow = Array.from({ length: 4 }, () => raw(server.url, ask));
    await until(() => slow.every(({ received }) => received().length > 0));
    for (const { socket } of slow) {
      socket.pause();
    }
    // Clients that read nothing at all are disconnected after 30 seconds in any case.
    const signal = AbortSignal.timeout(25_000);
    const answer = await fetch(`${server.url}/v1/collections/breeds/export`, { signal });
    expect((await answer.arrayBuffer()).byteLength).toBe(32 * 2 ** 20);
    await server.close({ graceSeconds: 0 });
  });

  it('has no file of an export job whose file was removed, and does not say where it was', async () => {
    const { app, engine, jobs } = await testApp();
    engine.exportCollection = async (collection) => ({ collection, items: 3, bytes: 1 });
    const { body } = await request(app).post('/v1/jobs').send({ kind: 'export', collection: 'breeds' });
    await until(() => jobs.get(body.id).state === 'succeeded');
    const missing = await request(app).get(`/v1/jobs/${body.id}/file`);
    expect(missing).toBeProblem(404, 'export_not_found');
    expect(missing.text).not.toContain(tmpdir());
    // Otherwise a browser would save the error under the name of the file.
    expect(missing.headers).not.toHaveProperty('content-disposition');
  });

  it('exports a collection as a file, with its length and number of items', async () => {
    const { app } = await testApp();
    const answer = await request(app).get('/v1/collections/breeds/export').buffer(true);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/vnd.apache.parquet',
      'content-length': '4',
      'content-disposition': 'attachment; filename=breeds.parquet',
      'x-pawdex-items': '3',
    });
    expect((await request(app).get('/v1/collections/none/export')).body).toMatchObject({
      code: 'collection_not_found',
    });
  });

  it('imports a file with its options, and leaves no temporary file', async () => {
    const { app, engine } = await testApp();
    const answer = await request(app)
      .post('/v1/collections/mine/import?reembed=true')
      .set('content-type', 'application/vnd.apache.parquet')
      .send('PAR1 rows');
    expect(answer).toMatchObject({ status: 200, body: { collection: 'mine', failed: 0 } });
    expect(engine.imported).toEqual({
      collection: 'mine',
      content: 'PAR1 rows',
      reembed: true,
      previews: false,
    });
  });

  it('refuses a file that is not Parquet without saying where it was', async () => {
    const { app, engine } = await testApp();
    engine.importCollection = async (_, file) => {
      throw new PawdexError('export_invalid', { detail: `${file} is not a complete Parquet file.` });
    };
    const refused = await request(app)
      .post('/v1/collections/mine/import')
      .set('content-type', 'application/vnd.apache.parquet')
      .send('rows');
    expect(refused).toBeProblem(400, 'export_invalid');
    expect(refused.body.detail).toBe('collection.parquet is not a complete Parquet file.');
  });

  it('refuses another type of body', async () => {
    const { app } = await testApp();
    const refused = await request(app).post('/v1/collections/mine/import').send({ rows: [] });
    expect(refused).toBeProblem(415, 'unsupported_media_type');
  });
});

describe('a collection of another model', () => {
  it('is named in the list and by /readyz', async () => {
    const { app, engine } = await testApp();
    expect((await request(app).get('/readyz')).body).toEqual({ status: 'ready' });
    engine.problem = { code: 'model_mismatch', detail: 'Another model.', hint: 'Move it.' };
    const { body } = await request(app).get('/v1/collections');
    expect(body.collections).toMatchObject([{ name: 'breeds', problem: engine.problem }]);
    const ready = await request(app).get('/readyz');
    expect(ready).toMatchObject({ status: 200, body: { status: 'ready', ...engine.problem } });
    expect(ready.body.collections).toEqual([{ name: 'breeds', ...engine.problem }]);
  });
});
