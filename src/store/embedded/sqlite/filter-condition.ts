/** Filters as SQL conditions. Every value is a bound parameter; nothing of the caller's becomes SQL text. */
import type { Filter } from '../../store.js';
import { type StoredValue, storedValue } from './item-values.js';

/** A condition on `items`. */
export interface Condition {
  sql: string;
  parameters: StoredValue[];
  /** The same on `item_values`, where the index answers it alone. */
  lookup?: { sql: string; parameters: StoredValue[] };
}

/** A filter as a condition, with those of its parts that an index answers, the likely narrowest first. */
export interface FilterCondition extends Condition {
  indexed: Condition[];
}

const oneOf = (column: string, values: string[]): Condition => ({
  sql: `${column} IN (SELECT value FROM json_each(?))`,
  parameters: [JSON.stringify(values)],
});

/** One of these values stands at a path in the metadata. @param isIndexed whether all values are in `item_values` */
function holds(path: string, values: (string | number | boolean)[], isIndexed: boolean): Condition {
  const parameters = [path, ...values.map(storedValue)];
  const places = values.map(() => '?').join(', ');
  if (!isIndexed) {
    return { sql: `metadata_holds(metadata, ?, ${places})`, parameters };
  }
  const lookup = { sql: `path = ? AND value IN (${places})`, parameters };
  const itself = 'held.collection = items.collection AND held.seq = items.seq';
  return {
    sql: `EXISTS (SELECT 1 FROM item_values AS held WHERE ${lookup.sql} AND ${itself})`,
    parameters,
    lookup,
  };
}

/**
 * @param isIndexed whether all values of metadata are in `item_values`
 * @returns null when the filter lets everything through
 */
export function toCondition(filter: Filter | undefined, isIndexed: boolean): FilterCondition | null {
  const { sha256, label, species, metadata } = filter ?? {};
  const inMetadata = [
    ...Object.entries(metadata ?? {}).map(([path, value]) => holds(path, [value], isIndexed)),
    ...(species === undefined ? [] : [holds('species', species, isIndexed)]),
  ];
  const indexed = [
    ...(sha256 === undefined ? [] : [oneOf('sha256', sha256)]),
    ...(isIndexed ? inMetadata : []),
    ...(label === undefined ? [] : [oneOf('label', label)]),
  ];
  const parts = isIndexed ? indexed : [...indexed, ...inMetadata];
  if (parts.length === 0) {
    return null;
  }
  const only = parts.length === 1 ? parts[0]!.lookup : undefined;
  return {
    sql: parts.map(({ sql }) => sql).join(' AND '),
    parameters: parts.flatMap(({ parameters }) => parameters),
    ...(only === undefined ? {} : { lookup: only }),
    indexed,
  };
}
