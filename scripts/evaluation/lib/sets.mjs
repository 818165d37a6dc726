/** Embeds labelled sets with the shipped encoder, for the scripts of this folder. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { embedSets as embed } from '../../../dist/cli/embed-sets.js';
import { parseConfig } from '../../../dist/config.js';
import { fromRoot } from '../../lib/options.mjs';

/** The shipped model card. */
const SHIPPED_CARD = fromRoot('models/encoder.json');

/**
 * @param {{ model?: string, cache?: string }} options card of the encoder, folder to keep embeddings in
 * @param {string[]} specs labelled sets, or gallery files
 * @returns the sets in the same order, the card and the fingerprint
 */
export function embedSets({ model = SHIPPED_CARD, cache }, specs) {
  const config = parseConfig({ MODEL: path.resolve(model) }, {});
  const requests = specs.map((set) => ({ set }));
  return embed(requests, cache, { config, server: null, quiet: false });
}

/**
 * Reads the labels of a list of photos: a CSV file with the columns `file` (relative to the set) and `label`.
 *
 * @returns labels by file; none without a list
 */
export async function readListedLabels(list) {
  const rows = list === undefined ? [] : parse(await readFile(list), { columns: true });
  return new Map(rows.map(({ file, label }) => [file, label]));
}
