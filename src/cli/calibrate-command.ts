/** `pawdex calibrate`: fits the confidence of a collection's answers. */
import type { CalibrationOutcome } from '../evaluation/calibrate-collection.js';
import { formatPercent } from '../evaluation/figures.js';
import { createCommand, EMBEDDING_SETTINGS, readCommonOptions, SERVER } from './create-command.js';
import { embedPhotos } from './embed-sets.js';
import { EXIT } from './exit-codes.js';
import { formatCount, pluralise, printLine, printMessage } from './print.js';
import { runCancellableWork } from './with-engine.js';

export const command = createCommand(
  'calibrate',
  'fit the confidence of a collection, by identifying each of its photos with the others',
  'calibrate --collection my-pets',
  EMBEDDING_SETTINGS,
)
  .requiredOption('-c, --collection <name>', 'collection to calibrate')
  .option(
    '--nonpets <set>',
    'photos of subjects that the collection does not contain (default: those that come with the encoder)',
  )
  .option('--json', 'print one JSON object')
  .addOption(SERVER)
  .action(async ({ collection, nonpets, json, ...flags }) => {
    const common = readCommonOptions(flags);
    const nonPets = nonpets === undefined ? undefined : { embeddings: await embedPhotos(nonpets, common) };
    const outcome = await runCancellableWork(common, async (engine, work) => {
      const { name, gallery } = await engine.store.getCollection(collection);
      if (gallery !== null) {
        printMessage(formatWarning(name));
      }
      return engine.calibrate(collection, { ...work, nonPets });
    });
    if (outcome === null) {
      return;
    }
    if (json) {
      await printLine(JSON.stringify(outcome));
    } else if (outcome.calibration !== null) {
      await printLine(formatOutcome(outcome));
    }
    if (outcome.calibration === null) {
      printMessage(
        `Too few photos to calibrate: ${pluralise(outcome.queries, 'photo')} share a label with another photo. It takes ${formatCount(outcome.needed)} of them with at least two labels. Until then, answers use the encoder's general statistics.`,
      );
      process.exitCode = EXIT.someFailed;
    }
  });

/** For a collection that was filled from a gallery file. */
function formatWarning(name: string): string {
  return `Warning: "${name}" was filled from a gallery. If its photos trained the encoder, as those of the shipped gallery did, a confidence that is fitted to them is too high. To get the gallery's own calibration back, delete the collection and restart the server; photos that you added to it are lost.`;
}

/** Describes the calibration and its quality on photos that it was not fitted on. */
function formatOutcome({ calibration, worth, queries }: CalibrationOutcome): string[] {
  const { match, known } = calibration!.thresholds;
  const lines = [
    `Calibrated with ${pluralise(queries, 'photo')}: a match needs a confidence of ${match.toFixed(2)}. Below a probability of ${known.toFixed(3)} that the collection knows the subject, the answer is unknown.`,
  ];
  if (worth !== null) {
    const { matchError, ece, nonPetMatch } = worth;
    const wrong = matchError === null ? '' : ` (${formatPercent(matchError)} of them wrong)`;
    const others =
      nonPetMatch === null
        ? ''
        : `; ${formatPercent(nonPetMatch)} of the photos of other subjects get a match`;
    lines.push(
      `On photos left out of the fit: ${formatPercent(worth.match)} match${wrong}, ${formatPercent(worth.ambiguous)} ambiguous, ${formatPercent(worth.unknown)} unknown.`,
      `The expected calibration error is ${formatPercent(ece)}${others}.`,
    );
  }
  return lines;
}
