/** The OpenAPI 3.1 document, from the endpoints and the schemas that validate their requests. */
import { OpenAPIRegistry, OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { ERRORS, type ErrorCode } from '../errors.js';
import type { Endpoint } from './endpoint.js';
import { problem } from './schemas/answers.js';

type OpenApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>;

const SECURITY: Record<string, string[]>[] = [{ bearer: [] }, { apiKey: [] }];

/** Codes that any endpoint under /v1 may answer with. */
const ALWAYS: ErrorCode[] = [
  'invalid_request',
  'unauthorized',
  'host_not_allowed',
  'origin_not_allowed',
  'overloaded',
  'starting',
  'data_damaged',
  'shutting_down',
  'internal',
];
const WITH_BODY: ErrorCode[] = [
  'invalid_json',
  'request_timeout',
  'payload_too_large',
  'unsupported_media_type',
  'storage_failed',
];
const WITH_IMAGE: ErrorCode[] = [
  'invalid_multipart',
  'url_input_disabled',
  'image_empty',
  'image_unsupported',
  'image_heic',
  'image_corrupt',
  'image_too_small',
  'image_too_large',
];

function codesOf(endpoint: Endpoint): ErrorCode[] {
  if (!endpoint.path.startsWith('/v1/')) return endpoint.errors;
  const { body } = endpoint.request ?? {};
  const takesImage = body !== undefined && 'multipart/form-data' in body.content;
  return [
    ...ALWAYS,
    ...(body === undefined ? [] : WITH_BODY),
    ...(takesImage ? WITH_IMAGE : []),
    ...endpoint.errors,
  ];
}

/** One response per status, naming the codes that come with it. */
function errorResponses(endpoint: Endpoint): Endpoint['responses'] {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(codesOf(endpoint))) {
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const responses: Endpoint['responses'] = {};
  for (const [status, codes] of byStatus)
    responses[status] = {
      description: codes.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join('\n\n'),
      content: { 'application/problem+json': { schema: problem } },
    };
  return responses;
}

const operationId = ({ method, path }: Endpoint) =>
  `${method}${path
    .replace(/^\/v1/, '')
    .replaceAll(/[^A-Za-z0-9]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`;

/** The document for these endpoints. */
export function openApiDocument(endpoints: Endpoint[], version: string): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  registry.registerComponent('securitySchemes', 'apiKey', {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
  });
  for (const endpoint of endpoints) {
    const { method, path, tag, summary, description, request, responses } = endpoint;
    registry.registerPath({
      method,
      path,
      tags: [tag],
      operationId: operationId(endpoint),
      summary,
      ...(description === undefined ? {} : { description }),
      ...(path.startsWith('/v1/') ? { security: SECURITY } : { security: [] }),
      ...(request === undefined ? {} : { request }),
      responses: { ...responses, ...errorResponses(endpoint) },
    });
  }
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'pawdex',
      version,
      description:
        'Image similarity search for cat and dog photos: similar photos and the breed. Errors are RFC 9457 ' +
        'problem+json with a stable `code`; all of them are listed at /docs/errors. A key is needed only where the ' +
        'server was started with PAWDEX_API_KEYS.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Relative to the address of this document.
    servers: [{ url: './' }],
  });
}
