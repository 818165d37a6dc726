/** Serves the API reference at /docs, without loading anything from other hosts, and the error table at /docs/errors. */
import { createRequire } from 'node:module';
import path from 'node:path';
import express, { type Router } from 'express';
import { ERRORS } from '../errors.js';

const ASSETS = new Set(['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']);

const findSwaggerFolder = () =>
  path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** @param base path to the files of this page, relative to the requested address */
const renderReferencePage = (base: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>pawdex API</title>
<link rel="icon" href="${base}favicon-32x32.png"><link rel="stylesheet" href="${base}swagger-ui.css"><link rel="stylesheet" href="${base}page.css">
<script src="${base}theme.js"></script>
</head>
<body>
<nav class="back" aria-label="pawdex"><a href="${base}../">\u2190 pawdex</a> \u00b7 <a href="${base}errors">Errors</a></nav>
<div id="reference"></div>
<script src="${base}swagger-ui-bundle.js"></script><script src="${base}start.js"></script>
</body>
</html>
`;

const PAGE_CSS = `:root { color-scheme: light dark; }
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }
body { margin: 0; background: light-dark(#fff, #1c2022); color: light-dark(#14211c, #e4e6e6); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
a { color: light-dark(#0b6e55, #62cfae); }
.back { max-width: 1460px; margin: 0 auto; padding: 0.4rem 20px 0; }
.back a { display: inline-flex; align-items: center; min-height: 2.75rem; }
main { max-width: 50rem; margin: 0 auto; padding: 0 20px 3rem; }
dt { margin-top: 1.2rem; }
`;

// Applies the theme chosen on the web page; Swagger UI has its own class for dark mode.
const THEME = `const root = document.documentElement;
const system = matchMedia('(prefers-color-scheme: dark)');
function readChoice() {
  try {
    return localStorage.getItem('pawdex.theme');
  } catch {
    return null; // The browser blocks storage.
  }
}
function applyTheme() {
  const chosen = readChoice();
  if (chosen === 'light' || chosen === 'dark') root.dataset.theme = chosen;
  root.classList.toggle('dark-mode', (chosen ?? (system.matches ? 'dark' : 'light')) === 'dark');
}
system.addEventListener('change', applyTheme);
applyTheme();
`;

// No inline script, so that the content security policy needs no exception.
const START = `SwaggerUIBundle({
  url: new URL('../openapi.json', document.currentScript.src).href,
  dom_id: '#reference',
  deepLinking: true,
  tryItOutEnabled: true,
});
`;

const escapeHtml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const renderErrorsPage = () => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>pawdex errors</title>
<link rel="stylesheet" href="page.css"><script src="theme.js"></script>
</head>
<body>
<nav class="back" aria-label="pawdex"><a href="../">\u2190 pawdex</a> \u00b7 <a href="../docs">API reference</a></nav>
<main>
<h1>Errors</h1>
<dl>
${Object.entries(ERRORS)
  .map(
    ([code, { status, title, hint }]) =>
      `<dt id="${code}"><code>${code}</code> (${status})</dt><dd>${escapeHtml(title)} ${escapeHtml(hint)}</dd>`,
  )
  .join('\n')}
</dl>
</main>
</body>
</html>
`;

/** Creates the pages under /docs. */
export function createDocsRouter(): Router {
  const router = express.Router();
  const dir = findSwaggerFolder();
  router.get('/', (req, res) => {
    res
      .type('html')
      .send(renderReferencePage(req.originalUrl.split('?', 1)[0]!.endsWith('/') ? './' : './docs/'));
  });
  for (const [name, type, text] of [
    ['start.js', 'js', START],
    ['theme.js', 'js', THEME],
    ['page.css', 'css', PAGE_CSS],
    ['errors', 'html', renderErrorsPage()],
  ] as const) {
    router.get(`/${name}`, (_req, res) => {
      res.type(type).send(text);
    });
  }
  router.get('/:file', (req, res, next) => {
    if (!ASSETS.has(req.params.file)) {
      return next();
    }
    res.sendFile(req.params.file, { root: dir, maxAge: '1h' }, (error) => error && next(error));
  });
  return router;
}
