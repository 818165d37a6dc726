/** Reads the manifest of a labelled set: a table with the columns `file` and `label` (or `breed`). */
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LabelledPhoto } from './labelled-photo.js';
import { createManifestError, type ManifestRow, type ManifestTable } from './manifest-rows.js';
import type { SetReporter } from './set-report.js';

/** The set that a manifest belongs to. */
export interface ManifestFiles {
  /** Path of the set's folder or archive. */
  root: string;
  /** Finds the real name of a file named relative to the root; null if there is none. */
  find(name: string): Promise<string | null>;
}

/** Rows to read before other work may run. */
const STEP_ROWS = 1000;

/** A column name that JavaScript objects cannot have. */
const FORBIDDEN_COLUMN = '__proto__';

/** The required columns, as spelled in the manifest. */
interface KnownColumns {
  file: string;
  label: string;
  split: string | null;
}

/**
 * Reads a manifest's photos.
 *
 * @param manifest its path, for warnings
 * @param split only rows whose column `split` has this value; null for all
 * @returns photos in the manifest's order, without duplicates
 * @throws PawdexError set_invalid naming the line, or the columns and the separator found
 */
export async function readManifestPhotos(
  manifest: string,
  table: ManifestTable,
  files: ManifestFiles,
  split: string | null,
  report: SetReporter,
): Promise<LabelledPhoto[]> {
  if (table.columns.length === 0 || (table.rows.length === 0 && table.columns.length < 2)) {
    throw createManifestError('it has no rows.');
  }
  const columns = findColumns(table, split !== null);
  if (table.rows.length === 0) {
    throw createManifestError('it has no rows.');
  }
  if (table.columns.includes(FORBIDDEN_COLUMN)) {
    report.warn(
      `The column ${FORBIDDEN_COLUMN} of ${manifest} is ignored, because metadata cannot have that name.`,
    );
  }
  const { photos, missing } = await readRows(table, columns, files, split);
  if (photos.length === 0) {
    const splits = [...new Set(table.rows.map(({ values }) => values.get(columns.split!) ?? ''))].sort();
    throw createManifestError(`no row has the split "${split}"; there are: ${splits.join(', ')}.`);
  }
  if (missing.length > 0) {
    report.warn(
      `${missing.length} of ${photos.length} files in ${manifest} do not exist, such as ${missing[0]}.`,
    );
  }
  return photos;
}

/** @returns each photo once, and the names of rows whose file does not exist */
async function readRows(
  table: ManifestTable,
  columns: KnownColumns,
  files: ManifestFiles,
  split: string | null,
): Promise<{ photos: LabelledPhoto[]; missing: string[] }> {
  const photos = new Map<string, LabelledPhoto>();
  const missing: string[] = [];
  for (const [i, row] of table.rows.entries()) {
    if (i % STEP_ROWS === 0) {
      await nextTurn();
    }
    if (split !== null && row.values.get(columns.split!) !== split) {
      continue;
    }
    const { photo, isMissing } = await readPhotoRow(row, columns, files);
    if (isMissing) {
      missing.push(photo.name);
    }
    const earlier = photos.get(photo.file);
    if (earlier !== undefined && earlier.label !== photo.label) {
      throw createManifestError(
        `line ${row.line} labels ${photo.name} "${photo.label ?? ''}", an earlier line "${earlier.label ?? ''}".`,
      );
    }
    photos.set(photo.file, earlier ?? photo);
  }
  return { photos: [...photos.values()], missing };
}

/** Finds the columns by name, ignoring case. */
function findColumns({ columns, format }: ManifestTable, needsSplit: boolean): KnownColumns {
  const find = (name: string) => {
    const matches = columns.filter((column) => column.toLowerCase() === name);
    if (matches.length > 1) {
      throw createManifestError(`it has ${matches.length} columns named \`${name}\`.`);
    }
    return matches[0];
  };
  const summary = `It was read ${format}; its columns are: ${columns.join(', ')}.`;
  const file = find('file');
  if (file === undefined) {
    throw createManifestError(`it has no column \`file\`. ${summary}`);
  }
  const label = find('label') ?? find('breed');
  if (label === undefined) {
    throw createManifestError(`it has no column \`label\` or \`breed\`. ${summary}`);
  }
  const split = find('split') ?? null;
  if (split === null && needsSplit) {
    throw createManifestError(`it has no column \`split\`. ${summary}`);
  }
  return { file, label, split };
}

async function readPhotoRow(
  { line, values }: ManifestRow,
  columns: KnownColumns,
  files: ManifestFiles,
): Promise<{ photo: LabelledPhoto; isMissing: boolean }> {
  const written = values.get(columns.file);
  if (written === undefined) {
    throw createManifestError(`line ${line} has no file.`);
  }
  const name = toRelative(written, files.root);
  if (name === null) {
    throw createManifestError(`line ${line}: ${JSON.stringify(written)} leads out of the set's folder.`);
  }
  const found = (await files.find(name)) ?? (await findWithSlashes(written, files));
  const notMetadata = new Set([columns.file, columns.label, FORBIDDEN_COLUMN]);
  const photo = {
    file: path.join(files.root, found ?? name),
    name: (found ?? name).normalize('NFC'),
    label: values.get(columns.label) ?? null,
    metadata: Object.fromEntries([...values].filter(([column]) => !notMetadata.has(column))),
  };
  return { photo, isMissing: found === null };
}

/** Returns the path relative to the root, with `/`; null if it leads out of the root. */
function toRelative(written: string, root: string): string | null {
  const inside = path.isAbsolute(written)
    ? path.relative(path.resolve(root), written).split(path.sep).join('/')
    : written;
  const name = path.posix.normalize(inside);
  const leadsOut = name === '..' || name.startsWith('../') || path.isAbsolute(name) || name.includes('\0');
  return leadsOut ? null : name;
}

/** Manifests from Windows have backslashes, which may be part of a name on other systems. */
async function findWithSlashes(written: string, files: ManifestFiles): Promise<string | null> {
  const name = written.includes('\\') ? toRelative(written.replaceAll('\\', '/'), files.root) : null;
  return name === null ? null : files.find(name);
}
