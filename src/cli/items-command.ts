/** `pawdex items`: lists, changes and deletes the items of a collection, by id or by filter. */
import { InvalidArgumentError } from '@commander-js/extra-typings';
import type { Engine } from '../engine/engine.js';
import { listPages } from '../store/list-pages.js';
import type { BulkPatch, Filter, Item, Metadata, Target } from '../store/store.js';
import { requireYes } from './collections-command.js';
import {
  COLLECTION_SETTINGS,
  collectValues,
  createCommand,
  createCommandGroup,
  makeWholeNumberParser,
  readCommonOptions,
  SERVER,
} from './create-command.js';
import { failUsage } from './exit-codes.js';
import { pluralise, printLine, printMessage } from './print.js';
import { withEngine } from './with-engine.js';

/** Flags that select items. */
interface SelectionFlags {
  collection: string;
  id?: string[] | true;
  label?: string[];
  species?: string[];
  where?: Metadata;
  text?: string;
}

const createSubcommand = (name: string, description: string, example: string) =>
  createCommand(name, description, `items ${example}`, COLLECTION_SETTINGS)
    .requiredOption('-c, --collection <name>', 'collection of the items')
    .option('--id <id...>', 'select items by id')
    .option('--label <label>', 'items with this label; may be repeated', collectValues)
    .option('--species <species>', 'items of this species; may be repeated', collectValues)
    .option(
      '--where <key=value>',
      'items whose metadata has this value, such as tags=indoor, camera.model=X100, age=3 or code="3"; if repeated, all must match',
      collectPair,
    )
    .option('--text <text>', 'items whose label, source or metadata contains this text');

const list = createSubcommand(
  'list',
  'list items (default)',
  'list -c mine --label tabby --where tags=indoor',
)
  .option('--limit <n>', 'list at most this many items', makeWholeNumberParser(1, 1_000_000_000))
  .option('--json', 'print one JSON object per item')
  .addOption(SERVER)
  .action((flags) =>
    withEngine(readCommonOptions(flags), async (engine) => {
      let left = flags.limit ?? Number.POSITIVE_INFINITY;
      for await (const items of selectItems(engine, flags)) {
        const shown = items.slice(0, left);
        left -= shown.length;
        if (shown.length > 0) {
          await printLine(shown.map((item) => (flags.json ? JSON.stringify(item) : formatItem(item))));
        }
        if (left <= 0) {
          return;
        }
      }
    }),
  );

const update = createSubcommand(
  'update',
  'change label, source or metadata of items',
  'update -c mine --label tabby --set-label "domestic shorthair"',
)
  .option('--set-label <label>', 'set this label; an empty one removes it')
  .option('--set-source <source>', 'set this source; an empty one removes it')
  .option('--set <key=value>', 'set this in the metadata; null removes the key; may be repeated', collectPair)
  .option('--json', 'print one JSON object')
  .addOption(SERVER)
  .action((flags) =>
    withEngine(readCommonOptions(flags), async ({ store }) => {
      const updated = await store.updateItems(flags.collection, readTarget(flags), readPatch(flags));
      await report({ updated }, `${pluralise(updated, 'item')} updated.`, flags);
    }),
  );

const remove = createSubcommand('delete', 'delete items', 'delete -c mine --where tags=blurred --yes')
  .option('--yes', 'confirm; without it, the items are counted and nothing is deleted')
  .option('--json', 'print one JSON object')
  .addOption(SERVER)
  .action((flags) =>
    withEngine(readCommonOptions(flags), async (engine) => {
      const target = readTarget(flags);
      requireYes(await countItems(engine, flags.collection, target), flags);
      const deleted = await engine.store.deleteItems(flags.collection, target);
      await report({ deleted }, `${pluralise(deleted, 'item')} deleted.`, flags);
    }),
  );

export const command = createCommandGroup(
  'items',
  'list, change and delete items',
  'items update -c mine --label tabby --set-label "domestic shorthair"',
  [list, update, remove],
);

/** Parses `key=value`. Numbers, true and false become JSON values; quotes keep them text. */
function collectPair(text: string, before: Metadata = {}): Metadata {
  const at = text.indexOf('=');
  if (at < 1) {
    throw new InvalidArgumentError('It must look like key=value.');
  }
  return { ...before, [text.slice(0, at)]: parseValue(text.slice(at + 1)) };
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Builds a filter from the flags; null if none of them was given. */
function readFilter({ label, species, where, text }: SelectionFlags): Filter | null {
  if ([label, species, where, text].every((flag) => flag === undefined)) {
    return null;
  }
  return { label, species, metadata: where as Filter['metadata'], text };
}

/** @throws PawdexError usage unless exactly one of ids and filter is given */
function readTarget(flags: SelectionFlags): Target {
  const filter = readFilter(flags);
  if ((filter === null) === (flags.id === undefined)) {
    failUsage('Choose items either by --id or by --label, --species, --where and --text.');
  }
  return filter === null ? { ids: flags.id as string[] } : { filter };
}

/** @throws PawdexError usage if there is nothing to change */
function readPatch({
  setLabel,
  setSource,
  set,
}: {
  setLabel?: string;
  setSource?: string;
  set?: Metadata;
}): BulkPatch {
  if (setLabel === undefined && setSource === undefined && set === undefined) {
    failUsage('There is nothing to change: use --set-label, --set-source or --set.');
  }
  return {
    label: setLabel === '' ? null : setLabel,
    source: setSource === '' ? null : setSource,
    mergeMetadata: set,
  };
}

async function countItems(engine: Engine, collection: string, target: Target): Promise<number> {
  if ('ids' in target) {
    return target.ids.length;
  }
  let count = 0;
  for await (const items of listPages(engine.store, collection, target.filter)) {
    count += items.length;
  }
  return count;
}

/** Yields the selected items in pages; all items if nothing selects some. */
async function* selectItems({ store }: Engine, flags: SelectionFlags): AsyncGenerator<Item[]> {
  const { collection, id: ids } = flags;
  if (ids === undefined) {
    yield* listPages(store, collection, readFilter(flags) ?? undefined);
  } else {
    yield Promise.all((ids as string[]).map((id) => store.getItem(collection, id)));
  }
}

const formatItem = ({ id, label, source, metadata }: Item) =>
  `${id}  ${label ?? '(no label)'}  ${source ?? ''}  ${JSON.stringify(metadata)}`;

async function report(result: object, sentence: string, { json }: { json?: true }): Promise<void> {
  if (json) {
    await printLine(JSON.stringify(result));
  } else {
    printMessage(sentence);
  }
}
