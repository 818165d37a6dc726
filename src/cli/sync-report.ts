/** Reports what `pawdex index --sync` did, or would do. */
import type { SyncPlan } from '../indexing/sync/plan-sync.js';
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
import type { SyncOutcome } from './sync-folder.js';

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
    await printLine(JSON.stringify({ ...describeSync(outcome, flags), seconds, interrupted }));
  } else if (summary === null) {
    await printLine(describePlan(plan));
  }
  if (summary !== null && summary.failures.length > 0) {
    note(`${pluralise(summary.failures.length, 'photo')} could not be indexed:`);
    note(summary.failures.map(formatFailure));
  }
  if (summary?.stoppedBy) {
    note(describeError(summary.stoppedBy, flags.verbose));
  }
  if (flags.quiet) {
    return;
  }
  if (plan.kept.length > 0) {
    note(`${pluralise(plan.kept.length, 'photo')} kept, because part of the folder could not be read.`);
  }
  if (summary === null) {
    note('Nothing was changed.');
  } else {
    note(`Synced "${flags.collection}" in ${formatSeconds(seconds)}: ${describeCounts(outcome, flags)}.`);
  }
}

/** Formats counts as `3 added, 1 changed, ...`, of what was done or, after a dry run, of what would be. */
function describeCounts({ plan, summary, added }: SyncOutcome, { keepMissing }: IndexFlags): string {
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

function describePlan(plan: SyncPlan): string[] {
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
  return kinds.flatMap(([verb, files]) => [
    `${verb} ${formatCount(files.length)}`,
    ...files.slice(0, SHOWN).map((file) => `  ${file}`),
    ...(files.length > SHOWN ? [`  and ${formatCount(files.length - SHOWN)} more`] : []),
  ]);
}

function describeSync({ given, plan, summary, added }: SyncOutcome, { collection, keepMissing }: IndexFlags) {
  const { skipped, problems, warnings } = given.set;
  const stopped = summary?.stoppedBy;
  const error = stopped ? { code: stopped.code, detail: stopped.message } : undefined;
  return {
    collection,
    folder: given.folder,
    dryRun: summary === null,
    total: given.photos.length,
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
    notTaken: skipped,
    problems,
    warnings,
  };
}
