/** `pawdex collections`: lists, creates and deletes collections. */
import type { Command } from 'commander';
import { PawdexError } from '../errors.js';
import type { CollectionInfo } from '../store/store.js';
import { addServerOption, createCommand, readCommonOptions } from './create-command.js';
import { note, pluralise, printLine } from './print.js';
import { withEngine } from './with-engine.js';

interface CollectionsFlags {
  description?: string;
  yes?: boolean;
  json?: boolean;
}

/** Defines the command. */
export function createCollectionsCommand(): Command {
  return addServerOption(
    createCommand('collections', 'list, create and delete collections', 'collections create mine'),
  )
    .argument('[action]', 'list (as without one), create or delete')
    .argument('[name]', 'collection to create or delete')
    .option('--description <text>', 'what a new collection holds')
    .option('--yes', 'delete a collection that holds items')
    .option('--json', 'print one JSON object')
    .action(run);
}

async function run(
  action: string | undefined,
  name: string | undefined,
  flags: CollectionsFlags & Record<string, unknown>,
): Promise<void> {
  if (!['list', 'create', 'delete'].includes(action ?? 'list')) {
    throw new PawdexError('usage', { detail: `${action} is none of list, create and delete.` });
  }
  if ((action === 'create' || action === 'delete') !== (name !== undefined)) {
    throw new PawdexError('usage', {
      detail: 'Name a collection to create or delete it, and no other time.',
    });
  }
  await withEngine(readCommonOptions(flags), async (engine) => {
    if (action === 'create') {
      await printCollections([await engine.createCollection(name!, flags.description)], flags);
    } else if (action === 'delete') {
      const { count } = await engine.store.getCollection(name!);
      requireYes(count, flags);
      await engine.deleteCollection(name!);
      note(`Deleted ${name} with ${pluralise(count, 'item')}.`);
    } else {
      await printCollections(await engine.store.listCollections(), flags);
    }
  });
}

/** @throws PawdexError usage when items would be deleted without `--yes` */
export function requireYes(count: number, { yes }: { yes?: boolean }): void {
  if (count > 0 && yes !== true) {
    throw new PawdexError('usage', {
      detail: `${pluralise(count, 'item')} would be deleted.`,
      hint: 'Add --yes if that is what you want.',
    });
  }
}

async function printCollections(collections: CollectionInfo[], { json }: CollectionsFlags): Promise<void> {
  if (json === true) {
    await printLine(JSON.stringify({ collections }));
    return;
  }
  await printLine(
    collections.map(({ name, count, model, index, description }) => {
      const about = description === undefined ? '' : `: ${description}`;
      return `${name}  ${pluralise(count, 'item')}, ${model}, ${index.kind}${about}`;
    }),
  );
}
