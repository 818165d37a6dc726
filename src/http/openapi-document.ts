/** Creates the OpenAPI 3.1 document from the endpoints and their schemas. */
import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../errors.js';
import { IMAGE_CODES } from '../image/image-errors.js';
import type { Endpoint } from './define-endpoint.js';
import { type Definitions, isStructured, toJsonSchema } from './json-schema.js';
import { problemSchema } from './problem-details.js';
import type { Content } from './response-spec.js';

/** Error codes of every endpoint under /v1. */
const COMMON: ErrorCode[] = [
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
const READ_ONLY: ErrorCode[] = ['read_only'];
const WITH_BODY: ErrorCode[] = [
  'invalid_json',
  'request_timeout',
  'payload_too_large',
  'unsupported_media_type',
  'storage_failed',
];
const WITH_IMAGE: ErrorCode[] = [
  'image_missing',
  'image_unexpected',
  'invalid_multipart',
  'url_input_disabled',
  'url_not_allowed',
  'url_unreachable',
  ...IMAGE_CODES,
];

function listCodes({ path, body, errors, isReading }: Endpoint): readonly ErrorCode[] {
  if (!path.startsWith('/v1/')) {
    return errors;
  }
  const withBody = body === null ? [] : WITH_BODY;
  const withImage = body === null || body.form === null ? [] : WITH_IMAGE;
  return [...COMMON, ...(isReading ? [] : READ_ONLY), ...withBody, ...withImage, ...errors];
}

type Responses = Record<string, { description: string; content?: object }>;

/** Describes one response per status, with its error codes. */
function describeErrors(endpoint: Endpoint, definitions: Definitions): Responses {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(listCodes(endpoint))) {
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const schema = toJsonSchema(problemSchema, 'output', definitions);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join('\n\n'),
        content: { 'application/problem+json': { schema } },
      },
    ]),
  );
}

function describeContent(content: Content, io: 'input' | 'output', definitions: Definitions) {
  return Object.fromEntries(
    Object.entries(content).map(([type, schema]) => [
      type,
      { schema: toJsonSchema(schema, io, definitions) },
    ]),
  );
}

function describeSuccess({ response }: Endpoint, definitions: Definitions): Responses {
  const all = { [response.status]: response, ...response.others };
  return Object.fromEntries(
    Object.entries(all).map(([status, { description, content = {} }]) => [
      status,
      Object.keys(content).length === 0
        ? { description }
        : { description, content: describeContent(content, 'output', definitions) },
    ]),
  );
}

function describeParameters(
  fields: z.ZodObject,
  where: 'path' | 'query',
  definitions: Definitions,
): object[] {
  return Object.entries(fields.shape as Record<string, z.ZodType>).map(([name, field]) => {
    const { description, ...schema } = toJsonSchema(field, 'input', definitions);
    const required = !z.safeParse(z.strictObject({ [name]: field }), {}).success;
    return { name, in: where, required, description, schema };
  });
}

/** Marks objects and arrays of a form as JSON text. */
function describeFormEncoding(form: z.ZodObject): object {
  const encoding = Object.entries(form.shape as Record<string, z.ZodType>).flatMap(([name, field]) =>
    name !== 'image' && isStructured(field) ? [[name, { contentType: 'application/json' }]] : [],
  );
  return encoding.length === 0 ? {} : { encoding: Object.fromEntries(encoding) };
}

function describeBody({ body }: Endpoint, definitions: Definitions): { requestBody?: object } {
  if (body === null) {
    return {};
  }
  const { json, form, raw } = body;
  const content = describeContent(
    { ...(json && { 'application/json': json }), ...(raw && { [raw.type]: raw.schema }) },
    'input',
    definitions,
  );
  if (form === null) {
    return { requestBody: { required: true, content } };
  }
  const formSchema = toJsonSchema(form, 'input', definitions);
  const multipart = { 'multipart/form-data': { schema: formSchema, ...describeFormEncoding(form) } };
  return { requestBody: { required: true, content: { ...multipart, ...content } } };
}

const createOperationId = ({ method, path }: Endpoint) =>
  `${method}${path
    .replace(/^\/v1/, '')
    .replaceAll(/[^A-Za-z0-9]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`;

function describeOperation(endpoint: Endpoint, definitions: Definitions): object {
  const { path, tag, summary, description, params, query } = endpoint;
  const parameters = [
    ...describeParameters(params, 'path', definitions),
    ...describeParameters(query, 'query', definitions),
  ];
  return {
    tags: [tag],
    operationId: createOperationId(endpoint),
    summary,
    description,
    security: path.startsWith('/v1/') ? [{ bearer: [] }, { apiKey: [] }] : [],
    parameters: parameters.length === 0 ? undefined : parameters,
    ...describeBody(endpoint, definitions),
    responses: { ...describeSuccess(endpoint, definitions), ...describeErrors(endpoint, definitions) },
  };
}

export function createOpenApiDocument(endpoints: readonly Endpoint[], version: string): string {
  const schemas: Definitions = {};
  const paths: Record<string, Record<string, object>> = {};
  for (const endpoint of endpoints) {
    paths[endpoint.path] ??= {};
    paths[endpoint.path]![endpoint.method] = describeOperation(endpoint, schemas);
  }
  return JSON.stringify({
    openapi: '3.1.0',
    info: {
      title: 'pawdex',
      version,
      description:
        'Image similarity search for cat and dog photos: similar photos and the breed. Errors are RFC 9457 ' +
        'problem+json with a stable `code`; /docs/errors lists all of them. An API key is needed only if the server ' +
        'was started with PAWDEX_API_KEYS.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Relative to the address of this document.
    servers: [{ url: './' }],
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
      },
      schemas,
    },
    paths,
  });
}
