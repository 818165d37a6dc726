/** Reports what `pawdex index` did, or would do, with and without `--sync`. */

import type { SetReport } from '../datasets/set-report.js';
import type { AddResult } from '../engine/engine.js';
import type { IndexSummary } from '../indexing/index-folder.js';
import type { PhotoToIndex } from '../indexing/photo-to-index.js';
import type { SyncPlan } from '../indexing/sync/plan-sync.js';
import { countBy } from '../math/group-by.js';
import type { IndexFlags } from './index-flags.js';
import type { ScannedSets } from './prepare-indexing.js';
import {
  formatCount,
  formatError,
  formatFailure,
  formatSeconds,
  pluralise,
  printLine,
  printMessage,
} from './print.js';
import type { SyncOutcome } from './sync-folder.js';

/** Names of files by outcome. Failures are in the summary. */
export interface IndexedFiles {
  added: string[];
  /** Already in the collection under another label, which they keep. */
  otherLabel: string[];
}

/** Records the outcome of a photo. */
export function recordFile(files: IndexedFiles, { name, label }: PhotoToIndex, result: AddResult): void {
  if (result.status === 'created') {
    files.added.push(name);
  } else if (result.status === 'exists' && result.label !== label) {
    files.otherLabel.push(name);
  }
}

interface ReportOptions {
  files: IndexedFiles;
  flags: IndexFlags;
  scan: ScannedSets;
  seconds: number;
  interrupted: boolean;
}

function printFailures(
  failures: IndexSummary['failures'],
  stoppedBy: IndexSummary['stoppedBy'],
  { verbose }: IndexFlags,
): void {
  if (failures.length > 0) {
    printMessage(`${pluralise(failures.length, 'photo')} could not be indexed:`);
    printMessage(failures.map(formatFailure));
  }
  if (stoppedBy !== null) {
    printMessage(formatError(stoppedBy, verbose));
  }
}

/** Prints what was done. */
export async function reportSummary(
  summary: IndexSummary,
  { flags, scan, files, seconds, interrupted }: ReportOptions,
): Promise<void> {
  const { total, done, created, skipped, failed, failures, otherLabel, stoppedBy } = summary;
  if (flags.json) {
    const { collection } = flags;
    const error = stoppedBy === null ? undefined : { code: stoppedBy.code, detail: stoppedBy.message };
    const outcome = { collection, total, done, created, skipped, failed, otherLabel, seconds, interrupted };
    await printLine(JSON.stringify({ ...outcome, error, files, failures, ...toReportJson(scan) }));
  }
  printFailures(failures, stoppedBy, flags);
  if (flags.quiet) {
    return;
  }
  if (otherLabel > 0) {
    printMessage(
      `${pluralise(otherLabel, 'photo')} already in "${flags.collection}" with another label, which was kept (--sync changes it).`,
    );
  }
  const rate = created > 0 ? ` (${(created / seconds).toFixed(0)} photos/s)` : '';
  printMessage(
    `Indexed ${pluralise(created, 'photo')} into "${flags.collection}" in ${formatSeconds(seconds)}${rate}; ${formatCount(skipped)} already there, ${formatCount(failed)} failed.`,
  );
  if (done < total) {
    printMessage(`${pluralise(total - done, 'photo')} left. Run the same command again to continue.`);
  }
}

/** Prints the labels of what would be indexed, most photos first. */
export async function reportDryRun(scan: ScannedSets, flags: IndexFlags): Promise<void> {
  const counts = countBy(scan.photos, ({ label }) => label);
  const labels = [...counts].map(([label, count]) => ({ label, count })).sort((a, b) => b.count - a.count);
  const total = scan.photos.length;
  if (flags.json) {
    await printLine(JSON.stringify({ dryRun: true, total, labels, ...toReportJson(scan) }));
    return;
  }
  await printLine(labels.map(({ label, count }) => `${String(count).padStart(8)}  ${label ?? '(no label)'}`));
  if (!flags.quiet) {
    printMessage(
      `${pluralise(total, 'photo')} with ${pluralise(counts.size, 'label')}. Nothing was indexed.`,
    );
  }
}

/** Describes what was left out of the given folders, for `--json`. */
function toReportJson({ skipped, problems, warnings }: SetReport) {
  return { notTaken: skipped, problems, warnings };
}

/** Changes of each kind that are listed. `--json` has all. */
const SHOWN = 10;

