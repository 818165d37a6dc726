/** `pawdex identify`: identifies the breed on photos and shows the nearest neighbours. */
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { SHIPPED_COLLECTION } from '../config.js';
import type { Engine, Explanation, Identification } from '../engine/engine.js';
import { PawdexError } from '../errors.js';
import { formatPercent } from '../evaluation/figures.js';
import type { Views } from '../image/decode-views.js';
import type { Rectangle } from '../image/regions.js';
import {
  createCommand,
  EMBEDDING_SETTINGS,
  getMaxFileBytes,
  makeWholeNumberParser,
  readCommonOptions,
  SERVER,
} from './create-command.js';
import { failUsage } from './exit-codes.js';
import { forEachImage } from './for-each-image.js';
import { addImageArguments, createViewsOption, readImageArguments } from './image-arguments.js';
import { writeOutput } from './output-file.js';
import { withEngine } from './with-engine.js';

/** Neighbours to print; `--json` prints all of them. */
const SHOWN_NEIGHBOURS = 5;
/** Candidates below this confidence are not printed: they would show as 0 %. */
const SMALLEST_SHARE = 0.005;

export const command = addImageArguments(
  createCommand(
    'identify',
    'identify the breed in photos and list the nearest neighbours',
    'identify cat.jpg --json',
    [...EMBEDDING_SETTINGS, 'MAX_UPLOAD_MB'],
  ),
)
  .option('-c, --collection <name>', 'collection to search', SHIPPED_COLLECTION)
  .option('-k <n>', 'neighbours to list (default: as many as vote)', makeWholeNumberParser(1, 1000))
  .addOption(createViewsOption('views of each photo whose embeddings are averaged'))
  .option(
    '--region <x,y,width,height>',
    'look at this part of each photo, in fractions of its size',
    parseRegion,
  )
  .option('--explain', 'show where in the photo the similarity comes from')
  .option('--heatmap <file>', 'write a heat map for the nearest neighbour as a PNG (one image only)')
  .option('--json', 'print one JSON line per image')
  .addOption(SERVER)
  .action(async (paths, flags) => {
    const { collection, k, views, region, heatmap, json = false } = flags;
    const files = await readImageArguments(paths, flags);
    if (heatmap !== undefined && files.length > 1) {
      failUsage('--heatmap takes exactly one image.');
    }
    const common = readCommonOptions(flags);
    const options = { collection, views, region, k, explain: flags.explain === true };
    await withEngine(common, async (engine) => {
      // Checked before any photo is read, so that a misspelt collection fails once and not for every photo.
      await engine.store.getCollection(collection);
      await forEachImage(files, {
        maxFileBytes: getMaxFileBytes(common),
        json,
        async work(bytes) {
          const identified = await engine.identify(bytes, options);
          if (heatmap !== undefined) {
            await writeHeatMap(engine, bytes, identified, { ...options, file: heatmap });
          }
          return identified;
        },
        format: (file, identified) =>
          json ? JSON.stringify({ file, ...identified }) : formatIdentification(file, identified),
      });
    });
  });

function parseRegion(text: string): Rectangle {
  const [left, top, width, height, ...others] = text.split(',').map(Number);
  if (others.length > 0 || [left, top, width, height].some((value) => !(value! >= 0 && value! <= 1))) {
    throw new InvalidArgumentError('It must be four numbers from 0 to 1, such as 0.5,0,0.5,1.');
  }
  return { left: left!, top: top!, width: width!, height: height! };
}

/** Writes the heat map of the nearest neighbour. */
async function writeHeatMap(
  engine: Engine,
  image: Uint8Array,
  { neighbours: [nearest] }: Identification,
  { collection, views, region, file }: { collection: string; views: Views; region?: Rectangle; file: string },
): Promise<void> {
  if (nearest === undefined) {
    throw new PawdexError('item_not_found', {
      detail: 'The collection is empty.',
      hint: 'Index some photos first: pawdex index DIR --collection NAME.',
    });
  }
  const picture = await engine.drawHeatMap(image, { collection, views, region, neighbour: nearest.id });
  await writeOutput(file, picture);
}

function formatIdentification(
  file: string,
  { decision, breed, candidates, confidence, neighbours }: Identification,
): string[] {
  const others = candidates
    .filter(({ label, confidence: share }) => label !== breed && share >= SMALLEST_SHARE)
    .slice(0, 3)
    .map(({ label, confidence: share }) => `${label} ${formatPercent(share, 0)}`);
  const head = breed === null ? decision : `${breed} (${decision}, ${formatPercent(confidence, 0)})`;
  const named = breed === null ? 'candidates' : 'other candidates';
  const lines = [`${file}: ${head}${others.length === 0 ? '' : `; ${named}: ${others.join(', ')}`}`];
  for (const { label, similarity, source, id } of neighbours.slice(0, SHOWN_NEIGHBOURS)) {
    lines.push(`  ${similarity.toFixed(3)}  ${label ?? '-'}  ${source ?? id}`);
  }
  const why = neighbours[0]?.explanation;
  if (why !== undefined) {
    lines.push(
      '  where the similarity to the nearest neighbour comes from, in the centre square of the photo:',
      ...drawShares(why),
    );
  }
  return lines;
}

/** From the smallest share to the largest. */
const SHADES = [' ', '░', '▒', '▓', '█'];

/** Draws shares for a terminal. A cell is two characters wide, because characters are about twice as high as wide. */
function drawShares({ rows, columns, shares }: Explanation): string[] {
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
