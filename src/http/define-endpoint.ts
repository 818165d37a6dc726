/**
 * Declares endpoints. One declaration lists parameters, body, response and errors. Requests are validated by it, the
 * handler's types are inferred from it, and the OpenAPI document is generated from it, so these always agree.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Express, Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { Urgency } from '../encoder/encoder.js';
import { type ErrorCode, PawdexError } from '../errors.js';
import type { AppDeps } from './app-deps.js';
import type { BodyReader } from './body/body-reader.js';
import type { BodySpec } from './body/body-spec.js';
import type { Metrics } from './metrics.js';
import { type Parsed, parseFields, type Shape } from './parse-fields.js';
import type { ResponseQueue, ResponseQueues } from './response-queue.js';
import type { ResponseSpec } from './response-spec.js';
import type { Shares } from './shares.js';

type NoFields = Record<never, never>;

/** The context that every handler receives. */
export interface Context extends AppDeps {
  reader: BodyReader;
  shares: Shares;
  metrics: Metrics;
  queues: ResponseQueues;
  /** The OpenAPI document, as JSON text. */
  openApi: () => string;
}

/** A request as its handler sees it: parsed, with defaults filled in. */
export interface Input<P extends Shape, Q extends Shape, B> {
  params: Parsed<P>;
  query: Parsed<Q>;
  body: B;
  /** For headers, and for clients that read slowly or disconnect. */
  req: Request;
  res: Response;
}

/** The declaration of one method of one path. */
export interface EndpointSpec<P extends Shape, Q extends Shape, B, A> {
  method: 'get' | 'post' | 'patch' | 'delete';
  /** In OpenAPI's form: `/v1/collections/{collection}`. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  params?: P;
  /** Parameters in the query; any other is refused. */
  query?: Q;
  body?: BodySpec<B>;
  /** The urgency of endpoints that accept images. */
  urgency?: Urgency;
  /** Whether it changes neither collections nor jobs. Default: only GET. A read-only server refuses the others. */
  isReading?: boolean;
  /** The queue for responses that take long; undefined for requests that do not. */
  queue?(input: Input<P, Q, B>): keyof ResponseQueues | undefined;
  response: ResponseSpec<A>;
  /** Error codes in addition to those of every endpoint or body. */
  errors?: readonly ErrorCode[];
  /** @returns the value for `response` */
  handle(input: Input<P, Q, B>, context: Context): A | Promise<A>;
}

/** A declared endpoint, ready to be mounted and described. */
export interface Endpoint
  extends Pick<
    EndpointSpec<Shape, Shape, unknown, unknown>,
    'method' | 'path' | 'tag' | 'summary' | 'description'
  > {
  params: z.ZodObject;
  errors: readonly ErrorCode[];
  isReading: boolean;
  /** All query parameters, including those that may also be sent in the body. */
  query: z.ZodObject;
  body: BodySpec<unknown> | null;
  response: ResponseSpec<unknown>;
  respond(req: Request, res: Response, context: Context): Promise<void>;
}

/** Shorter JSON contains no image, so it does not need the encoder. */
const MIN_IMAGE_BYTES = 1_000;
/** Delay of refusals. Clients that retry immediately in spite of Retry-After would otherwise keep the server busy. */
const REFUSAL_DELAY_MS = 400;

function mayContainImage(req: Request): boolean {
  const { 'content-length': length = Number.POSITIVE_INFINITY } = req.headers;
  return req.is('json') === false || Number(length) >= MIN_IMAGE_BYTES;
}

/**
 * Delays the refusal of a request that the server has no capacity for.
 *
 * @param assertCapacity throws if there is none
 * @throws PawdexError overloaded, after the delay
 */
async function withRefusalDelay(assertCapacity: () => void): Promise<void> {
  try {
    assertCapacity();
  } catch (error) {
    await sleep(REFUSAL_DELAY_MS);
    throw error;
  }
}

