/** Creates the HTTP application: middleware, endpoints and pages. `startServer` or a test opens the socket. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import compression from 'compression';
import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { PawdexError } from '../errors.js';
import { STYLE_HASH } from '../evaluation/report/report-style.js';
import type { AppDeps } from './app-deps.js';
import { BodyReader } from './body/body-reader.js';
import { type Context, mountEndpoints } from './define-endpoint.js';
import { createDocsRouter } from './docs-router.js';
import { ENDPOINTS } from './endpoints.js';
import { logRequests } from './log-requests.js';
import { Metrics } from './metrics.js';
import { createOpenApiDocument } from './openapi-document.js';
import { errorHandler } from './problem-details.js';
import { requireKey } from './require-key.js';
import { createResponseQueues } from './response-queue.js';
import { Shares } from './shares.js';
import { allowOrigins, refuseOtherSites } from './site-access.js';

/** Pages load everything from this origin. Thumbnails are shown from blob addresses. */
const securityHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      'default-src': ["'self'"],
      'img-src': ["'self'", 'data:', 'blob:'],
      // The report of an evaluation is shown in a frame from a blob address, and follows this policy there.
      'style-src': ["'self'", `'${STYLE_HASH}'`],
      'frame-src': ['blob:'],
      'base-uri': ["'self'"],
      'form-action': ["'self'"],
      'frame-ancestors': ["'none'"],
      'object-src': ["'none'"],
    },
  },
  // Only the proxy in front knows whether there is TLS.
  strictTransportSecurity: false,
});

/** Refuses requests while the server starts or stops, or when its data is damaged. */
const refuseUnlessReady =
  ({ lifecycle }: AppDeps): RequestHandler =>
  (_req, _res, next) => {
    const { state, problem } = lifecycle;
    if (state === 'starting') {
      throw new PawdexError('starting', { retryAfter: 1 });
    }
    if (state === 'stopping') {
      throw new PawdexError('shutting_down');
    }
    if (state === 'damaged') {
      throw problem ?? new PawdexError('data_damaged');
    }
    next();
  };

/**
 * Requires one `Host` header, as HTTP/1.1 does. Node leaves the check to the app, so that the response is a problem like any
 * other. Duplicate or conflicting hosts and unknown transfer codings are refused, because a proxy in front may interpret them
 * differently (request smuggling).
 */
const requirePlainRequest: RequestHandler = (req, _res, next) => {
  const toError = (detail: string) => new PawdexError('invalid_request', { detail });
  const { host = [] } = req.headersDistinct;
  if (host.length === 0 && req.httpVersion === '1.1') {
    throw toError('The request has no `Host` header.');
  }
  if (host.length > 1) {
    throw toError('The request has more than one `Host` header.');
  }
  // The form that clients use for proxies. Its host takes precedence over the header.
  if (URL.canParse(req.url) && new URL(req.url).host !== (host[0] ?? '').toLowerCase()) {
    throw toError('The request URL and the `Host` header name different hosts.');
  }
  if ((req.headers['transfer-encoding'] ?? 'chunked').toLowerCase() !== 'chunked') {
    throw toError('The only supported `Transfer-Encoding` is chunked.');
  }
  next();
};

/** Compresses pages, scripts and the API description. Other responses are small, images or streams. */
const compress = compression();

/** Serves the web application, or says why it is missing. */
function servePage(dir: string): RequestHandler {
  const files = express.static(dir, { index: 'index.html', redirect: false });
  return (req, res, next) => {
    if (req.path === '/' && !existsSync(path.join(dir, 'index.html'))) {
      throw new PawdexError('not_found', {
        detail: 'The web page has not been built.',
        hint: 'Run `npm run build`; the API works without it, see /docs.',
      });
    }
    return files(req, res, next);
  };
}

function createContext(deps: AppDeps, metrics: Metrics): Context {
  let openApi: string | null = null;
  return {
    ...deps,
    metrics,
    queues: createResponseQueues(),
    shares: new Shares(path.join(deps.config.DATA_DIR, 'shares'), deps.config.SHARE_HOURS),
    reader: new BodyReader(deps.config, deps.mayFetchFrom),
    openApi: () => {
      openApi ??= createOpenApiDocument(ENDPOINTS, deps.version);
      return openApi;
    },
  };
}

/**
 * Creates the Express app for an engine.
 *
 * @example
 * const lifecycle = { state: 'ready' };
 * const app = createApp({ engine, config, logger, version, lifecycle, webDir });
 * const server = await startServer(app, { host: config.HOST, port: config.PORT, lifecycle });
 */
export function createApp(deps: AppDeps): Express {
  const app = express();
  const metrics = new Metrics(deps);
  app.disable('x-powered-by');
  // Hashing responses for an ETag is useless, since they always differ. Files and thumbnails set their own.
  app.disable('etag');
  app.set('trust proxy', deps.config.TRUST_PROXY);
  app.use(logRequests(deps.logger), securityHeaders, metrics.middleware);
  app.use(requirePlainRequest, allowOrigins(deps.config), refuseOtherSites(deps.config));
  app.use('/v1', requireKey(deps.config.API_KEYS), refuseUnlessReady(deps));
  app.use('/openapi.json', compress);
  mountEndpoints(app, ENDPOINTS, createContext(deps, metrics));
  app.use('/docs', compress, createDocsRouter());
  app.use(compress, servePage(deps.webDir));
  app.use((req) => {
    throw new PawdexError('not_found', { detail: `${req.method} ${req.path}` });
  });
  app.use(errorHandler);
  return app;
}
