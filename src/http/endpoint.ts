/**
 * An endpoint is declared once: its path, what it documents and what it does. The app mounts the list and
 * the OpenAPI document is generated from the same list, so neither can name what the other lacks.
 */
import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import type { Express, Request, Response } from 'express';
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
  /** Codes it answers with beside those of every endpoint. */
  errors: ErrorCode[];
  handle(req: Request, res: Response): void | Promise<void>;
}

/** The path in Express' form: `/v1/collections/:collection`. */
function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

/** Mounts the endpoints; a known path with another method answers 405 with `Allow`, or OPTIONS. */
export function mount(app: Express, endpoints: Endpoint[]): void {
  const methods = new Map<string, Set<string>>();
  for (const endpoint of endpoints) {
    const path = expressPath(endpoint.path);
    app[endpoint.method](path, (req, res) => endpoint.handle(req, res));
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
