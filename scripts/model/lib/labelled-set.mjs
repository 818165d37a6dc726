/** Reads a labelled set: a folder with one sub-folder per label, or with a manifest.csv. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'csv-parse/sync';

const PHOTO = /\.(jpe?g|png|webp|gif|avif|tiff?)$/i;

/** "DIR" or "DIR:split" -> [DIR, split or null]; a folder whose own name has a colon wins. */
function splitSpec(spec) {
  const colon = spec.lastIndexOf(':');
  if (existsSync(spec) || colon <= 1) return [spec, null];
  return [spec.slice(0, colon), spec.slice(colon + 1)];
}

/**
 * @param {string} spec DIR, or DIR:split for the manifest's rows of that split
 * @returns {Promise<{root: string, split: string | null, rows: {file: string, label: string, meta: Record<string, string>}[]}>}
 *   `file` is relative to `root`; rows in the manifest's order, or sorted by name
 */
export async function readLabelledSet(spec) {
  const [root, split] = splitSpec(spec);
  const manifest = path.join(root, 'manifest.csv');
  const rows = existsSync(manifest) ? await fromManifest(manifest, split) : await fromFolders(root, split);
  if (rows.length === 0) throw new Error(`No labelled photo in ${spec}.`);
  return { root, split, rows };
}

async function fromManifest(manifest, split) {
  const records = parse(await readFile(manifest), { columns: true, bom: true, skip_empty_lines: true });
  return records
    .filter((record) => split === null || record.split === split)
    .map(({ file, label, breed, ...meta }) => {
      if (!file || !(label ?? breed))
        throw new Error(`${manifest}: every row needs file and label (or breed).`);
      return { file, label: label ?? breed, meta };
    });
}

async function fromFolders(root, split) {
  if (split !== null) throw new Error(`${root} has no manifest.csv, so it has no split "${split}".`);
  const rows = [];
  for (const folder of (await readdir(root, { withFileTypes: true })).filter((entry) => entry.isDirectory()))
    for (const name of await readdir(path.join(root, folder.name), { recursive: true }))
      if (PHOTO.test(name)) rows.push({ file: path.join(folder.name, name), label: folder.name, meta: {} });
  return rows.sort((a, b) => (a.file < b.file ? -1 : 1));
}
