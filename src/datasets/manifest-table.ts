/** Reads a manifest as a table of text: CSV of any dialect, JSON lines or Parquet. */
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CsvError, parse } from 'csv-parse';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
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

/** Bytes or rows that are read before other work may run: some milliseconds. */
const STEP_BYTES = 2 ** 16;
const STEP_ROWS = 1000;

/** Most values per row, on average. */
const MOST_COLUMNS = 64;

/**
 * Reads a table.
 *
 * @param manifest its path; `.jsonl`, `.ndjson` and `.parquet` are read as such, anything else as CSV
 * @param mostRows since all of it is in memory, and a small archive may hold a huge manifest
 * @throws PawdexError set_invalid naming the line
 */
export async function readManifestTable(
  manifest: string,
  bytes: Buffer,
  mostRows = Number.POSITIVE_INFINITY,
): Promise<ManifestTable> {
  const rows = new RowCollector(manifest, mostRows);
  if (/\.parquet$/i.test(manifest)) {
    return readParquet(manifest, bytes, rows);
  }
  return /\.(jsonl|ndjson)$/i.test(manifest)
    ? readJsonLines(manifest, bytes, rows)
    : readCsv(manifest, bytes, rows);
}

/** Collects rows up to a limit. */
class RowCollector {
  readonly rows: ManifestRow[] = [];
  #values = 0;

  constructor(
    readonly manifest: string,
    readonly most: number,
  ) {}

  add(line: number, values: Map<string, string>): void {
    this.rows.push({ line, values });
    this.#values += values.size;
    this.checkCount(this.rows.length);
    if (this.#values > this.most * MOST_COLUMNS) {
      throw bad(this.manifest, `it has more values than ${this.most} rows of ${MOST_COLUMNS}.`);
    }
  }

  /** @throws PawdexError set_invalid */
  checkCount(rows: number): void {
    if (rows > this.most) {
      throw bad(this.manifest, `it has more than ${this.most} rows.`);
    }
  }
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

/** Yields bytes in steps, and lets other work run in between. */
async function* cutBytes(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += STEP_BYTES) {
    yield bytes.subarray(from, from + STEP_BYTES);
    await nextTurn();
  }
}

async function readCsv(manifest: string, bytes: Buffer, collected: RowCollector): Promise<ManifestTable> {
  const text = trimPadding(decodeText(bytes));
  const { skipped, separator } = readPreamble(text.split(/\r\n|\n|\r/, 100));
  const parser = parse({
    delimiter: separator,
    from_line: skipped + 1,
    trim: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
  });
  const source = Readable.from(cutBytes(Buffer.from(text)), { objectMode: false });
  let columns: string[] | null = null;
  try {
    for await (const { record, info } of source.pipe(parser) as AsyncIterable<CsvRecord>) {
      if (columns === null) {
        columns = record;
      } else if (record.some((value) => value !== '')) {
        collected.add(info.lines, readCsvRow(manifest, columns, record, info.lines));
      }
    }
  } catch (cause) {
    if (cause instanceof PawdexError) {
      throw cause;
    }
    // csv-parse's messages end with the line number.
    throw bad(manifest, `${cause instanceof CsvError ? cause.message : String(cause)}.`, cause);
  } finally {
    source.destroy();
  }
  const form = `separated by ${SEPARATOR_NAMES[separator] ?? JSON.stringify(separator)}`;
  return { columns: columns ?? [], rows: collected.rows, form };
}

function readCsvRow(manifest: string, columns: readonly string[], record: string[], line: number) {
  // A trailing comma on each row is common. More than that is a mistake.
  const hasExtra = record.slice(columns.length).some((value) => value !== '');
  if (hasExtra || record.length < columns.length) {
    throw bad(manifest, `line ${line} has ${record.length} fields, the header ${columns.length}.`);
  }
  return toValues(columns.map((column, i) => [column, record[i]]));
}

async function readJsonLines(
  manifest: string,
  bytes: Buffer,
  collected: RowCollector,
): Promise<ManifestTable> {
  const columns = new Set<string>();
  for (const [i, text] of decodeText(bytes).split(/\r?\n/).entries()) {
    if (i % STEP_ROWS === 0) {
      await nextTurn();
    }
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
    collected.add(i + 1, toValues(Object.entries(row)));
  }
  return { columns: [...columns], rows: collected.rows, form: 'as JSON lines' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function readParquet(manifest: string, bytes: Buffer, collected: RowCollector): Promise<ManifestTable> {
  try {
    const file = Uint8Array.from(bytes).buffer;
    const { num_rows, row_groups } = parquetMetadata(file);
    const columns = row_groups.flatMap((group) => group.columns);
    const values = columns.reduce((sum, { meta_data }) => sum + Number(meta_data?.num_values ?? 0), 0);
    // Decoded in one go: a few kilobytes may hold millions of equal values.
    collected.checkCount(Math.max(Number(num_rows), Math.ceil(values / MOST_COLUMNS)));
    const objects = await parquetReadObjects({ file, compressors });
    for (const [i, row] of objects.entries()) {
      collected.add(i + 1, toValues(Object.entries(row)));
    }
    return { columns: Object.keys(objects[0] ?? {}), rows: collected.rows, form: 'as Parquet' };
  } catch (cause) {
    if (cause instanceof PawdexError) {
      throw cause;
    }
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
