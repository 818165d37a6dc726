/** Reports what `pawdex index` did, or would do. */
import type { AddResult } from '../engine/engine.js';
import type { PhotoToIndex } from '../indexing/describe-photo.js';
import type { IndexSummary } from '../indexing/index-folder.js';
import { countBy } from '../math/group-by.js';
import type { GivenSets } from './given-sets.js';
import type { IndexFlags } from './index-flags.js';
import {
  describeError,
  formatCount,
  formatFailure,
  formatSeconds,
  note,
  pluralise,
  printLine,
} from './print.js';

/** Names of files by outcome. Failures are in the summary. */
export interface IndexedFiles {
  added: string[];
  /** Already in the collection under another label, which they keep. */
  otherLabel: string[];
}

/** Records the outcome of a photo. */
export function noteFile(files: IndexedFiles, { name, label }: PhotoToIndex, result: AddResult): void {
  if (result.status === 'created') {
    files.added.push(name);
  } else if (result.status === 'exists' && result.label !== label) {
    files.otherLabel.push(name);
  }
}

interface ReportOptions {
  files: IndexedFiles;
  flags: IndexFlags;
  given: GivenSets;
  seconds: number;
  interrupted: boolean;
}

/** Prints what was done. */
export async function reportSummary(
  summary: IndexSummary,
  { flags, given, files, seconds, interrupted }: ReportOptions,
): Promise<void> {
  const { total, done, created, skipped, failed, failures, otherLabel, stoppedBy } = summary;
  if (flags.json) {
    const { collection } = flags;
    const error = stoppedBy === null ? undefined : { code: stoppedBy.code, detail: stoppedBy.message };
    const outcome = { collection, total, done, created, skipped, failed, otherLabel, seconds, interrupted };
    await printLine(JSON.stringify({ ...outcome, error, files, failures, ...describeGiven(given) }));
  }
  if (failures.length > 0) {
    note(`${pluralise(failures.length, 'photo')} could not be indexed:`);
    note(failures.map(formatFailure));
  }
  if (otherLabel > 0 && !flags.quiet) {
    note(
      `${pluralise(otherLabel, 'photo')} already in "${flags.collection}" with another label, which was kept.`,
    );
  }
  if (stoppedBy !== null) {
    note(describeError(stoppedBy, flags.verbose));
  }
  if (flags.quiet) {
    return;
  }
  const rate = seconds > 0 ? ` (${(created / seconds).toFixed(0)} photos/s)` : '';
  note(
    `Indexed ${pluralise(created, 'photo')} into "${flags.collection}" in ${formatSeconds(seconds)}${rate}; ${formatCount(skipped)} already there, ${formatCount(failed)} failed.`,
  );
  if (done < total) {
    note(`${pluralise(total - done, 'photo')} left. Run the same command again to continue.`);
  }
}

/** Prints the labels of what would be indexed, most photos first. */
export async function reportDryRun(given: GivenSets, flags: IndexFlags): Promise<void> {
  const counts = countBy(given.photos, ({ label }) => label);
  const labels = [...counts].map(([label, count]) => ({ label, count })).sort((a, b) => b.count - a.count);
  const total = given.photos.length;
  if (flags.json) {
    await printLine(JSON.stringify({ dryRun: true, total, labels, ...describeGiven(given) }));
    return;
  }
  await printLine(labels.map(({ label, count }) => `${String(count).padStart(8)}  ${label ?? '(no label)'}`));
  if (!flags.quiet) {
    note(`${pluralise(total, 'photo')} with ${pluralise(counts.size, 'label')}. Nothing was indexed.`);
  }
}

/** Describes what was left out of the given folders, for `--json`. */
function describeGiven({ skipped, problems, warnings }: GivenSets) {
  return { notTaken: skipped, problems, warnings };
}
