import request from 'supertest';
import { expect, it } from 'vitest';
import { testApp } from '../helpers/http.js';

it('writes snapshots and lists them, newest first', async () => {
  const service = await testApp();
  await service.engine.createCollection('mine');
  const written = await request(service.app).post('/v1/snapshots');
  expect(written.status).toBe(201);
  expect(written.body.collections).toContainEqual({ name: 'mine', items: 0 });
  await request(service.app).post('/v1/snapshots').expect(201);
  const { body } = await request(service.app).get('/v1/snapshots');
  expect(body.snapshots.map(({ name }: { name: string }) => name)).toEqual(['1.pawdex', '0.pawdex']);
});
