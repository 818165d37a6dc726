/** Bundles the web application: src/web/main.ts -> dist/web/main.js, everything that is not TypeScript copied beside it. */
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const from = path.join(root, 'src', 'web');
// Built aside and swapped in, so that a running server never finds half of it.
const finished = path.join(root, 'dist', 'web');
const to = path.join(root, 'dist', `.web-${process.pid}`);

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
cpSync(from, to, {
  recursive: true,
  filter: (source) => !/\.tsx?$|tsconfig\.json$|\.md$/.test(source),
});
await build({
  entryPoints: [path.join(from, 'main.ts')],
  outfile: path.join(to, 'main.js'),
  bundle: true,
  format: 'esm',
  target: ['es2022', 'chrome109', 'firefox115', 'safari16.4'],
  minify: true,
  sourcemap: true,
  legalComments: 'none',
  logLevel: 'warning',
});
if (!existsSync(path.join(to, 'index.html'))) throw new Error('src/web/index.html is missing');
rmSync(finished, { recursive: true, force: true });
renameSync(to, finished);
