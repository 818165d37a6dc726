/** Uploads of a few kilobytes or megabytes that are expensive to read: tables with millions of rows, and endless work. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import * as tar from 'tar-stream';
import { ROOT } from '../lib/options.mjs';

const PARQUET = {
  path: '/v1/collections/hostile/import-job?reembed=true',
  type: 'application/vnd.apache.parquet',
};
const TAR = 'application/gzip';

/** Makes a tar.gz file. @param {Record<string, string>} entries contents by name */
async function packArchive(entries) {
  const pack = tar.pack();
  for (const [name, content] of Object.entries(entries)) {
    pack.entry({ name }, content);
  }
  pack.finalize();
  const pieces = [];
  for await (const piece of pack) pieces.push(piece);
  return gzipSync(Buffer.concat(pieces));
}

/** Makes a tar.gz file whose first header claims, and has, this many bytes. */
function packLongHeader(bytes) {
  const block = Buffer.alloc(512);
  block.write(`${bytes.toString(8).padStart(11, '0')} `, 124);
  block.write('        x\0ustar\x0000', 148, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return gzipSync(Buffer.concat([block, Buffer.alloc(bytes, '5')]));
}

/** Makes a Parquet file of equal rows in one group. */
function packEqualRows(rows) {
  const column = (name, value) => ({ name, data: new Array(rows).fill(value) });
  const columnData = [column('metadata', '{}'), column('sha256', 'b'.repeat(64))];
  return Buffer.from(parquetWriteBuffer({ columnData, rowGroupSize: rows }));
}

/**
 * Lists named uploads. Each makes a job, which must fail.
 *
 * @param {number} scale 1 for sizes that stopped the server before there were limits
 * @param {boolean} withEndless whether to include the one that is only refused after a minute
 */
export async function createHostileFiles(scale, withEndless) {
  const archive = (label) => `/v1/collections/hostile/archive${label}`;
  const rows = Math.ceil(1.5e6 * scale);
  const manifest = `file,label\n${'pug/1.jpg,pug\n'.repeat(rows)}`;
  return [
    ['a Parquet file of equal rows', { ...PARQUET, body: packEqualRows(Math.ceil(2e6 * scale)) }],
    [
      'an archive of one photo with a huge manifest',
      {
        path: archive(''),
        type: TAR,
        body: await packArchive({ 'pug/1.jpg': 'x', 'manifest.csv': manifest }),
      },
    ],
    [
      'a pattern for labels that takes years',
      {
        path: archive(`?label=${encodeURIComponent('regex:^(a+)+$')}`),
        type: TAR,
        body: await packArchive({ [`${'a'.repeat(60)}!.jpg`]: 'x' }),
      },
    ],
    [
      'an archive with a header of hundreds of megabytes',
      { path: archive(''), type: TAR, body: packLongHeader(Math.ceil(600 * scale) * 2 ** 20) },
    ],
    [
      'an archive with names of 32,000 folders',
      {
        path: archive(''),
        type: TAR,
        body: await packArchive(
          Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`${'a/'.repeat(32_000)}${i}.jpg`, 'x'])),
        ),
      },
    ],
    ...(withEndless
      ? [
          [
            'a Parquet file whose decoding never ends',
            { ...PARQUET, body: await readFile(path.join(ROOT, 'test/fixtures/endless.parquet')) },
          ],
        ]
      : []),
  ];
}
