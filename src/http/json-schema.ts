/** JSON Schema of the zod schemas that validate, in the dialect of OpenAPI 3.1. */
import { z } from 'zod';

/** A JSON Schema. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Schemas that have an `id`, by it. */
export type Definitions = Record<string, JsonSchema>;

type Override = NonNullable<Parameters<typeof z.toJSONSchema>[1]>['override'];

const tidy: (io: 'input' | 'output') => Override = (io) => (context) => {
  const { zodSchema, jsonSchema } = context;
  const { def } = zodSchema._zod;
  // Zod leaves it out where the value passes through a transformation.
  if (def.type === 'default') {
    jsonSchema.default = (def as z.core.$ZodDefaultDef).defaultValue as JsonSchema;
  }
  // Answers may have more fields one day; clients generated from the document must not refuse them.
  if (io === 'output' && jsonSchema.additionalProperties === false) {
    delete jsonSchema.additionalProperties;
  }
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) {
    delete jsonSchema.minimum;
  }
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) {
    delete jsonSchema.maximum;
  }
  if (jsonSchema.format === 'uuid') {
    delete jsonSchema.pattern;
  }
};

/**
 * The JSON Schema of what a schema takes or gives.
 *
 * @param io `input` for requests, `output` for answers
 * @param definitions gets the schemas with an `id`; they are referred to by it
 */
export function toJsonSchema(
  schema: z.ZodType,
  io: 'input' | 'output',
  definitions: Definitions,
): JsonSchema {
  const made = z.toJSONSchema(schema, { io, unrepresentable: 'any', override: tidy(io) });
  const {
    $schema: _,
    $defs = {},
    ...described
  } = JSON.parse(JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema;
  Object.assign(definitions, $defs);
  return described;
}

/** Whether a field holds an object or an array, which a form has as JSON text. */
export function isStructured(schema: z.ZodType): boolean {
  const definitions: Definitions = {};
  const described = toJsonSchema(schema, 'input', definitions);
  const { type } = definitions[described.$ref?.split('/').at(-1) ?? ''] ?? described;
  return type === 'object' || type === 'array';
}
