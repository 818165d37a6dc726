/** Filters as SQL conditions. Every value is a bound parameter; nothing of the caller's becomes SQL text. */
import type { Filter } from '../store.js';

/** A condition on `items`, to be joined with AND. */
export interface Condition {
  sql: string;
  parameters: (string | number)[];
  /** Whether an index finds the matching rows; otherwise each row's metadata must be read. */
  indexed: boolean;
}

const oneOf = (column: string) => `${column} IN (SELECT value FROM json_each(?))`;

function metadataIs(value: string | number | boolean): { sql: string; parameters: (string | number)[] } {
  const has = (test: string) => `EXISTS (SELECT 1 FROM json_each(items.metadata) WHERE key = ? AND ${test})`;
  if (typeof value === 'boolean') return { sql: has(`type = '${value}'`), parameters: [] };
  if (typeof value === 'number')
    return { sql: has("type IN ('integer', 'real') AND atom = ?"), parameters: [value] };
  return { sql: has("type = 'text' AND atom = ?"), parameters: [value] };
}

/** @returns null when the filter lets everything through */
export function toCondition(filter: Filter | undefined): Condition | null {
  const parts: string[] = [];
  const parameters: (string | number)[] = [];
  const add = (sql: string, ...values: (string | number)[]) => {
    parts.push(sql);
    parameters.push(...values);
  };
  if (filter?.label !== undefined) add(oneOf('label'), JSON.stringify(filter.label));
  if (filter?.species !== undefined) add(oneOf('species'), JSON.stringify(filter.species));
  if (filter?.sha256 !== undefined) add(oneOf('sha256'), JSON.stringify(filter.sha256));
  const indexed = parts.length > 0;
  for (const [key, value] of Object.entries(filter?.metadata ?? {})) {
    const condition = metadataIs(value);
    add(condition.sql, key, ...condition.parameters);
  }
  return parts.length === 0 ? null : { sql: parts.join(' AND '), parameters, indexed };
}
