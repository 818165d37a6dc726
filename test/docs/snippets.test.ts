import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = ['README.md', 'docs/http.md', 'docs/guides/write-an-app.md'];

it('shows TypeScript that compiles in an app that has installed pawdex', () => {
  const app = mkdtempSync(path.join(os.tmpdir(), 'pawdex-app-'));
  onTestFinished(() => rmSync(app, { recursive: true, force: true }));
  writeFileSync(path.join(app, 'package.json'), '{"type": "module"}');
  mkdirSync(path.join(app, 'node_modules'));
  // As `npm install PATH` does.
  symlinkSync(root, path.join(app, 'node_modules/pawdex'));
  symlinkSync(path.join(root, 'node_modules/@types'), path.join(app, 'node_modules/@types'));
  const files = pages.flatMap((page) => {
    const snippets = [...readFileSync(path.join(root, page), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)];
    expect(snippets, page).not.toEqual([]);
    return snippets.map(([, code], i) => {
      const file = `${page.replaceAll('/', '-')}-${i}.ts`;
      writeFileSync(path.join(app, file), code!);
      return file;
    });
  });
  const tsc = path.join(root, 'node_modules/@typescript/native/bin/tsc');
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--skipLibCheck'];
  const { stdout, status } = spawnSync(process.execPath, [tsc, ...flags, ...files], {
    cwd: app,
    encoding: 'utf8',
  });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});
