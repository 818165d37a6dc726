/** `pawdex identify`: breed and neighbours of images. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Engine, Explanation, Identification } from '../engine/engine.js';
import { PawdexError } from '../errors.js';
import type { Views } from '../image/views.js';
import {
  command,
  commonOptions,
  maxFileBytes,
  viewsOption,
  wholeNumber,
  withServerOption,
} from './command.js';
import { withEngine } from './connect.js';
import { EXIT } from './exit.js';
import { errorLine, forEachImage } from './images.js';
import { OutputError, printLine } from './output.js';

interface IdentifyFlags extends Record<string, unknown> {
  collection: string;
  k?: number;
  views: Views;
  explain?: boolean;
  heatmap?: string;
  json?: boolean;
}

/** Neighbours shown to people; `--json` has all of them. */
const SHOWN = 5;

/** The command, not yet wired. */
export function identifyCommand(): Command {
  return withServerOption(
    command('identify', 'name the breed on photos and show the nearest neighbours', 'identify cat.jpg --json')
      .argument('<image...>', 'image files')
      .option('-c, --collection <name>', 'collection that answers', 'breeds')
      .option('-k <n>', 'neighbours to list (default: all that vote)', wholeNumber(1, 1000))
      .addOption(viewsOption('views of each photo whose embeddings are averaged'))
      .option('--explain', 'say where in the photo the similarity comes from')
      .option(
        '--heatmap <file>',
        'draw that for the nearest neighbour as a PNG over the photo (one image only)',
      )
      .option('--json', 'print one JSON line per image'),
  ).action(run);
}

async function run(files: string[], flags: IdentifyFlags): Promise<void> {
  const { collection, k, views, heatmap, json } = flags;
  if (heatmap !== undefined && files.length > 1)
    throw new PawdexError('usage', { detail: '--heatmap draws one picture; name one image with it.' });
  const common = commonOptions(flags);
  const options = { collection, views, ...(k === undefined ? {} : { k }), explain: flags.explain === true };
  const failures = await withEngine(common, async (engine) => {
    // Once, before any photo is read: a misspelt collection is the command's fault, not each photo's.
    await engine.getCollection(collection);
    return forEachImage(
      files,
      maxFileBytes(common),
      async (bytes) => {
        const identified = await engine.identify(bytes, options);
        if (heatmap !== undefined) await draw(engine, bytes, identified, { ...options, file: heatmap });
        return identified;
      },
      async (file, outcome) => {
        if (outcome instanceof PawdexError) {
          if (json) await printLine(errorLine(file, outcome));
        } else await printLine(json ? JSON.stringify({ file, ...outcome }) : describe(file, outcome));
      },
    );
  });
  if (failures > 0) process.exitCode = EXIT.someFailed;
}

/** Writes the heat map of the nearest neighbour. */
async function draw(
  engine: Engine,
  image: Uint8Array,
  { neighbours: [nearest] }: Identification,
  { collection, views, file }: { collection: string; views: Views; file: string },
): Promise<void> {
  if (nearest === undefined)
    throw new PawdexError('item_not_found', {
      detail: 'The collection is empty: there is nothing to compare with.',
    });
  const picture = await engine.heatMap(image, { collection, views, neighbour: nearest.id });
  await writeFile(file, picture).catch((error) => {
    throw new OutputError(error);
  });
}

function describe(
  file: string,
  { decision, breed, candidates, confidence, neighbours }: Identification,
): string[] {
  const percent = (share: number) => `${(share * 100).toFixed(0)} %`;
  const others = candidates
    .filter(({ label }) => label !== breed)
    .slice(0, 3)
    .map(({ label, confidence: share }) => `${label} ${percent(share)}`);
  const head = breed === null ? decision : `${breed} (${decision}, ${percent(confidence)})`;
  const lines = [`${file}: ${head}${others.length === 0 ? '' : `; then ${others.join(', ')}`}`];
  for (const { label, similarity, source, id } of neighbours.slice(0, SHOWN))
    lines.push(`  ${similarity.toFixed(3)}  ${label ?? '-'}  ${source ?? id}`);
  const why = neighbours[0]?.explanation;
  if (why !== undefined)
    lines.push('  where in the centre square the similarity to the nearest comes from:', ...shades(why));
  return lines;
}

/** From none of it to the largest share. */
const SHADES = [' ', '░', '▒', '▓', '█'];

/** A picture of shares for a terminal; a cell is two characters wide, as they are half as wide as high. */
function shades({ rows, columns, shares }: Explanation): string[] {
  const largest = Math.max(...shares);
  const shade = (share: number) =>
    SHADES[
      Math.min(SHADES.length - 1, Math.max(0, Math.ceil((SHADES.length * share) / largest) - 1))
    ]!.repeat(2);
  return Array.from({ length: rows }, (_, row) =>
    `    ${shares
      .slice(row * columns, (row + 1) * columns)
      .map(shade)
      .join('')}`.trimEnd(),
  );
}
