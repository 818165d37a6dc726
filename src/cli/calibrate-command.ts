/** `pawdex calibrate`: fits the confidence of a collection's answers. */
import type { Command } from 'commander';
import { addServerOption, createCommand, readCommonOptions } from './create-command.js';
import { embedPhotos } from './embed-sets.js';
import { EXIT } from './exit-codes.js';
import { formatCount, note, pluralise, printLine } from './print.js';
import { runCancellableWork } from './with-engine.js';

interface CalibrateFlags {
  collection: string;
  nonpets?: string;
  json?: boolean;
}

/** Defines the command. */
export function createCalibrateCommand(): Command {
  return addServerOption(
    createCommand(
      'calibrate',
      'fit the confidence of a collection, by identifying each of its photos with the others',
      'calibrate --collection my-pets',
    ),
  )
    .requiredOption('-c, --collection <name>', 'collection to calibrate')
    .option('--nonpets <set>', 'photos of subjects that the collection does not contain')
    .option('--json', 'print one JSON object')
    .action(run);
}

async function run(flags: CalibrateFlags & Record<string, unknown>): Promise<void> {
  const common = readCommonOptions(flags);
  const nonPets =
    flags.nonpets === undefined ? {} : { nonPets: { embeddings: await embedPhotos(flags.nonpets, common) } };
  const outcome = await runCancellableWork(common, (engine, work) =>
    engine.calibrate(flags.collection, { ...work, ...nonPets }),
  );
  if (outcome === null) {
    return;
  }
  if (flags.json === true) {
    await printLine(JSON.stringify(outcome));
  } else if (outcome.calibration !== null) {
    await printLine(formatCalibration(outcome.calibration, outcome.queries));
  }
  if (outcome.calibration === null) {
    note(
      `Too few photos to calibrate: ${pluralise(outcome.queries, 'photo')} have a label that at least one other photo has. It takes ${formatCount(outcome.needed)} such photos of at least two labels. Answers stay uncalibrated.`,
    );
    process.exitCode = EXIT.someFailed;
  }
}

function formatCalibration({ thresholds }: { thresholds: { match: number } }, queries: number): string {
  return `Calibrated with ${pluralise(queries, 'photo')}: a match needs a confidence of ${thresholds.match.toFixed(2)}.`;
}
