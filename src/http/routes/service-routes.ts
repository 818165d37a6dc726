/** About the server: /v1/info, the probes, /metrics and /openapi.json. */
import { z } from 'zod';
import { resizeSchema } from '../../encoder/model-card.js';
import { modelSchema } from '../../engine/answers.js';
import type { Engine } from '../../engine/engine.js';
import { describeFailure } from '../../errors.js';
import { uploadLimitsSchema } from '../body/body-reader.js';
import { defineEndpoint } from '../define-endpoint.js';
import { file, json } from '../response-spec.js';

const tag = 'service';

export const infoSchema = z
  .object({
    version: z.string(),
    model: modelSchema.extend({ dimension: z.int(), resize: resizeSchema.extend({ size: z.int() }) }),
    limits: uploadLimitsSchema,
    readOnly: z.boolean().meta({ description: 'Whether it refuses requests that would change anything.' }),
    sharesAnswers: z.boolean().meta({ description: 'Whether answers can be shared by a link.' }),
    fetchesUrls: z.boolean().meta({ description: 'Whether requests may name an image by `url`.' }),
  })
  .meta({ id: 'Info' });

export const getInfo = defineEndpoint({
  method: 'get',
  path: '/v1/info',
  tag,
  summary: 'Get version, model and upload limits of this server',
  response: json(infoSchema, 'About this server.'),
  handle: (_input, { engine, version, reader, shares, config }) => ({
    version,
    model: engine.encoder,
    limits: reader.limits,
    readOnly: config.READ_ONLY,
    sharesAnswers: shares.isEnabled,
    fetchesUrls: config.FETCH_URLS,
  }),
});

/** Lists the collections whose encoder this server does not have, if there are any. */
async function listUnsearchable(engine: Engine) {
  const collections = (await engine.listCollections()).flatMap(({ name, problem }) =>
    problem === null ? [] : [{ name, ...problem }],
  );
  const [first] = collections;
  return first === undefined ? {} : { code: first.code, detail: first.detail, hint: first.hint, collections };
}

export const checkHealth = defineEndpoint({
  method: 'get',
  path: '/healthz',
  tag,
  summary: 'Check whether the process responds',
  response: json(z.object({ status: z.literal('ok') }), 'The process responds.'),
  handle({ res }) {
    res.set('Cache-Control', 'no-store');
    return { status: 'ok' as const };
  },
});

const readiness = z.object({
  status: z.enum(['starting', 'ready', 'damaged', 'stopping']),
  code: z.string().optional().meta({ description: 'What is wrong, if anything. See /docs/errors.' }),
  detail: z.string().optional(),
  hint: z.string().optional(),
  collections: z
    .array(z.object({ name: z.string(), code: z.string(), detail: z.string(), hint: z.string() }))
    .optional()
    .meta({ description: 'Collections that this server cannot search.' }),
});

export const checkReadiness = defineEndpoint({
  method: 'get',
  path: '/readyz',
  tag,
  summary: 'Check whether the server is ready for requests',
  response: json(readiness, 'Ready.', {
    503: { description: 'Not ready.', content: { 'application/json': readiness } },
  }),
  async handle({ res }, { engine, lifecycle: { state, problem } }) {
    res.set('Cache-Control', 'no-store').status(state === 'ready' ? 200 : 503);
    if (state === 'ready') {
      return { status: state, ...(await listUnsearchable(engine)) };
    }
    return { status: state, ...(state === 'damaged' && problem && describeFailure(problem)) };
  },
});

export const getMetrics = defineEndpoint({
  method: 'get',
  path: '/metrics',
  tag,
  summary: 'Get Prometheus metrics',
  response: file(['text/plain'], 'Text format.'),
  handle: async (_input, { metrics }) => ({ type: metrics.contentType, bytes: await metrics.format() }),
});

export const getOpenApi = defineEndpoint({
  method: 'get',
  path: '/openapi.json',
  tag,
  summary: 'Get this description',
  response: {
    ...file([], 'OpenAPI 3.1.'),
    content: { 'application/json': z.record(z.string(), z.unknown()) },
  },
  handle: (_input, { openApi }) => ({ type: 'application/json', bytes: openApi() }),
});
