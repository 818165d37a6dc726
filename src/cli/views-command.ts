/** `pawdex views`: draws a contact sheet of training views, so that a person can judge them. */
import { loadCard } from '../encoder/model-card.js';
import { PawdexError } from '../errors.js';
import { openPhoto } from '../image/decode.js';
import { isImageFault } from '../image/image-errors.js';
import { readPhoto } from '../image/read-photo.js';
import { createRandom, mixSeed, shuffle } from '../math/random.js';
import { drawContactSheet } from '../training/data/contact-sheet.js';
import { renderView } from '../training/data/render-view.js';
import { drawView, PLAIN_VIEW } from '../training/data/view-parameters.js';
import { viewSettings } from '../training/data/view-settings.js';
import { completeRecipe, getResizeRule, readRecipe } from '../training/recipe/load-recipe.js';
import { createCommand, makeWholeNumberParser, readCommonOptions } from './create-command.js';
import { EXIT } from './exit-codes.js';
import { writeOutput } from './output-file.js';
import { formatError, pluralise, printMessage } from './print.js';
import { addSetOptions, readSet } from './set-options.js';

const ownOptions = createCommand(
  'views',
  'draw a contact sheet of training views: one row per photo, first as the encoder gets it, then with random changes',
  'views --data photos:train --out views.png',
  ['MODEL', 'MAX_PIXELS'],
)
  .requiredOption('--data <set>', 'photos: a folder, or FOLDER:SPLIT for the rows of one split')
  .option('--recipe <file>', 'recipe whose view settings to use (default: the default settings)')
  .option('--photos <n>', 'number of photos, chosen at random', makeWholeNumberParser(1, 100), 8)
  .option('--views <n>', 'views per photo', makeWholeNumberParser(1, 50), 7)
  .option('--seed <n>', 'seed of the random choices', makeWholeNumberParser(0, 2 ** 32 - 1), 1)
  .option('--out <file>', 'PNG file to write', 'views.png');

export const command = addSetOptions(ownOptions).action(async (flags) => {
  const { config, quiet } = readCommonOptions(flags);
  const { rule, settings } = await readViewRules(flags.recipe, config.MODEL);
  const { photos } = await readSet(flags.data, flags, { quiet });
  const rows: Uint8Array[][] = [];
  for (const index of shuffle([...photos.keys()], createRandom(flags.seed))) {
    if (rows.length === flags.photos) {
      break;
    }
    const { file, name, label } = photos[index]!;
    try {
      const photo = await openPhoto(await readPhoto(file), { maxPixels: config.MAX_PIXELS });
      const drawn = Array.from({ length: flags.views }, (_, number) =>
        drawView(settings, createRandom(mixSeed(flags.seed, 0, index, number, index))),
      );
      rows.push(await Promise.all([PLAIN_VIEW, ...drawn].map((view) => renderView(photo, rule, view))));
      if (!quiet) {
        printMessage(`Row ${rows.length}: ${label === null ? '' : `${label}, `}${name}`);
      }
    } catch (error) {
      if (!isImageFault(error)) {
        throw error;
      }
      printMessage(formatError(error, false, name));
      process.exitCode = EXIT.someFailed;
    }
  }
  if (rows.length === 0) {
    throw new PawdexError('set_invalid', { detail: `None of the photos in ${flags.data} can be read.` });
  }
  await writeOutput(flags.out, await drawContactSheet(rows, rule.size));
  if (!quiet) {
    const drawn = `${pluralise(flags.views, 'view')} of each of ${pluralise(rows.length, 'photo')}`;
    printMessage(`Wrote ${drawn} to ${flags.out}.`);
  }
});

/** Reads the view settings from the recipe, or the defaults with the encoder's input size. */
async function readViewRules(file: string | undefined, model: string) {
  if (file !== undefined) {
    const recipe = completeRecipe(await readRecipe(file), file);
    return { rule: getResizeRule(recipe), settings: recipe.views };
  }
  const { input } = (await loadCard(model)).card;
  return { rule: { size: input.size, ...input.resize }, settings: viewSettings.parse({}) };
}
