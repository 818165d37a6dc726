/** `pawdex calibrate`: fits how far to trust the answers of a collection. */
import type { Command } from 'commander';
import { command, commonOptions, withServerOption } from './command.js';
import { withWork } from './connect.js';
import { vectorsOf } from './embed-sets.js';
import { EXIT } from './exit.js';
import { formatCount, note, plural, printLine } from './output.js';

interface CalibrateFlags {
  collection: string;
  nonpets?: string;
  json?: boolean;
}

/** The command, not yet wired. */
export function calibrateCommand(): Command {
  return withServerOption(
    command(
      'calibrate',
      'fit how far to trust the answers of a collection, by asking it for its own photos',
      'calibrate --collection my-pets',
    ),
  )
    .requiredOption('--collection <name>', 'collection to calibrate')
    .option('--nonpets <set>', 'labelled set of photos that show nothing the collection holds')
    .option('--json', 'print one JSON object')
    .action(run);
}

async function run(flags: CalibrateFlags & Record<string, unknown>): Promise<void> {
  const common = commonOptions(flags);
  const nonPets =
    flags.nonpets === undefined ? {} : { nonPets: { embeddings: await vectorsOf(flags.nonpets, common) } };
  const outcome = await withWork(common, (engine, work) =>
    engine.calibrate(flags.collection, { ...work, ...nonPets }),
  );
  if (outcome === null) return;
  if (flags.json === true) await printLine(JSON.stringify(outcome));
  else if (outcome.calibration !== null) await printLine(described(outcome.calibration, outcome.queries));
  if (outcome.calibration === null) {
    note(
      `Too little to fit on: ${plural(outcome.queries, 'photo')} of labels with two photos or more, and at least two labels and ${formatCount(outcome.needed)} photos are needed. Answers keep the share of the vote, marked as not calibrated.`,
    );
    process.exitCode = EXIT.someFailed;
  }
}

function described({ thresholds }: { thresholds: { match: number } }, queries: number): string {
  return `Fitted on ${plural(queries, 'photo')}: a match needs a probability of ${thresholds.match.toFixed(2)}.`;
}
