/** Reads a manifest as a table of text: CSV of any dialect, JSON lines or Parquet. */
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CsvError, parse } from 'csv-parse';
import { asPawdexError, PawdexError } from '../errors.js';
import { limitTime } from '../threads/limit-time.js';
import { transfer, WorkerClient } from '../threads/rpc.js';
import { createManifestError, type ManifestTable, RowCollector, toValues } from './manifest-rows.js';
import type { ParquetManifestCalls } from './parquet-manifest-worker.js';

/** Bytes or rows to read before other work may run: a few milliseconds. */
const STEP_BYTES = 2 ** 16;
const STEP_ROWS = 1000;

/** Memory and time limit, in milliseconds, of the thread that decodes Parquet. */
const PARQUET_LIMITS = { maxOldGenerationSizeMb: 512 };
const PARQUET_MS = 60_000;

/**
 * Reads a table.
 *
 * @param manifest its name; `.jsonl`, `.ndjson` and `.parquet` are read as such, anything else as CSV
 * @param maxRows limit on the rows: all of them are in memory, and a small archive may contain a huge manifest
 * @param parquetMs time limit for decoding Parquet, in milliseconds
 * @throws PawdexError set_invalid naming the line
 */
export async function readManifestTable(
  manifest: string,
  bytes: Buffer,
  maxRows = Number.POSITIVE_INFINITY,
  parquetMs = PARQUET_MS,
): Promise<ManifestTable> {
  if (/\.parquet$/i.test(manifest)) {
    return readParquet(bytes, maxRows, parquetMs);
  }
  const rows = new RowCollector(maxRows);
  return /\.(jsonl|ndjson)$/i.test(manifest) ? readJsonLines(bytes, rows) : readCsv(bytes, rows);
}

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
  return SEPARATORS.reduce((best, separator) => (count(separator) > count(best) ? separator : best));
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

/** Yields bytes in chunks, and lets other work run in between. */
async function* cutBytes(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += STEP_BYTES) {
    yield bytes.subarray(from, from + STEP_BYTES);
    await nextTurn();
  }
}

async function readCsv(bytes: Buffer, collected: RowCollector): Promise<ManifestTable> {
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
        collected.add(info.lines, readCsvRow(columns, record, info.lines));
      }
    }
  } catch (cause) {
    if (cause instanceof PawdexError) {
      throw cause;
    }
    // csv-parse's messages end with the line number.
    throw createManifestError(`${cause instanceof CsvError ? cause.message : String(cause)}.`, cause);
  } finally {
    source.destroy();
  }
  const format = `as CSV separated by ${SEPARATOR_NAMES[separator] ?? JSON.stringify(separator)}`;
  return { columns: columns ?? [], rows: collected.rows, format };
}

function readCsvRow(columns: readonly string[], record: string[], line: number) {
  // A trailing comma on each row is common. More than that is a mistake.
  const hasExtra = record.slice(columns.length).some((value) => value !== '');
  if (hasExtra || record.length < columns.length) {
    throw createManifestError(`line ${line} has ${record.length} fields, the header ${columns.length}.`);
  }
  return toValues(columns.map((column, i) => [column, record[i]]));
}

async function readJsonLines(bytes: Buffer, collected: RowCollector): Promise<ManifestTable> {
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
      throw createManifestError(`line ${i + 1} is not a JSON object.`);
    }
    Object.keys(row).forEach((column) => {
      columns.add(column.trim());
    });
    collected.add(i + 1, toValues(Object.entries(row)));
  }
  return { columns: [...columns], rows: collected.rows, format: 'as JSON lines' };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function readParquet(bytes: Buffer, maxRows: number, parquetMs: number): Promise<ManifestTable> {
  const entry = new URL('./parquet-manifest-worker.js', import.meta.url);
  const worker = new WorkerClient<ParquetManifestCalls>(entry, null, () => {}, PARQUET_LIMITS);
  const onLate = () => createManifestError('decoding it takes too long.');
  try {
    const copy = Uint8Array.from(bytes);
    const sent = transfer(copy, [copy.buffer]);
    return await limitTime(worker.calls.read(sent, maxRows), parquetMs, onLate);
  } catch (error) {
    if (asPawdexError(error).code === 'worker_failed') {
      throw createManifestError('decoding it takes too much memory.', error);
    }
    throw error;
  } finally {
    await worker.terminate();
  }
}

/**
 * Decodes text in the encodings that spreadsheet programs write: UTF-8 and UTF-16 by the byte order mark or zero bytes;
 * otherwise UTF-8 if valid, else Windows-1252.
 */
function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) {
    return new TextDecoder('utf-16le').decode(bytes);
  }
  if (first === 0xfe && second === 0xff) {
    return new TextDecoder('utf-16be').decode(bytes);
  }
  if (bytes.length >= 4 && (first === 0) !== (second === 0)) {
    return new TextDecoder(first === 0 ? 'utf-16be' : 'utf-16le').decode(bytes);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
