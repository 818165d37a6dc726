/** /healthz, /readyz and /metrics: for whoever runs the service. Open, and never logged at info. */
import { z } from 'zod';
import type { Endpoint } from '../endpoint.js';
import type { Lifecycle } from '../lifecycle.js';
import type { Metrics } from '../metrics.js';
import { health, readiness } from '../schemas/answers.js';
import { json } from './answers.js';

const tag = 'service';

export function probeRoutes(lifecycle: Lifecycle, metrics: Metrics): Endpoint[] {
  return [
    {
      method: 'get',
      path: '/healthz',
      tag,
      summary: 'Whether the process answers',
      responses: { 200: json('It does.', health) },
      errors: [],
      handle(_req, res) {
        res.set('Cache-Control', 'no-store').json({ status: 'ok' });
      },
    },
    {
      method: 'get',
      path: '/readyz',
      tag,
      summary: 'Whether it should be sent requests',
      responses: {
        200: json('It should.', readiness),
        503: json('Not yet, or not any more.', readiness),
      },
      errors: [],
      handle(_req, res) {
        const { state, problem } = lifecycle;
        const { code, message: detail, hint } = state === 'damaged' && problem ? problem : {};
        res
          .status(state === 'ready' ? 200 : 503)
          .set('Cache-Control', 'no-store')
          .json({ status: state, code, detail, hint });
      },
    },
    {
      method: 'get',
      path: '/metrics',
      tag,
      summary: 'Prometheus metrics',
      responses: { 200: { description: 'Text format.', content: { 'text/plain': { schema: z.string() } } } },
      errors: [],
      async handle(_req, res) {
        res.type(metrics.contentType).send(await metrics.text());
      },
    },
  ];
}

/** GET /openapi.json; the document is made when it is first asked for. */
export function openApiRoute(document: () => object): Endpoint {
  let text: string | undefined;
  return {
    method: 'get',
    path: '/openapi.json',
    tag,
    summary: 'This description',
    responses: { 200: json('OpenAPI 3.1.', z.record(z.string(), z.unknown())) },
    errors: [],
    handle(_req, res) {
      text ??= JSON.stringify(document());
      res.type('json').send(text);
    },
  };
}
