#!/usr/bin/env node
/**
 * Draws the figures of docs/contrastive-learning.md into docs/images, and updates its tables. The trainer's losses
 * compute all numbers on the page. Run it after `npm run build`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { blocks, withBlocks } from './contrastive/blocks.mjs';
import * as figures from './contrastive/figures.mjs';
import { views } from './contrastive/views.mjs';

const docs = new URL('../../docs/', import.meta.url);
await mkdir(new URL('images/', docs), { recursive: true });
for (const [name, draw] of Object.entries({ views, ...figures })) {
  await writeFile(new URL(`images/contrastive-${name}.svg`, docs), await draw());
}
const page = new URL('contrastive-learning.md', docs);
await writeFile(page, withBlocks(await readFile(page, 'utf8'), await blocks()));
