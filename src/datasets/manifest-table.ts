/** Reads a manifest as a table of text: CSV of any dialect, JSON lines or Parquet. */
import { CsvError, parse } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { PawdexError } from '../errors.js';
import { decodeText } from './decode-text.js';

/** A manifest's rows. */
export interface ManifestTable {
  /** As written, but trimmed. */
  columns: string[];
  rows: ManifestRow[];
  /** How it was read, for error messages: `separated by ";"`. */
  form: string;
}

/** A row of a manifest. */
export interface ManifestRow {
  /** Line of the file where the row ends, or the row number in a Parquet file. */
  line: number;
  /** Text by column, without empty values. */
  values: ReadonlyMap<string, string>;
}

/**
 * Reads a table.
 *
 * @param manifest its path; `.jsonl`, `.ndjson` and `.parquet` are read as such, anything else as CSV
 * @throws PawdexError set_invalid naming the line
 */
export async function readManifestTable(manifest: string, bytes: Buffer): Promise<ManifestTable> {
  if (/\.parquet$/i.test(manifest)) {
    return readParquet(manifest, bytes);
  }
  return /\.(jsonl|ndjson)$/i.test(manifest) ? readJsonLines(manifest, bytes) : readCsv(manifest, bytes);
}

const bad = (manifest: string, detail: string, cause?: unknown) =>
  new PawdexError('set_invalid', { detail: `${manifest}: ${detail}`, cause });

const SEPARATORS = [',', ';', '\t', '|'];
const SEPARATOR_NAMES: Readonly<Record<string, string>> = {
  '\t': 'tabs',
  '|': '"|"',
  ',': 'commas',
  ';': '";"',
};

/** Returns the most frequent separator in the header, outside quotes. */
function findSeparator(header: string): string {
  const bare = header.replace(/"[^"]*"/g, '');
  const count = (separator: string) => bare.split(separator).length;
  return SEPARATORS.reduce((best, each) => (count(each) > count(best) ? each : best));
}

/** Lines before the header: `sep=;` from a spreadsheet program, comments, empty lines. */
function readPreamble(lines: readonly string[]): { skipped: number; separator: string } {
  let declared: string | null = null;
  let skipped = 0;
  for (const line of lines) {
    const [, separator] = /^"?sep=(.)"?\s*$/i.exec(line) ?? [];
    if (separator !== undefined) {
      declared = separator;
    } else if (line.trim() !== '' && !line.startsWith('#')) {
      break;
    }
    skipped++;
  }
  return { skipped, separator: declared ?? findSeparator(lines[skipped] ?? '') };
}

/** Zeros and Ctrl-Z at the end of a file are padding from old systems. */
function trimPadding(text: string): string {
  let end = text.length;
  while (end > 0 && ['\0', '\u001a'].includes(text[end - 1]!)) {
    end--;
  }
  return text.slice(0, end);
}

interface CsvRecord {
  record: string[];
  info: { lines: number };
}

function readCsv(manifest: string, bytes: Buffer): ManifestTable {
  const text = trimPadding(decodeText(bytes));
  const { skipped, separator } = readPreamble(text.split(/\r\n|\n|\r/, 100));
  let records: CsvRecord[];
  try {
    records = parse(text, {
      delimiter: separator,
      from_line: skipped + 1,
      trim: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown as CsvRecord[];
  } catch (cause) {
    // csv-parse's messages end with the line number.
    throw bad(manifest, `${cause instanceof CsvError ? cause.message : String(cause)}.`, cause);
  }
  const columns = records[0]?.record ?? [];
  const rows: ManifestRow[] = [];
  for (const { record, info } of records.slice(1)) {
    if (record.every((value) => value === '')) {
      continue;
    }
    // A trailing comma on each row is common. More than that is a mistake.
    const hasExtra = record.slice(columns.length).some((value) => value !== '');
    if (hasExtra || record.length < columns.length) {
      throw bad(manifest, `line ${info.lines} has ${record.length} fields, the header ${columns.length}.`);
    }
    rows.push({ line: info.lines, values: toValues(columns.map((column, i) => [column, record[i]])) });
  }
  return { columns, rows, form: `separated by ${SEPARATOR_NAMES[separator] ?? JSON.stringify(separator)}` };
}

function readJsonLines(manifest: string, bytes: Buffer): ManifestTable {
  const columns = new Set<string>();
  const rows: ManifestRow[] = [];
  for (const [i, text] of decodeText(bytes).split(/\r?\n/).entries()) {
    if (text.trim() === '') {
      continue;
    }
    const row = parseJson(text);
    if (typeof row !== 'object' || row === null || Array.isArray(row)) {
      throw bad(manifest, `line ${i + 1} is not a JSON object.`);
    }
    Object.keys(row).forEach((column) => {
      columns.add(column.trim());
    });
    rows.push({ line: i + 1, values: toValues(Object.entries(row)) });
  }
  return { columns: [...columns], rows, form: 'as JSON lines' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function readParquet(manifest: string, bytes: Buffer): Promise<ManifestTable> {
  try {
    const objects = await parquetReadObjects({ file: Uint8Array.from(bytes).buffer, compressors });
    const rows = objects.map((row, i) => ({ line: i + 1, values: toValues(Object.entries(row)) }));
    return { columns: Object.keys(objects[0] ?? {}), rows, form: 'as Parquet' };
  } catch (cause) {
    throw bad(manifest, `it is not a readable Parquet file: ${(cause as Error).message}.`, cause);
  }
}

function toValues(entries: readonly (readonly [string, unknown])[]): Map<string, string> {
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
