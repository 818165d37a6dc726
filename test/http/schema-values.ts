/** Values that a JSON Schema allows, and some that it forbids. */
import fc from 'fast-check';

/** The parts of JSON Schema that the OpenAPI document uses. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  contentEncoding?: string;
  contentMediaType?: string;
}

type Definitions = Record<string, JsonSchema>;

const resolve = (schema: JsonSchema, definitions: Definitions): JsonSchema =>
  schema.$ref === undefined ? schema : definitions[schema.$ref.split('/').at(-1)!]!;

function textValues({
  minLength = 0,
  maxLength = 50,
  pattern,
  contentEncoding,
  contentMediaType,
}: JsonSchema) {
  if (contentMediaType === 'application/json') {
    return fc.constantFrom('{}', '{"species":"cat"}');
  }
  if (contentEncoding === 'base64') {
    return fc
      .uint8Array({ minLength: 1, maxLength: 20 })
      .map((bytes) => Buffer.from(bytes).toString('base64'));
  }
  const text = fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 50) });
  if (pattern === undefined) {
    return text;
  }
  const matches = new RegExp(pattern, 'u');
  // Made from the expression itself, a fixed length takes for ever.
  if (pattern.includes('{64}')) {
    return fc.constantFrom('0'.repeat(64), `${'9af'.repeat(21)}c`);
  }
  const made = pattern.includes('\\p') ? text : fc.stringMatching(new RegExp(pattern));
  return made.filter(
    (value) => matches.test(value) && value.length >= minLength && value.length <= maxLength,
  );
}

function holdsInexact(value: unknown): boolean {
  return typeof value === 'object' && value !== null
    ? Object.values(value).some(holdsInexact)
    : Number.isInteger(value) && !Number.isSafeInteger(value);
}

/** Values that the schema allows. */
export function validValues(unresolved: JsonSchema, definitions: Definitions): fc.Arbitrary<unknown> {
  const schema = resolve(unresolved, definitions);
  const inner = (each: JsonSchema) => validValues(each, definitions);
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants !== undefined) {
    return fc.oneof(...variants.map(inner));
  }
  if (schema.const !== undefined) {
    return fc.constant(schema.const);
  }
  if (schema.enum !== undefined) {
    return fc.constantFrom(...schema.enum);
  }
  if (Array.isArray(schema.type)) {
    return fc.oneof(...schema.type.map((type) => inner({ ...schema, type })));
  }
  switch (schema.type) {
    case 'string':
      return textValues(schema);
    case 'integer':
      return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 1000 });
    case 'number':
      return fc.double({ min: schema.minimum ?? -1, max: schema.maximum ?? 1, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array': {
      const { minItems = 0, maxItems = 5, items = {} } = schema;
      return fc.array(inner(items), { minLength: minItems, maxLength: Math.min(maxItems, minItems + 4) });
    }
    case 'object':
      return objectValues(schema, definitions);
    default:
      // Metadata may not have whole numbers that a double cannot hold exactly.
      return fc.jsonValue({ maxDepth: 2 }).filter((value) => !holdsInexact(value));
  }
}

function objectValues(schema: JsonSchema, definitions: Definitions): fc.Arbitrary<object> {
  const { properties, required = [], additionalProperties } = schema;
  if (properties === undefined) {
    const values = typeof additionalProperties === 'object' ? additionalProperties : {};
    return fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), validValues(values, definitions), { maxKeys: 4 });
  }
  const fields = Object.entries(properties).map(
    ([name, each]) => [name, validValues(each, definitions)] as const,
  );
  return fc.record(Object.fromEntries(fields), { requiredKeys: required });
}

/** Some values that the schema forbids. @param typed whether values keep their type, as in JSON; else they are texts */
export function wrongValues(unresolved: JsonSchema, definitions: Definitions, typed: boolean): unknown[] {
  const schema = resolve(unresolved, definitions);
  const { type, minimum, maximum, minLength = 0, maxLength, maxItems } = schema;
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants !== undefined) {
    return typed ? [{ no: 'such' }] : [];
  }
  if (schema.const !== undefined || schema.enum !== undefined) {
    return typed ? ['no', {}, null] : ['no', ''];
  }
  switch (type) {
    case 'string':
      return [
        ...(typed ? [7, {}, []] : []),
        ...(minLength > 0 ? [''] : []),
        ...(maxLength === undefined ? [] : ['x'.repeat(maxLength + 1)]),
        ...(schema.pattern === undefined ? [] : ['\u0000']),
      ];
    case 'integer':
      return [minimum! - 1, maximum! + 1, 1.5, 'x', ''];
    case 'number':
      return [minimum! - 1, maximum! + 1, 'x', ''];
    case 'boolean':
      return ['maybe', '', ...(typed ? [1, null] : ['1'])];
    case 'array':
      return [{}, 7, 'x', ...(maxItems === undefined ? [] : [Array(maxItems + 1).fill('x')])].filter(
        (value) => typed || typeof value === 'object',
      );
    case 'object':
      return typed ? [[], 7, 'x', null] : [];
    default:
      return [];
  }
}
