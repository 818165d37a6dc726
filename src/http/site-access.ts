/**
 * Protects a server without API keys against web sites. Any page in a browser on this machine can send requests to
 * 127.0.0.1. HTML forms are exempt from CORS, so a page could upload photos: `Origin` and `Sec-Fetch-Site`, which pages
 * cannot forge, expose such requests. With DNS rebinding a page becomes same-origin and could read everything: only the
 * `Host` header exposes that.
 *
 * With keys, a site would need one, so nothing is checked.
 */
import { isIP } from 'node:net';
import os from 'node:os';
import type { Request, RequestHandler } from 'express';
import type { Config } from '../config.js';
import { PawdexError } from '../errors.js';

type SiteConfig = Pick<Config, 'API_KEYS' | 'ALLOWED_HOSTS' | 'ALLOWED_ORIGINS' | 'TRUST_PROXY'>;

/** Paths that orchestrators request under any host name; they reveal nothing. */
const OPEN_TO_ANY_HOST = new Set(['/healthz', '/readyz']);
const READING_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Reads the name in a `Host` header, without port and brackets, in lower case. Returns null if it is invalid. */
function readHostname(host: string): string | null {
  const url = `http://${host}/`;
  if (!/^[\w.:[\]-]+$/.test(host) || !URL.canParse(url)) {
    return null;
  }
  return new URL(url).hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
}

/** Whether a name cannot be registered, so that no other site can point it here. */
function isOwnName(name: string): boolean {
  if (name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0) {
    return true;
  }
  const machine = os.hostname().toLowerCase();
  return name === machine || name === `${machine}.local`;
}

/** Reads the host of the page that sent a request. Returns null for pages without one, as in `Origin: null`. */
function readOriginHost(origin: string): string | null {
  return URL.canParse(origin) && new URL(origin).host !== '' ? new URL(origin).host : null;
}

/** Whether a request may come from any site: it reads nothing under /v1, or follows a link to a page that the site cannot read. */
function isHarmless(req: Request): boolean {
  const isNavigation = req.get('sec-fetch-mode') === 'navigate' && req.get('sec-fetch-dest') === 'document';
  return READING_METHODS.has(req.method) && (!/^\/v1\b/i.test(req.path) || isNavigation);
}

/** Whether the browser says that a page of another site sent the request. */
function isFromOtherSite(req: Request): boolean {
  return ['cross-site', 'same-site'].includes(req.get('sec-fetch-site') ?? '');
}

/**
 * Refuses requests of other web sites to a server without keys.
 *
 * @throws PawdexError host_not_allowed, origin_not_allowed, from the handler
 */
export function refuseOtherSites(config: SiteConfig): RequestHandler {
  const allowedHosts = new Set(config.ALLOWED_HOSTS.map((host) => host.toLowerCase()));
  const isAllowed = (host: string, name: string | null) =>
    allowedHosts.has(host.toLowerCase()) || (name !== null && allowedHosts.has(name));

  const checkHost = ({ path, headers: { host } }: Request) => {
    // HTTP/1.0 requires none; browsers always send one.
    if (host === undefined || OPEN_TO_ANY_HOST.has(path)) {
      return;
    }
    const name = readHostname(host);
    if (name === null || !(isOwnName(name) || isAllowed(host, name))) {
      throw new PawdexError('host_not_allowed', { detail: `The \`Host\` header is "${host}".` });
    }
  };

  const isOwnOrigin = (req: Request, origin: string) => {
    if (config.ALLOWED_ORIGINS.includes(origin)) {
      return true;
    }
    const host = readOriginHost(origin);
    const forwarded = config.TRUST_PROXY ? req.get('x-forwarded-host') : undefined;
    const own = [req.headers.host, forwarded].map((name) => name?.toLowerCase());
    return host !== null && (own.includes(host) || isAllowed(host, readHostname(host)));
  };

  const checkOrigin = (req: Request) => {
    const origin = req.get('origin');
    const isOwn = origin === undefined ? !isFromOtherSite(req) : isOwnOrigin(req, origin);
    if (!isOwn && !isHarmless(req)) {
      const page = origin === undefined ? 'another web site' : `"${origin}"`;
      throw new PawdexError('origin_not_allowed', { detail: `The request comes from ${page}.` });
    }
  };

  return (req, _res, next) => {
    if (config.API_KEYS.length === 0) {
      checkHost(req);
      checkOrigin(req);
    }
    next();
  };
}

const EXPOSED_HEADERS = 'X-Request-Id, Retry-After, Location';
const PREFLIGHT_SECONDS = '600';

/** Allows the configured origins to read responses (CORS), and responds to preflight requests. */
export function allowOrigins({ ALLOWED_ORIGINS }: Pick<Config, 'ALLOWED_ORIGINS'>): RequestHandler {
  return (req, res, next) => {
    const origin = req.get('origin');
    if (ALLOWED_ORIGINS.length > 0) {
      res.vary('Origin');
    }
    if (origin === undefined || !ALLOWED_ORIGINS.includes(origin)) {
      return next();
    }
    res.set({ 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': EXPOSED_HEADERS });
    // helmet forbids other origins to read responses.
    res.set('Cross-Origin-Resource-Policy', 'cross-origin');
    if (req.method !== 'OPTIONS' || req.get('access-control-request-method') === undefined) {
      return next();
    }
    res.set({
      'Access-Control-Allow-Methods': 'GET, POST, PATCH, DELETE',
      'Access-Control-Allow-Headers': 'Authorization, Content-Type, X-API-Key, X-Request-Id, Last-Event-ID',
      'Access-Control-Max-Age': PREFLIGHT_SECONDS,
    });
    res.status(204).end();
  };
}