/** Calls `respond` when its turn has come. Throws PawdexError overloaded. */
async function respondInTurn(
  queue: ResponseQueue,
  res: Response,
  respond: () => Promise<void>,
): Promise<void> {
  await withRefusalDelay(() => queue.assertCapacity());
  // The client may have disconnected while it waited.
  await queue.run(async () => (res.destroyed ? undefined : respond()));
}

/**
 * Declares an endpoint.
 *
 * @example
 * export const getCollection = defineEndpoint({
 *   method: 'get',
 *   path: '/v1/collections/{collection}',
 *   tag: 'collections',
 *   summary: 'Get a collection',
 *   params: { collection: collectionName },
 *   response: json(collection, 'The collection.'),
 *   errors: ['collection_not_found'],
 *   handle: ({ params }, { engine }) => engine.store.getCollection(params.collection),
 * });
 */
export function defineEndpoint<
  P extends Shape = NoFields,
  Q extends Shape = NoFields,
  B = undefined,
  A = void,
>(spec: EndpointSpec<P, Q, B, A>): Endpoint {
  const { body, urgency, response } = spec;
  const params = z.strictObject(spec.params ?? {});
  const query = z.strictObject({ ...spec.query, ...body?.options });
  return {
    ...spec,
    errors: spec.errors ?? [],
    isReading: spec.isReading ?? spec.method === 'get',
    params,
    query,
    body: body ?? null,
    async respond(req, res, context) {
      const parsedParams = parseFields(params, req.params, 'path') as Parsed<P>;
      const parsedQuery = parseFields(query, req.query, 'query') as Parsed<Q>;
      const { load, queues } = context;
      if (urgency !== undefined && mayContainImage(req)) {
        // Refuse before reading the upload, which is most of the cost of a refusal.
        await withRefusalDelay(() => load.assertCapacity(urgency));
      }
      const parsedBody = (await body?.read(req, res, context.reader, parsedQuery)) as B;
      res.status(response.status);
      const input = { params: parsedParams, query: parsedQuery, body: parsedBody, req, res };
      const send = async () => response.send(req, res, await spec.handle(input, context));
      const queue = spec.queue?.(input);
      return queue === undefined ? send() : respondInTurn(queues[queue], res, send);
    },
  };
}

/** Converts a path to Express' form: `/v1/collections/:collection`. */
function toExpressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1');
}

/** @throws PawdexError read_only, from the handler, before anything is read */
const refuseChange: RequestHandler = (req) => {
  throw new PawdexError('read_only', { detail: `${req.method} ${req.path} modifies data.` });
};

const formatAlternatives = new Intl.ListFormat('en-GB', { type: 'disjunction' });

/** Mounts the endpoints. Other methods of their paths get 405 with `Allow`. */
export function mountEndpoints(app: Express, endpoints: readonly Endpoint[], context: Context): void {
  const methodsByPath = new Map<string, Set<string>>();
  for (const endpoint of endpoints) {
    const path = toExpressPath(endpoint.path);
    const isRefused = context.config.READ_ONLY && !endpoint.isReading;
    app[endpoint.method](path, isRefused ? refuseChange : (req, res) => endpoint.respond(req, res, context));
    const methods = methodsByPath.get(path) ?? new Set(['OPTIONS']);
    methods.add(endpoint.method.toUpperCase());
    if (endpoint.method === 'get') {
      methods.add('HEAD');
    }
    methodsByPath.set(path, methods);
  }
  for (const [path, methods] of methodsByPath) {
    const allowed = [...methods].sort();
    app.route(path).all((req, res) => {
      res.set('Allow', allowed.join(', '));
      if (req.method !== 'OPTIONS') {
        const alternatives = formatAlternatives.format(allowed);
        const detail = `${req.method} is not supported; use ${alternatives}.`;
        throw new PawdexError('method_not_allowed', { detail });
      }
      res.status(204).end();
    });
  }
}
