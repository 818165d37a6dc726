/**
 * An endpoint is declared once: its path, what it documents and what it does. The app mounts the list and
 * the OpenAPI document is generated from the same list, so neither can name what the other lacks.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import type { Express, Request, Response } from 'express';
import type { Urgency } from '../encoder/encoder.js';
import { type ErrorCode, PawdexError } from '../errors.js';

/** One method of one path. */
export interface Endpoint {
  method: 'get' | 'post' | 'patch' | 'delete';
  /** In OpenAPI's form: `/v1/collections/{collection}`. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  request?: NonNullable<RouteConfig['request']>;
  responses: RouteConfig['responses'];
  /** Of endpoints that take images: whether somebody waits for the answer. */
  urgency?: Urgency;
  /** Codes it answers with beside those of every endpoint. */
  errors: ErrorCode[];
  handle(req: Request, res: Response): void | Promise<void>;
}

/** The path in Express' form: `/v1/collections/:collection`. */
function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

/** JSON that is shorter than this holds no image: a search by id costs the encoder nothing. */
const LEAST_IMAGE_BYTES = 1_000;

function mayHoldImage(req: Request): boolean {
  return req.is('json') === false || !(Number(req.headers['content-length']) < LEAST_IMAGE_BYTES);
}

/**
 * How long a refusal is held back. Clients that try again at once, whatever Retry-After says, would otherwise keep the
 * server busy with refusing them.
 */
const REFUSAL_PAUSE_MS = 100;

async function refuseWithoutRoom(check: () => void): Promise<void> {
  try {
    check();
  } catch (error) {
    await sleep(REFUSAL_PAUSE_MS);
    throw error;
  }
}

/**
 * Mounts the endpoints; a known path with another method answers 405 with `Allow`, or OPTIONS.
 *
 * @param checkRoom throws where work of an urgency would be refused: before an upload is read, which is most of the work
 *   that a refused request makes
 */
export function mount(app: Express, endpoints: Endpoint[], checkRoom: (urgency: Urgency) => void): void {
  const methods = new Map<string, Set<string>>();
  for (const endpoint of endpoints) {
    const path = expressPath(endpoint.path);
    app[endpoint.method](path, async (req, res) => {
      const { urgency } = endpoint;
      if (urgency !== undefined && mayHoldImage(req)) await refuseWithoutRoom(() => checkRoom(urgency));
      return endpoint.handle(req, res);
    });
    const known = methods.get(path) ?? new Set(['OPTIONS']);
    known.add(endpoint.method.toUpperCase());
    if (endpoint.method === 'get') known.add('HEAD');
    methods.set(path, known);
  }
  for (const [path, known] of methods) {
    const allow = [...known].sort().join(', ');
    app.route(path).all((req, res) => {
      res.set('Allow', allow);
      if (req.method !== 'OPTIONS')
        throw new PawdexError('method_not_allowed', { detail: `${req.method} is not one of ${allow}.` });
      res.status(204).end();
    });
  }
}
