/** Bundles the web application: src/web/main.ts -> dist/web/main.js and main.css, with the page and its icon beside them. */
import { cpSync, mkdirSync, renameSync, rmSync } from 'node:fs';
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
for (const file of ['index.html', 'favicon.svg', 'example.jpg', 'example-thumb.webp']) {
  cpSync(path.join(from, file), path.join(to, file));
}
await build({
  entryPoints: [path.join(from, 'main.ts')],
  outfile: path.join(to, 'main.js'),
  bundle: true,
  format: 'esm',
  target: ['es2022', 'chrome123', 'firefox128', 'safari17.5'],
  minify: true,
  sourcemap: true,
  legalComments: 'none',
  logLevel: 'warning',
});
rmSync(finished, { recursive: true, force: true });
renameSync(to, finished);