/** Prints a plan or its result. */
export async function reportSync(
  outcome: SyncOutcome,
  flags: IndexFlags,
  { seconds, interrupted }: { seconds: number; interrupted: boolean },
): Promise<void> {
  const { plan, summary } = outcome;
  if (flags.json) {
    await printLine(JSON.stringify({ ...toSyncJson(outcome, flags), seconds, interrupted }));
  } else if (summary === null) {
    await printLine(formatPlan(plan));
  }
  if (summary !== null) {
    printFailures(summary.failures, summary.stoppedBy, flags);
  }
  if (flags.quiet) {
    return;
  }
  if (plan.kept.length > 0) {
    printMessage(
      `${pluralise(plan.kept.length, 'photo')} kept, because part of the folder could not be read.`,
    );
  }
  if (summary === null) {
    printMessage('Nothing was changed.');
  } else {
    printMessage(
      `Synced "${flags.collection}" in ${formatSeconds(seconds)}: ${formatCounts(outcome, flags)}.`,
    );
  }
}

/** Formats counts as `3 added, 1 changed, ...`, of what was done or, after a dry run, of what would be. */
function formatCounts({ plan, summary, added }: SyncOutcome, { keepMissing }: IndexFlags): string {
  const counts: [number, string][] = [
    [added.length, 'added'],
    [plan.changed.length, 'changed'],
    [plan.moved.length, 'moved'],
    [plan.relabelled.length, 'relabelled'],
    [plan.described.length, 'with new metadata'],
    keepMissing ? [plan.removed.length, 'missing and kept'] : [summary?.removed ?? 0, 'removed'],
    [plan.known + (summary?.skipped ?? 0), 'unchanged'],
    [summary?.failed ?? 0, 'failed'],
  ];
  return counts
    .filter(([count, what]) => count > 0 || what === 'unchanged')
    .map(([count, what]) => `${formatCount(count)} ${what}`)
    .join(', ');
}

function formatPlan(plan: SyncPlan): string[] {
  const kinds: [string, string[]][] = [
    ['add', plan.added.map(({ name, label }) => `${name} (${label ?? 'no label'})`)],
    ['replace', plan.changed.map(({ photo }) => photo.name)],
    ['move', plan.moved.map(({ item, photo }) => `${item.source} to ${photo.name}`)],
    [
      'relabel',
      plan.relabelled.map(
        ({ item, photo }) => `${photo.name} from ${item.label ?? 'no label'} to ${photo.label ?? 'no label'}`,
      ),
    ],
    ['set metadata of', plan.described.map(({ photo }) => photo.name)],
    ['remove', plan.removed.map(({ source, id }) => source ?? id)],
  ];
  return kinds
    .filter(([, files]) => files.length > 0)
    .flatMap(([verb, files]) => [
      `${verb} ${formatCount(files.length)}`,
      ...files.slice(0, SHOWN).map((file) => `  ${file}`),
      ...(files.length > SHOWN ? [`  and ${formatCount(files.length - SHOWN)} more`] : []),
    ]);
}

function toSyncJson({ scan, plan, summary, added }: SyncOutcome, { collection, keepMissing }: IndexFlags) {
  const stopped = summary?.stoppedBy;
  const error = stopped ? { code: stopped.code, detail: stopped.message } : undefined;
  return {
    collection,
    folder: scan.folder,
    dryRun: summary === null,
    total: scan.photos.length,
    added: added.length,
    changed: plan.changed.length,
    moved: plan.moved.length,
    relabelled: plan.relabelled.length,
    described: plan.described.length,
    removed: keepMissing ? 0 : plan.removed.length,
    known: plan.known + (summary?.skipped ?? 0),
    failed: summary?.failed ?? 0,
    ...(summary === null
      ? {}
      : { done: { created: summary.created, updated: summary.updated, removed: summary.removed } }),
    error,
    files: {
      added,
      changed: plan.changed.map(({ photo }) => photo.name),
      moved: plan.moved.map(({ item, photo }) => ({ from: item.source, to: photo.name })),
      relabelled: plan.relabelled.map(({ item, photo }) => ({
        file: photo.name,
        from: item.label,
        to: photo.label,
      })),
      described: plan.described.map(({ photo }) => photo.name),
      removed: plan.removed.map(({ source, id }) => source ?? id),
      kept: plan.kept.map(({ source, id }) => source ?? id),
    },
    failures: summary?.failures ?? [],
    ...toReportJson(scan.set),
  };
}
