/** `pawdex collections`: lists, creates, changes and deletes collections. */
import { Option } from '@commander-js/extra-typings';
import type { Engine, ServedCollection } from '../engine/engine.js';
import type { Originals } from '../store/store.js';
import { createCommand, readCommonOptions, SERVER } from './create-command.js';
import { failUsage } from './exit-codes.js';
import { note, pluralise, printLine } from './print.js';
import { withEngine } from './with-engine.js';

interface CollectionFlags {
  description?: string;
  originals?: Originals;
  encoder?: string;
  yes?: boolean;
}

type Action = (
  engine: Engine,
  name: string,
  names: string[],
  flags: CollectionFlags,
) => Promise<ServedCollection[]>;

/** All actions except `list`. @returns the collections to print */
const ACTIONS: Readonly<Record<string, Action>> = {
  create: async (engine, name, _names, { description, originals, encoder }) => [
    await engine.createCollection(name, description, { originals, encoder }),
  ],
  update: async (engine, name, _names, { description, originals }) => {
    if (description === undefined && originals === undefined) {
      failUsage('There is nothing to change: use --description or --originals.');
    }
    return [await engine.updateCollection(name, { description, originals })];
  },
  rename: async (engine, name, [renamed]) => [await engine.updateCollection(name, { name: renamed! })],
  alias: async (engine, name, aliases) => [await engine.updateCollection(name, { aliases })],
  delete: async (engine, name, _names, flags) => {
    const { count } = await engine.getCollection(name);
    requireYes(count, flags);
    await engine.deleteCollection(name);
    note(`Deleted ${name} with ${pluralise(count, 'item')}.`);
    return [];
  },
};

export const command = createCommand(
  'collections',
  'list, create, change and delete collections',
  'collections create mine --originals full',
)
  .argument('[action]', 'list, create, update, rename, alias or delete', 'list')
  .argument('[name]', 'collection')
  .argument('[names...]', 'rename: the new name; alias: all its aliases, none to remove them')
  .option('--description <text>', 'create and update: describes the collection')
  .addOption(
    new Option(
      '--originals <what>',
      'create and update: which copy of added photos to keep, so that another encoder can embed them',
    ).choices(['off', 'thumbnail', 'full'] as const),
  )
  .option('--encoder <name>', 'create: encoder that was added with `encoder add`')
  .option('--yes', 'delete: even if the collection contains items')
  .option('--json', 'print one JSON object')
  .addOption(SERVER)
  .action(async (action, name, names, flags) => {
    const act = action === 'list' ? null : ACTIONS[action];
    if (act === undefined) {
      failUsage(`Unknown action ${action}. Use one of list, ${Object.keys(ACTIONS).join(', ')}.`);
    }
    const wanted = action === 'rename' ? 1 : 0;
    if ((act !== null) !== (name !== undefined) || (action !== 'alias' && names.length !== wanted)) {
      failUsage('All actions except list need the name of a collection; rename needs two names.');
    }
    await withEngine(readCommonOptions(flags), async (engine) => {
      if (act === null) {
        await printCollections(await engine.listCollections(), flags.json);
        return;
      }
      const changed = await act(engine, name!, names, flags);
      if (changed.length > 0) {
        await printCollections(changed, flags.json);
      }
    });
  });

/** @throws PawdexError usage if items would be deleted without `--yes` */
export function requireYes(count: number, { yes }: { yes?: boolean }): void {
  if (count > 0 && yes !== true) {
    failUsage(`${pluralise(count, 'item')} would be deleted.`, 'Add --yes if that is what you want.');
  }
}

async function printCollections(collections: ServedCollection[], json = false): Promise<void> {
  if (json) {
    await printLine(JSON.stringify({ collections }));
    return;
  }
  for (const collection of collections) {
    const { name, count, model, index, description, aliases, problem } = collection;
    const also = aliases.length === 0 ? '' : `, also ${aliases.join(', ')}`;
    const about = description === undefined ? '' : `: ${description}`;
    await printLine(`${name}  ${pluralise(count, 'item')}, ${model}, ${index.kind}${also}${about}`);
    if (problem !== null) {
      note(`${problem.detail} ${problem.hint}`);
    }
  }
}
