/** `pawdex labels`: counts the labels of a collection, or the values of a metadata key. */
import type { Command } from 'commander';
import {
  addServerOption,
  createCommand,
  makeWholeNumberParser,
  readCommonOptions,
} from './create-command.js';
import { formatCount, printResult } from './print.js';
import { withEngine } from './with-engine.js';

interface LabelsFlags {
  collection: string;
  field?: string;
  limit: number;
  json?: boolean;
}

/** Defines the command. */
export function createLabelsCommand(): Command {
  return addServerOption(
    createCommand(
      'labels',
      'count the items of each label, or of each value of a metadata key',
      'labels -c mine --field species',
    ),
  )
    .requiredOption('-c, --collection <name>', 'collection')
    .option('--field <key>', 'count the values of this metadata key instead')
    .option('--limit <n>', 'list at most this many values', makeWholeNumberParser(1, 1000), 100)
    .option('--json', 'print one JSON object')
    .action(run);
}

async function run({ collection, field, limit, json, ...flags }: LabelsFlags & Record<string, unknown>) {
  await withEngine(readCommonOptions(flags), async (engine) => {
    const counts =
      field === undefined
        ? (await engine.store.countLabels(collection)).map(({ label: name, count }) => ({ name, count }))
        : (await engine.store.countValues(collection, field, limit)).map(({ value: name, count }) => ({
            name,
            count,
          }));
    const key = field === undefined ? 'label' : 'value';
    const listed = counts.map(({ name, count }) => ({ [key]: name, count }));
    const lines = counts.map(
      ({ name, count }) => `${formatCount(count).padStart(9)}  ${name ?? '(no label)'}`,
    );
    await printResult(field === undefined ? { labels: listed } : { field, values: listed }, lines, json);
  });
}
