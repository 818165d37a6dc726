/** `pawdex labels`: counts the labels of a collection, or the values of a metadata key. */
import {
  COLLECTION_SETTINGS,
  createCommand,
  makeWholeNumberParser,
  readCommonOptions,
  SERVER,
} from './create-command.js';
import { formatCount, printResult } from './print.js';
import { withEngine } from './with-engine.js';

export const command = createCommand(
  'labels',
  'count the items of each label, or of each value of a metadata key',
  'labels -c mine --field species',
  COLLECTION_SETTINGS,
)
  .requiredOption('-c, --collection <name>', 'collection of the items')
  .option('--field <key>', 'count the values of this metadata key instead')
  .option('--limit <n>', 'with --field: list at most this many values', makeWholeNumberParser(1, 1000), 100)
  .option('--json', 'print one JSON object')
  .addOption(SERVER)
  .action(async ({ collection, field, limit, json, ...flags }) => {
    const format = (count: number, name: string | number | boolean | null) =>
      `${formatCount(count).padStart(9)}  ${name ?? '(no label)'}`;
    await withEngine(readCommonOptions(flags), async ({ store }) => {
      if (field === undefined) {
        const labels = await store.listLabels(collection);
        const lines = labels.map(({ label, count }) => format(count, label));
        await printResult({ labels }, lines, json);
      } else {
        const values = await store.listFacets(collection, field, limit);
        const lines = values.map(({ value, count }) => format(count, value));
        await printResult({ field, values }, lines, json);
      }
    });
  });
