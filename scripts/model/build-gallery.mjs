#!/usr/bin/env node
/**
 * Embeds labelled sets with the shipped encoder and writes the gallery: one Parquet row per photo.
 *
 *   node scripts/model/build-gallery.mjs SET[:split]... [--without dropped.csv] [--relabel relabelled.csv]
 *       [--thumbnails LICENCE] [--ungrouped PUBLISHER] [--model models/encoder.json] [--out models/gallery.parquet] [--cache DIR]
 *
 * Columns: id (first 32 hex digits of the file's sha256), label, species, source (SET/file), licence, publisher (the
 * manifest's `source`), group, sha256 (hex), size (bytes), width, height (upright, pixels), thumbnail (WebP, 128 px),
 * embedding (list of float16, unit length). The file's key-value metadata says which encoder made it:
 * pawdex.fingerprint, pawdex.model, pawdex.dimension, pawdex.metric. Decoding is the server's own.
 *
 * --without leaves out the files listed by `pawdex clean-labels`. --relabel names a list of photos that get another label,
 * even if --without lists them. --thumbnails adds a picture to photos whose licence
 * begins with this text and therefore allows showing it. --ungrouped names a publisher whose `group` is a category rather
 * than one animal. Of identical files only the first is kept, and files that do not decode are left out; both are reported.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import sharp from 'sharp';
import { readFileNames } from '../../dist/datasets/read-file-names.js';
import { replaceFile } from '../../dist/files/replace-file.js';
import { getRow } from '../../dist/math/matrix.js';
import { embedSets, readListedLabels } from '../evaluation/lib/sets.mjs';
import { parseOptions } from '../lib/options.mjs';
import { readLabelledSet } from '../lib/read-labelled-set.mjs';

const USAGE =
  'usage: node scripts/model/build-gallery.mjs SET[:split]... [--without CSV] [--relabel CSV] [--thumbnails LICENCE] [--ungrouped PUBLISHER] [--model CARD] [--out FILE] [--cache DIR]';
const THUMBNAIL = { side: 128, quality: 55 };

const { values, positionals } = parseOptions(
  USAGE,
  {
    without: null,
    relabel: null,
    thumbnails: null,
    ungrouped: null,
    model: null,
    out: 'models/gallery.parquet',
    cache: null,
  },
  [1, Number.POSITIVE_INFINITY],
);

const text = (name, repetition_type = 'OPTIONAL') => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  repetition_type,
});
const COLUMNS =
  'id label species source licence publisher group sha256 size width height thumbnail embedding'.split(' ');
const SCHEMA = [
  { name: 'root', num_children: 13 },
  text('id', 'REQUIRED'),
  text('label', 'REQUIRED'),
  text('species'),
  text('source', 'REQUIRED'),
  text('licence'),
  text('publisher'),
  text('group'),
  text('sha256', 'REQUIRED'),
  { name: 'size', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'width', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'height', type: 'INT32', repetition_type: 'REQUIRED' },
  { name: 'thumbnail', type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' },
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

/** Reads the size of the upright photo, and makes a thumbnail if the licence allows one. */
async function readPicture({ file, licence }) {
  const { autoOrient } = await sharp(file).metadata();
  const { width, height } = autoOrient;
  if (values.thumbnails === undefined || !licence?.startsWith(values.thumbnails)) {
    return { width, height, thumbnail: null };
  }
  const { side, quality } = THUMBNAIL;
  const thumbnail = await sharp(file)
    .autoOrient()
    .resize(side, side, { fit: 'cover' })
    .webp({ quality, effort: 6 })
    .toBuffer();
  return { width, height, thumbnail: Uint8Array.from(thumbnail) };
}

async function createItem({ file, sha256, metadata }, { label, source, embedding }) {
  return {
    id: sha256.slice(0, 32),
    label,
    sha256,
    source,
    species: metadata.species || null,
    licence: metadata.licence || metadata.license || null,
    publisher: metadata.source || null,
    group: metadata.source === values.ungrouped ? null : metadata.group || null,
    size: (await readFile(file)).length,
    ...(await readPicture({ file, licence: metadata.licence })),
    embedding: Array.from(embedding),
  };
}

/** Collects the photos of the embedded sets, without those that are dropped or repeated. */
async function collectItems(sets) {
  const dropped = new Set(values.without === undefined ? [] : await readFileNames(values.without));
  const newLabels = await readListedLabels(values.relabel);
  const items = new Map();
  const counts = { duplicates: 0, dropped: 0, unreadable: 0 };
  for (const [s, { items: found, vectors }] of sets.entries()) {
    const photos = new Map((await readLabelledSet(positionals[s])).map((photo) => [photo.file, photo]));
    counts.unreadable += photos.size - found.length;
    for (const [row, photo] of found.entries()) {
      const { name } = photos.get(photo.file);
      const label = newLabels.get(name) ?? photo.label;
      const first = items.get(photo.sha256);
      if (dropped.has(name) && !newLabels.has(name)) {
        counts.dropped++;
      } else if (first !== undefined) {
        counts.duplicates++;
        if (first.label !== label) {
          console.error(`${name} (${label}) is the same file as ${first.source}, which has another label`);
        }
      } else {
        /** The set's own name: the folder its files are named relative to. */
        const setName = path.basename(path.resolve(photo.file).slice(0, -name.length));
        const source = `${setName}/${name}`;
        items.set(photo.sha256, await createItem(photo, { label, source, embedding: getRow(vectors, row) }));
      }
    }
  }
  return { items: [...items.values()], counts };
}

/** Writes the gallery and returns its size in bytes. */
async function writeGallery(items, { card, fingerprint }) {
  const file = parquetWriteBuffer({
    schema: SCHEMA,
    columnData: COLUMNS.map((name) => ({ name, data: items.map((item) => item[name]), columnIndex: false })),
    kvMetadata: [
      { key: 'pawdex.fingerprint', value: fingerprint },
      { key: 'pawdex.model', value: card.name },
      { key: 'pawdex.dimension', value: String(card.output.dimension) },
      { key: 'pawdex.metric', value: card.metric },
    ],
  });
  await replaceFile(values.out, Buffer.from(file));
  return file.byteLength;
}

const { sets, ...model } = await embedSets(values, positionals);
const { items, counts } = await collectItems(sets);
const bytes = await writeGallery(items, model);
const thumbnails = items.filter(({ thumbnail }) => thumbnail !== null).length;
console.log(
  JSON.stringify({
    out: values.out,
    rows: items.length,
    bytes,
    ...counts,
    thumbnails,
    fingerprint: model.fingerprint,
  }),
);
