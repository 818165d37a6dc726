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

/** Decides which hosts and pages a server without keys accepts. */
class SitePolicy {
  readonly #hosts: Set<string>;
  readonly #origins: Set<string>;
  readonly #trustProxy: boolean;

  constructor({ ALLOWED_HOSTS, ALLOWED_ORIGINS, TRUST_PROXY }: SiteConfig) {
    this.#hosts = new Set(ALLOWED_HOSTS.map((host) => host.toLowerCase()));
    this.#origins = new Set(ALLOWED_ORIGINS);
    this.#trustProxy = TRUST_PROXY;
  }

  /** @throws PawdexError host_not_allowed */
  checkHost(req: Request): void {
    const { host } = req.headers;
    // HTTP/1.0 requires none; browsers always send one.
    if (host === undefined || OPEN_TO_ANY_HOST.has(req.path)) {
      return;
    }
    const name = readHostname(host);
    if (name !== null && (isOwnName(name) || this.#isAllowed(name, host))) {
      return;
    }
    throw new PawdexError('host_not_allowed', { detail: `The \`Host\` header is "${host}".` });
  }

  /** @throws PawdexError origin_not_allowed */
  checkOrigin(req: Request): void {
    const origin = req.get('origin');
    const isOwn = origin === undefined ? !this.#isFromOtherSite(req) : this.#isOwnOrigin(req, origin);
    if (isOwn || isHarmless(req)) {
      return;
    }
    throw new PawdexError('origin_not_allowed', {
      detail:
        origin === undefined
          ? 'The request comes from another web site.'
          : `The request comes from "${origin}".`,
    });
  }

  #isFromOtherSite(req: Request): boolean {
    const site = req.get('sec-fetch-site');
    return site === 'cross-site' || site === 'same-site';
  }

  #isOwnOrigin(req: Request, origin: string): boolean {
    if (this.#origins.has(origin)) {
      return true;
    }
    const host = readOriginHost(origin);
    if (host === null) {
      return false;
    }
    const forwarded = this.#trustProxy ? req.get('x-forwarded-host') : undefined;
    const hosts = [req.headers.host, forwarded].map((name) => name?.toLowerCase());
    return hosts.includes(host) || this.#isAllowed(readHostname(host) ?? '', host);
  }

  #isAllowed(name: string, host: string): boolean {
    return this.#hosts.has(name) || this.#hosts.has(host.toLowerCase());
  }
}

/** Whether a request may come from any site: it reads nothing under /v1, or follows a link to a page that the site cannot read. */
function isHarmless(req: Request): boolean {
  const isNavigation = req.get('sec-fetch-mode') === 'navigate' && req.get('sec-fetch-dest') === 'document';
  return READING_METHODS.has(req.method) && (!/^\/v1\b/i.test(req.path) || isNavigation);
}

/**
 * Refuses requests of other web sites to a server without keys.
 *
 * @throws PawdexError host_not_allowed, origin_not_allowed, from the handler
 */
export function refuseOtherSites(config: SiteConfig): RequestHandler {
  const sites = new SitePolicy(config);
  return (req, _res, next) => {
    if (config.API_KEYS.length === 0) {
      sites.checkHost(req);
      sites.checkOrigin(req);
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
