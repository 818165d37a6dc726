/** Filters as SQL conditions. Every value is a bound parameter; nothing of the caller's becomes SQL text. */
import type { Filter } from '../store.js';

/** A condition on `items`. */
export interface Condition {
  sql: string;
  parameters: (string | number)[];
}

/** A filter as a condition, with those of its parts that an index answers, the likely narrowest first. */
export interface FilterCondition extends Condition {
  indexed: Condition[];
}

const oneOf = (column: string) => `${column} IN (SELECT value FROM json_each(?))`;

function metadataIs(value: string | number | boolean): Condition {
  const has = (test: string) => `EXISTS (SELECT 1 FROM json_each(items.metadata) WHERE key = ? AND ${test})`;
  if (typeof value === 'boolean') return { sql: has(`type = '${value}'`), parameters: [] };
  if (typeof value === 'number')
    return { sql: has("type IN ('integer', 'real') AND atom = ?"), parameters: [value] };
  return { sql: has("type = 'text' AND atom = ?"), parameters: [value] };
}

/** @returns null when the filter lets everything through */
export function toCondition(filter: Filter | undefined): FilterCondition | null {
  const indexed: Condition[] = [];
  for (const column of ['sha256', 'label', 'species'] as const) {
    const values = filter?.[column];
    if (values !== undefined) indexed.push({ sql: oneOf(column), parameters: [JSON.stringify(values)] });
  }
  const metadata = Object.entries(filter?.metadata ?? {}).map(([key, value]): Condition => {
    const { sql, parameters } = metadataIs(value);
    return { sql, parameters: [key, ...parameters] };
  });
  const parts = [...indexed, ...metadata];
  if (parts.length === 0) return null;
  return {
    sql: parts.map(({ sql }) => sql).join(' AND '),
    parameters: parts.flatMap(({ parameters }) => parameters),
    indexed,
  };
}
