/** A labelled set as a manifest: a CSV file with the columns `file` and `label` (or `breed`). */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { PawdexError } from '../errors.js';
import type { LabelledPhoto } from './labelled-photo.js';

interface Row {
  /** Line of the file on which the row ends. */
  line: number;
  columns: Record<string, string>;
}

/**
 * Reads a manifest.
 *
 * @param manifest path of the CSV file, UTF-8, with a header
 * @param root folder its `file` column is relative to; nothing outside it is accepted
 * @param split only rows whose column `split` has this value; null for all
 * @returns photos in the manifest's order, none twice
 * @throws PawdexError set_invalid naming the line
 */
export async function photosInManifest(
  manifest: string,
  root: string,
  split: string | null,
): Promise<LabelledPhoto[]> {
  const rows = await readRows(manifest);
  const bad = (detail: string) => new PawdexError('set_invalid', { detail: `${manifest}: ${detail}` });
  const header = Object.keys(rows[0]?.columns ?? {});
  if (rows.length === 0) {
    throw bad('it has no rows.');
  }
  if (!header.includes('file')) {
    throw bad('it has no column `file`.');
  }
  const labelColumn = ['label', 'breed'].find((column) => header.includes(column));
  if (labelColumn === undefined) {
    throw bad('it has no column `label` or `breed`.');
  }
  if (split !== null && !header.includes('split')) {
    throw bad('it has no column `split`.');
  }

  const photos = new Map<string, LabelledPhoto>();
  for (const { line, columns } of rows) {
    if (split !== null && columns.split !== split) {
      continue;
    }
    const { file = '', [labelColumn]: label = '', ...rest } = columns;
    const name = path.posix.normalize(file);
    if (file === '') {
      throw bad(`line ${line} has no file.`);
    }
    if (path.isAbsolute(file) || name === '..' || name.startsWith('../') || file.includes('\0')) {
      throw bad(`line ${line}: ${JSON.stringify(file)} leads out of the set's folder.`);
    }
    const metadata = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== ''));
    const photo = { file: path.join(root, name), name, label: label === '' ? null : label, metadata };
    const before = photos.get(name);
    if (before !== undefined && before.label !== photo.label) {
      throw bad(`line ${line} labels ${name} "${label}", an earlier line "${before.label ?? ''}".`);
    }
    if (before === undefined) {
      photos.set(name, photo);
    }
  }
  if (photos.size === 0) {
    const splits = [...new Set(rows.map((row) => row.columns.split ?? ''))].sort().join(', ');
    throw bad(`no row has the split "${split}"; there are: ${splits}.`);
  }
  return [...photos.values()];
}

async function readRows(manifest: string): Promise<Row[]> {
  const text = await readFile(manifest).catch((cause: Error) => {
    throw new PawdexError('set_invalid', { detail: `Cannot read ${manifest}: ${cause.message}.`, cause });
  });
  try {
    const rows = parse(text, {
      columns: true,
      bom: true,
      trim: true,
      skip_empty_lines: true,
      info: true,
    }) as unknown as { record: Record<string, string>; info: { lines: number } }[];
    return rows.map(({ record, info }) => ({ line: info.lines, columns: record }));
  } catch (cause) {
    // csv-parse's messages end with the line.
    const detail = cause instanceof CsvError ? cause.message : String(cause);
    throw new PawdexError('set_invalid', { detail: `${manifest}: ${detail}.`, cause });
  }
}
