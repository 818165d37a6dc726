import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import request from 'supertest';
import { expect, it } from 'vitest';
import { ERRORS } from '../../src/errors.js';
import { testApp } from '../helpers/http.js';

const file = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

it('docs/errors.md matches src/error-codes/ (if not: node scripts/docs/errors.mjs)', () => {
  const generated = execFileSync(process.execPath, [file('scripts/docs/errors.mjs'), '--print'], {
    encoding: 'utf8',
  });
  expect(readFileSync(file('docs/errors.md'), 'utf8')).toBe(generated);
  for (const [code, { status }] of Object.entries(ERRORS)) {
    expect(generated).toContain(`| \`${code}\` | ${status} |`);
  }
});

it('every code has a status, a sentence as its title, and a hint', () => {
  for (const [code, { status, title, hint }] of Object.entries(ERRORS)) {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(title).toMatch(/^[A-Z].*\.$/);
    expect(hint).toMatch(/\w.*\w/);
  }
});

it('the URL in `type` leads to the entry of the code', async () => {
  const { app } = await testApp();
  const { body } = await request(app).get('/nope');
  const { pathname, hash } = new URL(body.type, 'http://here/nope');
  const page = await request(app).get(pathname);
  expect(page.status).toBe(200);
  expect(page.text).toContain(`id="${hash.slice(1)}"`);
});
