/** `pawdex collections`: lists, creates, changes and deletes collections. */
import { Option } from '@commander-js/extra-typings';
import type { Engine, ServedCollection } from '../engine/engine.js';
import {
  COLLECTION_SETTINGS,
  createCommand,
  createCommandGroup,
  readCommonOptions,
  SERVER,
} from './create-command.js';
import { failUsage } from './exit-codes.js';
import { pluralise, printLine, printMessage } from './print.js';
import { withEngine } from './with-engine.js';

const createSubcommand = (name: string, description: string, example: string) =>
  createCommand(name, description, `collections ${example}`, COLLECTION_SETTINGS)
    .option('--json', 'print one JSON object')
    .addOption(SERVER);

const createOriginalsOption = () =>
  new Option(
    '--originals <mode>',
    'which copy of added photos to keep, so that another encoder can embed them',
  ).choices(['off', 'thumbnail', 'full'] as const);

/** Runs `work` and prints the collections that it returns. */
function run(
  flags: { json?: true },
  work: (engine: Engine) => Promise<ServedCollection | ServedCollection[]>,
): Promise<void> {
  return withEngine(readCommonOptions(flags), async (engine) =>
    printCollections([await work(engine)].flat(), flags.json),
  );
}

const list = createSubcommand('list', 'list the collections (default)', 'list --json').action((flags) =>
  run(flags, (engine) => engine.listCollections()),
);

const create = createSubcommand('create', 'create an empty collection', 'create mine --originals full')
  .argument('<name>', 'its name')
  .option('--description <text>', 'what it contains')
  .addOption(createOriginalsOption())
  .option('--encoder <name>', 'encoder that was added with `encoder add` (default: the one in use)')
  .action((name, flags) => {
    const { description, originals, encoder } = flags;
    return run(flags, (engine) => engine.createCollection(name, description, { originals, encoder }));
  });

const update = createSubcommand('update', 'change a collection', 'update mine --description "My pets"')
  .argument('<name>', 'collection')
  .option('--description <text>', 'what it contains')
  .addOption(createOriginalsOption())
  .action((name, flags) => {
    const { description, originals } = flags;
    if (description === undefined && originals === undefined) {
      failUsage('There is nothing to change: use --description or --originals.');
    }
    return run(flags, (engine) => engine.updateCollection(name, { description, originals }));
  });

const rename = createSubcommand('rename', 'rename a collection', 'rename mine pets')
  .argument('<name>', 'collection')
  .argument('<new-name>', 'its new name')
  .action((name, newName, flags) => run(flags, (engine) => engine.updateCollection(name, { name: newName })));

const alias = createSubcommand('alias', 'set the other names of a collection', 'alias pets mine')
  .argument('<name>', 'collection')
  .argument('[aliases...]', 'all its other names; none to remove them')
  .action((name, aliases, flags) => run(flags, (engine) => engine.updateCollection(name, { aliases })));

const remove = createSubcommand('delete', 'delete a collection with all its items', 'delete mine --yes')
  .argument('<name>', 'collection')
  .option('--yes', 'delete it even if it contains items')
  .action((name, flags) =>
    withEngine(readCommonOptions(flags), async (engine) => {
      const { count } = await engine.getCollection(name);
      requireYes(count, flags);
      await engine.deleteCollection(name);
      if (flags.json) {
        await printLine(JSON.stringify({ deleted: name, items: count }));
      } else {
        printMessage(`Deleted ${name} with ${pluralise(count, 'item')}.`);
      }
    }),
  );

export const command = createCommandGroup(
  'collections',
  'list, create, change and delete collections',
  'collections create mine --originals full',
  [list, create, update, rename, alias, remove],
);

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
  for (const { name, count, model, index, description, aliases, problem } of collections) {
    const otherNames = aliases.length === 0 ? '' : `, also ${aliases.join(', ')}`;
    const about = description === undefined ? '' : `: ${description}`;
    await printLine(`${name}  ${pluralise(count, 'item')}, ${model}, ${index.kind}${otherNames}${about}`);
    if (problem !== null) {
      printMessage(`${problem.detail} ${problem.hint}`);
    }
  }
}
