/** Translates filters to SQL conditions. Every value is a bound parameter; callers' text never becomes SQL. */
import type { Filter } from '../../store.js';
import { foldText, type StoredValue, toStoredValue } from './item-values.js';

/** A condition on `items`. */
export interface Condition {
  sql: string;
  parameters: StoredValue[];
  /** The same condition on `item_values`, if that index alone can answer it. */
  lookup?: { sql: string; parameters: StoredValue[] };
}

/** A filter as a condition, with the parts that an index can answer, probably narrowest first. */
export interface FilterCondition extends Condition {
  indexed: Condition[];
}

const requireOneOf = (column: string, values: string[]): Condition => ({
  sql: `${column} IN (SELECT value FROM json_each(?))`,
  parameters: [JSON.stringify(values)],
});

/** Requires one of the values at a path in the metadata. `isIndexed`: see {@link toCondition}. */
function requireValue(path: string, values: (string | number | boolean)[], isIndexed: boolean): Condition {
  const parameters = [path, ...values.map(toStoredValue)];
  const places = values.map(() => '?').join(', ');
  if (!isIndexed) {
    return { sql: `metadata_holds(metadata, ?, ${places})`, parameters };
  }
  const lookup = { sql: `path = ? AND value IN (${places})`, parameters };
  const sameItem = 'stored.collection = items.collection AND stored.seq = items.seq';
  return {
    sql: `EXISTS (SELECT 1 FROM item_values AS stored WHERE ${lookup.sql} AND ${sameItem})`,
    parameters,
    lookup,
  };
}

/**
 * @param isIndexed whether all metadata values are in `item_values`
 * @returns null if the filter matches everything
 */
export function toCondition(filter: Filter | undefined, isIndexed: boolean): FilterCondition | null {
  const { sha256, label, species, metadata, text } = filter ?? {};
  const metadataConditions = [
    ...Object.entries(metadata ?? {}).map(([path, value]) => requireValue(path, [value], isIndexed)),
    ...(species === undefined ? [] : [requireValue('species', species, isIndexed)]),
  ];
  const indexed = [
    ...(sha256 === undefined ? [] : [requireOneOf('sha256', sha256)]),
    ...(isIndexed ? metadataConditions : []),
    ...(label === undefined ? [] : [requireOneOf('label', label)]),
  ];
  // Checked last, because no index helps.
  const textConditions: Condition[] =
    text === undefined
      ? []
      : [{ sql: 'holds_text(?, label, source, metadata)', parameters: [foldText(text)] }];
  const parts: Condition[] = [...indexed, ...(isIndexed ? [] : metadataConditions), ...textConditions];
  if (parts.length === 0) {
    return null;
  }
  const lookup = parts.length === 1 ? parts[0]!.lookup : undefined;
  return {
    sql: parts.map(({ sql }) => sql).join(' AND '),
    parameters: parts.flatMap(({ parameters }) => parameters),
    lookup,
    indexed,
  };
}
