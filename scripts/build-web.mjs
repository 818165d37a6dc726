/**
 * Bundles the web application: src/web/start-page.ts -> dist/web/main.js, main.css and parts/, with the page and its icon
 * beside them.
 */
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import sharp from 'sharp';

const root = fileURLToPath(new URL('..', import.meta.url));
const from = path.join(root, 'src', 'web');
// Built in another folder and swapped in, so that a running server never serves half a build.
const finished = path.join(root, 'dist', 'web');
const to = path.join(root, 'dist', `.web-${process.pid}`);

/** Fills index.html with the English texts, so that it is complete before its script runs. */
async function pageWithTexts() {
  const { outputFiles } = await build({
    entryPoints: [path.join(from, 'texts', 'english.ts')],
    bundle: true,
    format: 'esm',
    write: false,
  });
  const { english } = await import(
    `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
  );
  const escaped = { '&': '&amp;', '<': '&lt;', '"': '&quot;' };
  const textAt = (keys) => {
    const text = keys.split('.').reduce((part, key) => part?.[key], english);
    if (typeof text !== 'string') {
      throw new Error(`index.html names texts that src/web/texts/english.ts does not have: ${keys}.`);
    }
    return text.replace(/[&<"]/g, (sign) => escaped[sign]);
  };
  return readFileSync(path.join(from, 'index.html'), 'utf8')
    .replaceAll(/ data-text-([\w-]+)="([\w.]+)"/g, (all, name, keys) => `${all} ${name}="${textAt(keys)}"`)
    .replaceAll(/( data-text="([\w.]+)"[^>]*>)(?=<\/)/g, (all, _tag, keys) => all + textAt(keys));
}

/** Draws the icons of the installed app from favicon.svg. Systems may crop a maskable icon to a circle. */
async function writeIcons() {
  const drawn = path.join(from, 'favicon.svg');
  const icons = [
    ['icon-192.png', 192, 192],
    ['icon-512.png', 512, 512],
    ['icon-512-maskable.png', 512, 360],
  ];
  for (const [name, size, inner] of icons) {
    const margin = (size - inner) / 2;
    const isMaskable = inner < size;
    await sharp(drawn, { density: 1200 })
      .resize(inner, inner, { fit: 'contain', background: '#0000' })
      .extend({ top: margin, bottom: margin, left: margin, right: margin, background: '#0000' })
      .flatten(isMaskable ? { background: '#eef3f0' } : false)
      .png({ palette: true })
      .toFile(path.join(to, name));
  }
}

/** The chunks that main.js needs to start, and those of other languages. */
function listChunks({ outputs }) {
  const nameOf = (file) => path.relative(to, path.resolve(file)).replaceAll(path.sep, '/');
  const start = new Set();
  const visit = (output) => {
    for (const { path: file, kind } of outputs[output].imports) {
      if (kind === 'import-statement' && !start.has(file)) {
        start.add(file);
        visit(file);
      }
    }
  };
  visit(Object.keys(outputs).find((output) => output.endsWith('/main.js')));
  const isLanguage = (file) => outputs[file].entryPoint?.includes('/texts/');
  return { start: [...start].map(nameOf), languages: Object.keys(outputs).filter(isLanguage).map(nameOf) };
}

rmSync(to, { recursive: true, force: true });
mkdirSync(to, { recursive: true });
const examples = ['cat', 'dog'].flatMap((animal) => [
  `example-${animal}.jpg`,
  `example-${animal}-thumb.webp`,
]);
const files = ['favicon.svg', ...examples, 'manifest.webmanifest'];
await writeIcons();
for (const file of files) {
  cpSync(path.join(from, file), path.join(to, file));
}
const { metafile } = await build({
  entryPoints: { main: path.join(from, 'start-page.ts') },
  outdir: to,
  bundle: true,
  // Splits off what most visits do not need, such as managing collections. It is fetched on demand.
  splitting: true,
  chunkNames: 'parts/[name]-[hash]',
  format: 'esm',
  target: ['es2022', 'chrome123', 'firefox128', 'safari17.5'],
  minify: true,
  sourcemap: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
});
const { start, languages } = listChunks(metafile);
// Otherwise the browser learns of them from main.js, one round trip later.
const preloads = start.map((file) => `  <link rel="modulepreload" href="${file}">\n`).join('');
const page = (await pageWithTexts()).replace('</head>', `${preloads}</head>`);
writeFileSync(path.join(to, 'index.html'), page);
const worker = readFileSync(path.join(from, 'service-worker.js'), 'utf8');
const chunks = `const CHUNKS = ${JSON.stringify([...start, ...languages])};`;
writeFileSync(path.join(to, 'service-worker.js'), worker.replace('const CHUNKS = [];', chunks));
rmSync(finished, { recursive: true, force: true });
renameSync(to, finished);
