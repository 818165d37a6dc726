#!/usr/bin/env node
/**
 * Embeds a labelled set with the shipped encoder and writes the gallery: one Parquet row per photo.
 *
 *   node scripts/model/build-gallery.mjs SET[:split] [--model models/encoder.json] [--out models/gallery.parquet]
 *                                        [--name NAME] [--threads N]
 *
 * Columns: id (first 32 hex digits of the file's sha256), label, species, source (NAME/file), licence, sha256 (hex),
 * size (bytes), width, height (upright, pixels), embedding (list of float16, unit length). The file's key-value
 * metadata says which encoder made it: pawdex.fingerprint, pawdex.model, pawdex.dimension, pawdex.metric.
 * Decoding and session settings are the server's own. Of several identical files the first is kept, and a file that
 * does not decode is left out; both are reported.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parquetWriteBuffer } from 'hyparquet-writer';
import sharp from 'sharp';
import { loadCard } from '../../dist/encoder/card.js';
import { BULK_BATCH_SIZES, openSession } from '../../dist/encoder/session.js';
import { replaceFile } from '../../dist/files/replace.js';
import { decode } from '../../dist/image/decode.js';
import { readLabelledSet } from '../../dist/jobs/labelled-set.js';

const USAGE =
  'usage: node scripts/model/build-gallery.mjs SET[:split] [--model CARD] [--out FILE] [--name NAME] [--threads N]';
const BATCH = BULK_BATCH_SIZES.at(-1);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'models/encoder.json' },
    out: { type: 'string', default: 'models/gallery.parquet' },
    name: { type: 'string' },
    threads: { type: 'string', default: '2' },
  },
});
if (positionals.length !== 1) {
  console.error(USAGE);
  process.exit(2);
}

const loaded = await loadCard(values.model);
const { card, fingerprint } = loaded;
const rule = { size: card.input.size, ...card.input.resize };
const rows = await readLabelledSet(positionals[0], { labelsRequired: true });
/** The set's own name: the folder its files are named relative to. */
const setName = values.name ?? path.basename(path.resolve(rows[0].file).slice(0, -rows[0].name.length));
const session = await openSession(loaded, Number(values.threads));

const text = (name, repetition_type = 'OPTIONAL') => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  repetition_type,
});
const SCHEMA = [
  { name: 'root', num_children: 10 },
  text('id', 'REQUIRED'),
  text('label', 'REQUIRED'),
  text('species'),
  text('source', 'REQUIRED'),
  text('licence'),
  text('sha256', 'REQUIRED'),
  { name: 'size', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'width', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'height', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'embedding', converted_type: 'LIST', num_children: 1, repetition_type: 'REQUIRED' },
  { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
  {
    name: 'element',
    type: 'FIXED_LEN_BYTE_ARRAY',
    type_length: 2,
    logical_type: { type: 'FLOAT16' },
    repetition_type: 'REQUIRED',
  },
];

async function prepare(row) {
  const bytes = await readFile(row.file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const pixels = await decode(bytes, rule, { maxPixels: 100e6 });
  const { width, height } = (await sharp(bytes).metadata()).autoOrient;
  return { ...row, sha256, size: bytes.length, width, height, pixels };
}

const items = [];
const seen = new Map();
const duplicates = [];
const leftOut = [];
let waiting = [];

/** Embeds what waits and drops the pixels. */
async function flush() {
  if (waiting.length === 0) return;
  const vectors = await session.run(waiting.map((item) => item.pixels));
  for (const [i, { pixels: _, ...item }] of waiting.entries())
    items.push({
      ...item,
      embedding: Array.from(vectors.subarray(i * card.output.dimension, (i + 1) * card.output.dimension)),
    });
  waiting = [];
}

for (let at = 0; at < rows.length; at += BATCH) {
  const chunk = rows.slice(at, at + BATCH);
  for (const [i, result] of (await Promise.allSettled(chunk.map(prepare))).entries()) {
    if (result.status === 'rejected') {
      leftOut.push({ file: chunk[i].name, reason: result.reason.message });
      continue;
    }
    const first = seen.get(result.value.sha256);
    if (first) {
      duplicates.push({
        file: chunk[i].name,
        label: chunk[i].label,
        sameAs: first.name,
        sameLabel: first.label === chunk[i].label,
      });
      continue;
    }
    seen.set(result.value.sha256, chunk[i]);
    waiting.push(result.value);
    if (waiting.length === BATCH) await flush();
  }
}
await flush();
await session.release();

const column = (name, of) => ({ name, data: items.map(of), columnIndex: false });
const file = parquetWriteBuffer({
  schema: SCHEMA,
  columnData: [
    column('id', (item) => item.sha256.slice(0, 32)),
    column('label', (item) => item.label),
    column('species', (item) => item.metadata.species || null),
    column('source', (item) => `${setName}/${item.name}`),
    column('licence', (item) => item.metadata.licence || item.metadata.license || null),
    column('sha256', (item) => item.sha256),
    column('size', (item) => item.size),
    column('width', (item) => item.width),
    column('height', (item) => item.height),
    column('embedding', (item) => item.embedding),
  ],
  kvMetadata: [
    { key: 'pawdex.fingerprint', value: fingerprint },
    { key: 'pawdex.model', value: card.name },
    { key: 'pawdex.dimension', value: String(card.output.dimension) },
    { key: 'pawdex.metric', value: card.metric },
  ],
});
await replaceFile(values.out, Buffer.from(file));

for (const { file: name, reason } of leftOut) console.error(`left out ${name}: ${reason}`);
for (const { file: name, label, sameAs, sameLabel } of duplicates)
  if (!sameLabel) console.error(`${name} (${label}) is the same file as ${sameAs}, which has another label`);
console.log(
  JSON.stringify({
    out: values.out,
    rows: items.length,
    bytes: file.byteLength,
    duplicates: duplicates.length,
    leftOut: leftOut.length,
    fingerprint,
  }),
);
