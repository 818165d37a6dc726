/** /docs: the API reference, served without any other host; /docs/errors: the error table. */
import { createRequire } from 'node:module';
import path from 'node:path';
import express, { type Router } from 'express';
import { ERRORS } from '../errors.js';

const ASSETS = new Set(['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']);

const swaggerDir = () => path.dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** @param base path to the files of this page, relative to the requested address */
const referencePage = (base: string) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>pawdex API</title>
<link rel="icon" href="${base}favicon-32x32.png"><link rel="stylesheet" href="${base}swagger-ui.css">
</head>
<body>
<div id="reference"></div>
<script src="${base}swagger-ui-bundle.js"></script><script src="${base}start.js"></script>
</body>
</html>
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

const errorsPage = () => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>pawdex errors</title>
</head>
<body>
<h1>Errors</h1>
<dl>
${Object.entries(ERRORS)
  .map(
    ([code, { status, title, hint }]) =>
      `<dt id="${code}"><code>${code}</code> (${status})</dt><dd>${escapeHtml(title)} ${escapeHtml(hint)}</dd>`,
  )
  .join('\n')}
</dl>
</body>
</html>
`;

/** The pages under /docs. */
export function docsRouter(): Router {
  const router = express.Router();
  const dir = swaggerDir();
  const errors = errorsPage();
  router.get('/', (req, res) => {
    res.type('html').send(referencePage(req.originalUrl.split('?', 1)[0]!.endsWith('/') ? './' : './docs/'));
  });
  router.get('/start.js', (_req, res) => {
    res.type('js').send(START);
  });
  router.get('/errors', (_req, res) => {
    res.type('html').send(errors);
  });
  router.get('/:file', (req, res, next) => {
    if (!ASSETS.has(req.params.file)) return next();
    res.sendFile(req.params.file, { root: dir, maxAge: '1h' }, (error) => error && next(error));
  });
  return router;
}
