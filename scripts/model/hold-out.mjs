#!/usr/bin/env node
/**
 * Chooses photos of a noisily labelled set to hold out from training, so that the calibration can be fitted on photos from
 * that source that the encoder has never seen. `pawdex train --without` leaves them out, and `calibrate.mjs --only` uses
 * them as queries. Photos of one animal are held out together, chosen by a hash of their group, so the list is
 * reproducible.
 *
 *   node scripts/model/hold-out.mjs SET[:split] [--without dropped.csv] [--share 0.2] [--plain LABEL=SHARE]
 *       [--ungrouped PUBLISHER] --out models/held-out.csv
 *
 * --plain holds out a different share of one label, such as `domestic_cat`, which users ask about most. --ungrouped names a
 * publisher whose `group` column does not identify animals.
 */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { readFileNames } from '../../dist/datasets/read-file-names.js';
import { parseOptions, REQUIRED } from '../lib/options.mjs';
import { readLabelledSet } from '../lib/read-labelled-set.mjs';

const USAGE =
  'usage: node scripts/model/hold-out.mjs SET[:split] [--without CSV] [--share 0.2] [--plain LABEL=SHARE] [--ungrouped PUBLISHER] --out FILE';

const { values, positionals } = parseOptions(
  USAGE,
  { without: null, share: '0.2', plain: null, ungrouped: null, out: REQUIRED },
  [1, 1],
);
const dropped = new Set(values.without === undefined ? [] : await readFileNames(values.without));
const [plain, plainShare] = (values.plain ?? '=0').split('=');

/** Returns a number in [0, 1) that is the same for all photos of one animal. */
function drawFor({ name, metadata: { source, group } }) {
  const animal = group === undefined || source === values.ungrouped ? name : `${source} ${group}`;
  return createHash('sha256').update(animal).digest().readUInt32BE() / 2 ** 32;
}

const photos = await readLabelledSet(positionals[0], { labelsRequired: true });
const held = photos.filter(
  (photo) =>
    !dropped.has(photo.name) && drawFor(photo) < Number(photo.label === plain ? plainShare : values.share),
);
await writeFile(
  values.out,
  ['file,label', ...held.map(({ name, label }) => `${name},${label}`), ''].join('\n'),
);
console.log(JSON.stringify({ out: values.out, photos: photos.length - dropped.size, held: held.length }));
