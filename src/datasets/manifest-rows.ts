/** The rows of a manifest, independent of its format. */
import { PawdexError } from '../errors.js';

export interface ManifestTable {
  /** As written, but trimmed. */
  columns: string[];
  rows: ManifestRow[];
  /** How it was read, for error messages: `as CSV separated by ";"`. */
  format: string;
}

export interface ManifestRow {
  /** Line of the file where the row ends, or the row number in a Parquet file. */
  line: number;
  /** Text by column, without empty values. */
  values: ReadonlyMap<string, string>;
}

/** Limit on the values per row, on average. */
export const MAX_COLUMNS = 64;

/** Creates the error of a manifest that cannot be used. {@link nameInErrors} adds its name. */
export const createManifestError = (detail: string, cause?: unknown) =>
  new PawdexError('set_invalid', { detail, cause });

/** Runs work on a manifest, and begins the details of its errors with the manifest's name. */
export async function nameInErrors<T>(manifest: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof PawdexError && error.code === 'set_invalid') {
      const { message, cause } = error;
      throw new PawdexError('set_invalid', { detail: `${manifest}: ${message}`, cause });
    }
    throw error;
  }
}

/** Collects rows up to a limit. */
export class RowCollector {
  readonly #maxRows: number;
  readonly rows: ManifestRow[] = [];
  #values = 0;

  constructor(maxRows: number) {
    this.#maxRows = maxRows;
  }

  add(line: number, values: Map<string, string>): void {
    this.rows.push({ line, values });
    this.#values += values.size;
    this.checkCount(this.rows.length);
    if (this.#values > this.#maxRows * MAX_COLUMNS) {
      throw createManifestError(`it has more values than ${this.#maxRows} rows of ${MAX_COLUMNS}.`);
    }
  }

  /** @throws PawdexError set_invalid */
  checkCount(rows: number): void {
    if (rows > this.#maxRows) {
      throw createManifestError(`it has more than ${this.#maxRows} rows.`);
    }
  }
}

/** Converts values to text by column; leaves out those that are empty. */
export function toValues(entries: readonly (readonly [string, unknown])[]): Map<string, string> {
  const values = entries.map(([column, value]) => [column.trim(), toText(value)] as const);
  return new Map(values.filter(([column, text]) => column !== '' && text !== ''));
}

function toText(value: unknown): string {
  if (value === null || value === undefined) {
    return '';
  }
  if (value instanceof Date) {
    return value.toISOString();
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value).trim();
}
