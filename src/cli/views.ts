/** `pawdex views`: a contact sheet of training views, for a person to judge. */
import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { loadCard } from '../encoder/card.js';
import { PawdexError } from '../errors.js';
import { openPhoto } from '../image/decode.js';
import { isOneImagesFault } from '../image/fault.js';
import { type LabelledPhoto, readLabelledSet } from '../jobs/labelled-set.js';
import { createRandom, shuffle } from '../math/random.js';
import { drawContactSheet } from '../training/data/contact-sheet.js';
import { renderView } from '../training/data/render-view.js';
import { computeViewSeed, drawView, PLAIN_VIEW } from '../training/data/view-parameters.js';
import { viewSettings } from '../training/data/view-settings.js';
import { completeRecipe, getResizeRule, readRecipe } from '../training/recipe/load-recipe.js';
import { command, commonOptions, wholeNumber } from './command.js';
import { EXIT } from './exit.js';
import { describeError, note, OutputError, plural } from './output.js';

interface ViewsFlags extends Record<string, unknown> {
  data: string;
  photos: number;
  views: number;
  seed: number;
  out: string;
  recipe?: string;
}

/** The command, not yet wired. */
export function viewsCommand(): Command {
  return command(
    'views',
    'draw photos as training sees them: one photo a row, first as the encoder is given it, then changed at random',
    'views --data photos:train --out views.png',
  )
    .requiredOption('--data <set>', 'photos: a folder, or FOLDER:split of its manifest.csv')
    .option('--recipe <file>', 'recipe whose views are drawn (default: the default views)')
    .option('--photos <n>', 'photos, drawn at random', wholeNumber(1, 100), 8)
    .option('--views <n>', 'views of each', wholeNumber(1, 50), 7)
    .option('--seed <n>', 'another seed draws other photos and views', wholeNumber(0, 2 ** 32 - 1), 1)
    .option('--out <file>', 'PNG to write', 'views.png')
    .action(run);
}

async function run(flags: ViewsFlags): Promise<void> {
  const { config, quiet } = commonOptions(flags);
  const { rule, settings } = await viewsOf(flags.recipe, config.MODEL);
  const photos = await readLabelledSet(flags.data);

  const row = async (index: number) => {
    const photo = await openPhoto(await bytesOf(photos[index]!), { maxPixels: config.MAX_PIXELS });
    const drawn = Array.from({ length: flags.views }, (_, number) =>
      drawView(settings, createRandom(computeViewSeed(flags.seed, 0, index, number))),
    );
    return Promise.all([PLAIN_VIEW, ...drawn].map((view) => renderView(photo, rule, view)));
  };

  const rows: Uint8Array[][] = [];
  for (const index of shuffle([...photos.keys()], createRandom(flags.seed))) {
    if (rows.length === flags.photos) break;
    const { name, label } = photos[index]!;
    try {
      rows.push(await row(index));
      if (!quiet) note(`row ${rows.length}: ${label === null ? '' : `${label}, `}${name}`);
    } catch (error) {
      if (!isOneImagesFault(error)) throw error;
      note(describeError(error, false, name));
      process.exitCode = EXIT.someFailed;
    }
  }
  if (rows.length === 0)
    throw new PawdexError('set_invalid', { detail: `No photo of ${flags.data} can be read.` });
  await writeFile(flags.out, await drawContactSheet(rows, rule.size)).catch((error) => {
    throw new OutputError(error);
  });
  if (!quiet) note(`${plural(flags.views, 'view')} each of ${plural(rows.length, 'photo')}: ${flags.out}`);
}

/** How photos are fitted and changed: as a recipe says, or by default and as the encoder to serve takes them. */
async function viewsOf(file: string | undefined, model: string) {
  if (file !== undefined) {
    const recipe = completeRecipe(await readRecipe(file), file);
    return { rule: getResizeRule(recipe), settings: recipe.views };
  }
  const { input } = (await loadCard(model)).card;
  return { rule: { size: input.size, ...input.resize }, settings: viewSettings.parse({}) };
}

async function bytesOf({ file }: LabelledPhoto): Promise<Uint8Array> {
  return readFile(file).catch((cause: Error) => {
    throw new PawdexError('file_unreadable', { detail: `It cannot be read: ${cause.message}.`, cause });
  });
}
