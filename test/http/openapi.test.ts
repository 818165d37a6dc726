import { validate } from '@readme/openapi-parser';
import type { Router } from 'express';
import request from 'supertest';
import { beforeAll, describe, expect, it } from 'vitest';
import { ERRORS } from '../../src/errors.js';
import { testApp } from '../helpers/http.js';

type Operation = {
  operationId: string;
  summary: string;
  requestBody?: { content: Record<string, { schema: Record<string, unknown> }> };
  responses: Record<string, { description: string; content?: Record<string, object> }>;
  security: object[];
};
type Document = { openapi: string; paths: Record<string, Record<string, Operation>> };

const { app } = await testApp();
let document: Document;
beforeAll(async () => {
  document = (await request(app).get('/openapi.json')).body;
});
const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

/** What Express itself has been told to answer, whoever told it. */
function routesOf(router: Router): string[] {
  return router.stack.flatMap(({ route }) => {
    if (route === undefined) {
      return [];
    }
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    return route.stack.flatMap(({ method }) => (method === undefined ? [] : [`${method} ${path}`]));
  });
}

describe('/openapi.json', () => {
  it('is a valid OpenAPI 3.1 document', async () => {
    expect(document.openapi).toBe('3.1.0');
    const result = await validate(structuredClone(document) as never);
    expect(result).toMatchObject({ valid: true, warnings: [] });
  });

  it('describes exactly the routes of the app', () => {
    const described = operations().map(({ path, method }) => `${method} ${path}`);
    expect(described.sort()).toEqual(routesOf(app.router).sort());
    expect(described.length).toBeGreaterThan(15);
  });

  it('has unique operation ids, summaries and documented errors everywhere', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of operations()) {
      expect(operation.summary).toMatch(/\w/);
      if (!path.startsWith('/v1/')) {
        continue;
      }
      expect(operation.security).toHaveLength(2);
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['400', '401', '503', '500']));
      for (const [status, { description }] of Object.entries(operation.responses)) {
        for (const [, code] of Number(status) >= 400 ? description.matchAll(/`(\w+)`: /g) : []) {
          expect(ERRORS[code as keyof typeof ERRORS].status).toBe(Number(status));
        }
      }
    }
  });

  it('names the fields of forms and of JSON from the schemas that validate', () => {
    const { content } = document.paths['/v1/identify']!.post!.requestBody!;
    expect(content['multipart/form-data']!.schema).toMatchObject({
      required: ['image'],
      properties: { image: { type: 'string', format: 'binary' } },
    });
    expect(content['application/json']!.schema).toMatchObject({
      additionalProperties: false,
      properties: { imageBase64: { type: 'string' }, k: { type: 'integer', minimum: 1, maximum: 1000 } },
    });
  });
});

describe('pages', () => {
  it('serves the API reference with all its files, without other servers', async () => {
    for (const path of ['/docs', '/docs/']) {
      const page = await request(app).get(path);
      expect(page.status).toBe(200);
      const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file!);
      expect(files.length).toBeGreaterThan(3);
      for (const file of files) {
        const { pathname, host } = new URL(file, `http://here${path}`);
        expect(host).toBe('here');
        // The way back to the web page, which tests of the API do not have.
        if (pathname !== '/') {
          expect((await request(app).get(pathname)).status).toBe(200);
        }
      }
      expect(page.text).not.toMatch(/<script>|style=/);
    }
  });

  it('serves no other file of the package', async () => {
    for (const path of ['/docs/package.json', '/docs/..%2fpackage.json', '/docs/index.html']) {
      expect((await request(app).get(path)).body.code).toBe('not_found');
    }
  });

  it('sets headers that keep a page to its own origin', async () => {
    const { headers } = await request(app).get('/docs');
    expect(headers['content-security-policy']).toMatch(/default-src 'self'/);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('strict-transport-security');
  });

  it('says how to build the web page if it is not built', async () => {
    const { status, body } = await request(app).get('/');
    expect([status, body.code, body.hint]).toEqual([
      404,
      'not_found',
      expect.stringContaining('npm run build'),
    ]);
  });
});
