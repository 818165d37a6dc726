/** Converts zod schemas to JSON Schema, in the dialect of OpenAPI 3.1. */
import { z } from 'zod';

export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Schemas by their `id`. */
export type Definitions = Record<string, JsonSchema>;

type Override = NonNullable<Parameters<typeof z.toJSONSchema>[1]>['override'];

const createOverride: (io: 'input' | 'output') => Override = (io) => (context) => {
  const { zodSchema, jsonSchema } = context;
  const { def } = zodSchema._zod;
  // Zod omits it if the value is transformed.
  if (def.type === 'default') {
    jsonSchema.default = (def as z.core.$ZodDefaultDef).defaultValue as JsonSchema;
  }
  // Later versions may add fields to responses. Generated clients must not refuse them.
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
 * Converts the input or output of a zod schema.
 *
 * @param io `input` for requests, `output` for responses
 * @param definitions collects the schemas with an `id`, which are referenced
 */
export function toJsonSchema(
  schema: z.ZodType,
  io: 'input' | 'output',
  definitions: Definitions,
): JsonSchema {
  const converted = z.toJSONSchema(schema, { io, unrepresentable: 'any', override: createOverride(io) });
  const {
    $schema: _,
    $defs = {},
    ...jsonSchema
  } = JSON.parse(JSON.stringify(converted).replaceAll('"#/$defs/', '"#/components/schemas/')) as JsonSchema;
  Object.assign(definitions, $defs);
  return jsonSchema;
}

/** Whether a field is an object or an array, which forms send as JSON text. */
export function isStructured(schema: z.ZodType): boolean {
  const definitions: Definitions = {};
  const jsonSchema = toJsonSchema(schema, 'input', definitions);
  const { type } = definitions[jsonSchema.$ref?.split('/').at(-1) ?? ''] ?? jsonSchema;
  return type === 'object' || type === 'array';
}
