/** The flags that select photos from a folder, and the report about skipped files. */
import type { Command, OptionValues } from '@commander-js/extra-typings';
import { type LabelledSet, scanLabelledSet } from '../datasets/labelled-set.js';
import type { SkipReason } from '../datasets/photo-names.js';
import type { SetReport, SkippedFiles } from '../datasets/set-report.js';
import { collectValues } from './create-command.js';
import { EXIT } from './exit-codes.js';
import { formatCount, formatFailure, pluralise, printMessage } from './print.js';

/** Values of the flags of {@link addSetOptions}. */
export interface SetFlags {
  label?: string;
  include?: string[];
  exclude?: string[];
}

/** Adds `--label`, `--include` and `--exclude`. */
export function addSetOptions<A extends unknown[], O extends OptionValues, G extends OptionValues>(
  command: Command<A, O, G>,
) {
  return command
    .option(
      '--label <rule>',
      'where labels come from: folder (the first), parent (the folder a photo is in), filename, none or regex:PATTERN',
    )
    .option('--include <glob>', 'include only photos that match; may be repeated', collectValues)
    .option('--exclude <glob>', 'skip photos and folders that match; may be repeated', collectValues);
}

const REASONS: Readonly<Record<SkipReason, string>> = {
  litter: 'created by other programs',
  hidden: 'hidden',
  excluded: 'excluded',
  not_a_photo: 'not photos',
  unsupported_format: 'in formats that cannot be read',
  special_file: 'neither files nor folders',
  seen_already: 'links to folders that are already included',
  other_split: 'of other splits',
};

/**
 * Reads a labelled set, and reports on stderr what was left out and what looks wrong. Sets the exit code to 1 if something
 * could not be read.
 *
 * @param flags of the command; those of {@link addSetOptions} select photos
 * @throws PawdexError set_invalid
 */
export async function readSet(
  spec: string,
  { label, include, exclude }: SetFlags,
  { quiet, labelsRequired }: { quiet: boolean; labelsRequired?: boolean },
): Promise<LabelledSet> {
  const set = await scanLabelledSet(spec, { label, include, exclude, labelsRequired });
  printReport(spec, set, quiet);
  return set;
}

/** Prints the report of {@link readSet}. */
export function printReport(spec: string, { problems, warnings, skipped }: SetReport, quiet: boolean): void {
  if (problems.length > 0) {
    process.exitCode = EXIT.someFailed;
    printMessage(`Could not read part of ${spec}:`);
    printMessage(problems.map(({ reason, ...problem }) => formatFailure({ ...problem, code: reason })));
  }
  if (quiet) {
    return;
  }
  printMessage(warnings.map((warning) => `warning: ${warning}`));
  const left = skipped.filter(({ reason }) => reason !== 'hidden' && reason !== 'litter');
  if (left.length > 0) {
    printMessage(`Skipped in ${spec}:`);
    printMessage(left.map(formatSkipped));
  }
}

function formatSkipped({ reason, extension, count, example }: SkippedFiles): string {
  const what = extension === '' ? pluralise(count, 'file') : `${formatCount(count)} .${extension}`;
  return `  ${what}: ${REASONS[reason]}, such as ${example}`;
}
