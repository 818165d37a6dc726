import request from 'supertest';
import { expect, it } from 'vitest';
import { testApp } from '../helpers/http.js';

it('lists the points of a collection, an array for each property', async () => {
  const { app, engine } = await testApp();
  await engine.addItems('breeds', [{ image: Buffer.from('another'), label: 'beagle' }]);
  const { status, body } = await request(app).get('/v1/collections/breeds/map');
  expect(status).toBe(200);
  expect(body).toMatchObject({ total: 4, labels: ['beagle', 'siamese', 'birman'], label: [1, 2, 0, 0] });
  for (const each of [body.ids, body.x, body.y, body.hasThumbnail]) {
    expect(each).toHaveLength(4);
  }
  expect(body.ids[0]).toMatch(/^[0-9a-f]{32}$/);
  expect((await request(app).get('/v1/collections/nope/map')).body.code).toBe('collection_not_found');
});
