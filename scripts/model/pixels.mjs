#!/usr/bin/env node
/**
 * Decodes a labelled set with the server's own decoder and writes raw pixels, so that the Python tools
 * that fit and calibrate the encoder see exactly what the server feeds it.
 *
 *   node scripts/model/pixels.mjs SET[:split] --out DIR [--size 260] [--kernel cubic]
 *
 * Writes DIR/pixels.npy (uint8 [n, size, size, 3], sRGB) and DIR/rows.csv (file,label and the manifest's
 * other columns, in the same order). A file that does not decode is reported and left out.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { decode } from '../../dist/image/decode.js';
import { readLabelledSet } from '../../dist/jobs/labelled-set.js';

const CONCURRENCY = 4;

/** numpy's .npy header, version 1.0, padded so that the data starts at a multiple of 64 bytes. */
function npyHeader(shape) {
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const header = Buffer.alloc(10 + length, ' ', 'latin1');
  header.write('\x93NUMPY\x01\x00', 0, 'latin1');
  header.writeUInt16LE(length, 8);
  header.write(text, 10, 'latin1');
  header[header.length - 1] = 0x0a;
  return header;
}

const csv = (values) =>
  `${values.map((value) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(',')}\n`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string' },
    size: { type: 'string', default: '260' },
    kernel: { type: 'string', default: 'cubic' },
  },
});
if (positionals.length !== 1 || !values.out) {
  console.error('usage: node scripts/model/pixels.mjs SET[:split] --out DIR [--size 260] [--kernel cubic]');
  process.exit(2);
}
const rule = { size: Number(values.size), fit: 'cover', kernel: values.kernel };
const rows = await readLabelledSet(positionals[0], { labelsRequired: true });
await mkdir(values.out, { recursive: true });

const file = path.join(values.out, 'pixels.npy');
const stream = createWriteStream(file);
const headerLength = npyHeader([rows.length, rule.size, rule.size, 3]).length;
stream.write(Buffer.alloc(headerLength));

const decodeRow = async (row) => {
  const bytes = await readFile(row.file);
  return decode(bytes, rule, { maxPixels: 100e6 });
};
const kept = [];
for (let start = 0; start < rows.length; start += CONCURRENCY) {
  const chunk = rows.slice(start, start + CONCURRENCY);
  const results = await Promise.allSettled(chunk.map(decodeRow));
  for (const [i, result] of results.entries()) {
    if (result.status === 'rejected') {
      console.error(`left out ${chunk[i].name}: ${result.reason.message}`);
      continue;
    }
    kept.push(chunk[i]);
    if (!stream.write(result.value)) await new Promise((resolve) => stream.once('drain', resolve));
  }
}
await new Promise((resolve, reject) => stream.end((error) => (error ? reject(error) : resolve())));

// The header goes in last: only now is the number of decoded photos known.
const header = npyHeader([kept.length, rule.size, rule.size, 3]);
if (header.length !== headerLength) throw new Error('The .npy header changed its length.');
const handle = await open(file, 'r+');
await handle.write(header, 0, header.length, 0);
await handle.close();

const columns = [...new Set(kept.flatMap((row) => Object.keys(row.metadata)))];
const lines = kept.map((row) =>
  csv([row.name, row.label, ...columns.map((name) => row.metadata[name] ?? '')]),
);
await writeFile(path.join(values.out, 'rows.csv'), csv(['file', 'label', ...columns]) + lines.join(''));
console.log(
  JSON.stringify({ out: values.out, photos: kept.length, leftOut: rows.length - kept.length, ...rule }),
);
