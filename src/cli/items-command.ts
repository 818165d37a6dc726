/** `pawdex items`: lists, changes and deletes the items of a collection, by id or by filter. */
import type { Engine } from '../engine/engine.js';
import { listPages } from '../store/list-pages.js';
import type { BulkPatch, Item, Target } from '../store/store.js';
import { requireYes } from './collections-command.js';
import { createCommand, makeWholeNumberParser, readCommonOptions, SERVER } from './create-command.js';
import { failUsage } from './exit-codes.js';
import { addFilterOptions, collectPair, readFilter } from './filter-options.js';
import { note, pluralise, printLine } from './print.js';
import { withEngine } from './with-engine.js';

const options = addFilterOptions(
  createCommand(
    'items',
    'list, change and delete items',
    'items update -c mine --label tabby --set-label "domestic shorthair"',
  )
    .argument('[action]', 'list, update or delete', 'list')
    .requiredOption('-c, --collection <name>', 'collection')
    .option('--id <id...>', 'these items'),
)
  .option('--limit <n>', 'list at most this many items', makeWholeNumberParser(1, 1_000_000_000))
  .option('--set-label <label>', 'update: set this label; an empty one removes it')
  .option('--set-source <source>', 'update: set this source; an empty one removes it')
  .option('--set <key=value>', 'update: set this in the metadata; null removes the key', collectPair)
  .option('--yes', 'delete: confirm; without it, the items are counted and nothing is deleted')
  .option('--json', 'print one JSON object; when listing, one per item');

type ItemsFlags = ReturnType<typeof options.opts>;

export const command = options.addOption(SERVER).action(async (action, flags) => {
  const { collection } = flags;
  await withEngine(readCommonOptions(flags), async (engine) => {
    if (action === 'update') {
      const updated = await engine.store.updateItems(collection, readTarget(flags), readPatch(flags));
      await report({ updated }, `${pluralise(updated, 'item')} updated.`, flags);
    } else if (action === 'delete') {
      const target = readTarget(flags);
      requireYes(await count(engine, collection, target), flags);
      const deleted = await engine.store.deleteItems(collection, target);
      await report({ deleted }, `${pluralise(deleted, 'item')} deleted.`, flags);
    } else if (action === 'list') {
      await list(engine, flags);
    } else {
      failUsage(`Unknown action ${action}. Use list, update or delete.`);
    }
  });
});

/** @throws PawdexError usage unless exactly one of ids and filter is given */
function readTarget(flags: ItemsFlags): Target {
  const filter = readFilter(flags);
  if ((filter === null) === (flags.id === undefined)) {
    failUsage('Choose items either by --id or by --label, --species, --where and --text.');
  }
  return filter === null ? { ids: flags.id! } : { filter };
}

/** @throws PawdexError usage if there is nothing to change */
function readPatch({ setLabel, setSource, set }: ItemsFlags): BulkPatch {
  if (setLabel === undefined && setSource === undefined && set === undefined) {
    failUsage('There is nothing to change: use --set-label, --set-source or --set.');
  }
  return {
    label: setLabel === '' ? null : setLabel,
    source: setSource === '' ? null : setSource,
    mergeMetadata: set,
  };
}

async function count(engine: Engine, collection: string, target: Target): Promise<number> {
  if ('ids' in target) {
    return target.ids.length;
  }
  let found = 0;
  for await (const items of listPages(engine.store, collection, target.filter)) {
    found += items.length;
  }
  return found;
}

async function list(engine: Engine, flags: ItemsFlags): Promise<void> {
  const { collection, id: ids, limit = Number.POSITIVE_INFINITY } = flags;
  let left = limit;
  const print = async (items: Item[]) => {
    const shown = items.slice(0, left);
    left -= shown.length;
    if (shown.length > 0) {
      await printLine(shown.map((item) => (flags.json ? JSON.stringify(item) : describe(item))));
    }
  };
  if (ids !== undefined) {
    await print(await Promise.all(ids.map((each) => engine.store.getItem(collection, each))));
    return;
  }
  for await (const items of listPages(engine.store, collection, readFilter(flags) ?? undefined)) {
    await print(items);
    if (left <= 0) {
      return;
    }
  }
}

const describe = ({ id, label, source, metadata }: Item) =>
  `${id}  ${label ?? '(no label)'}  ${source ?? ''}  ${JSON.stringify(metadata)}`;

async function report(result: object, sentence: string, { json }: ItemsFlags): Promise<void> {
  if (json) {
    await printLine(JSON.stringify(result));
  } else {
    note(sentence);
  }
}
