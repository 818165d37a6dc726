/** `pawdex snapshot`, `restore` and `verify` for backups of a data directory, and `compact`. */
import type { Command } from 'commander';
import { compactDirectory } from '../store/embedded/sqlite/database.js';
import {
  restoreSnapshot,
  snapshotDirectory,
  verifySnapshot,
} from '../store/embedded/sqlite/database-snapshot.js';
import type { SnapshotInfo } from '../store/store.js';
import { createCommand, readCommonOptions } from './create-command.js';
import { resolveOutputFile } from './output-file.js';
import { pluralise, printResult } from './print.js';

type Flags = { json?: boolean } & Record<string, unknown>;

/** Defines `snapshot`. */
export function createSnapshotCommand(): Command {
  return withJson(
    'snapshot',
    'write all collections to a file, even while a server uses them',
    'snapshot pets.pawdex',
  )
    .argument('<file>', 'file to write; an existing one is replaced')
    .action(async (file: string, flags: Flags) => {
      const { DATA_DIR } = readCommonOptions(flags).config;
      const info = snapshotDirectory(DATA_DIR, await resolveOutputFile(file, DATA_DIR));
      await report(info, `written to ${file}`, flags);
    });
}

/** Defines `restore`. */
export function createRestoreCommand(): Command {
  return withJson('restore', 'create a data directory from a snapshot', 'restore pets.pawdex --data-dir new')
    .argument('<file>', 'snapshot')
    .action((file: string, flags: Flags) => {
      const { DATA_DIR } = readCommonOptions(flags).config;
      return report(restoreSnapshot(file, DATA_DIR), `restored to ${DATA_DIR}`, flags);
    });
}

/** Defines `verify`. */
export function createVerifyCommand(): Command {
  return withJson('verify', 'check a snapshot: its checksum, pages, items and vectors', 'verify pets.pawdex')
    .argument('<file>', 'snapshot')
    .action((file: string, flags: Flags) => report(verifySnapshot(file), 'whole', flags));
}

/** Defines `compact`. */
export function createCompactCommand(): Command {
  return withJson('compact', 'free the disk space of deleted items', 'compact').action(
    async (flags: Flags) => {
      const { before, after } = compactDirectory(readCommonOptions(flags).config.DATA_DIR);
      const sizes = `${formatMiB(before)} before, ${formatMiB(after)} after`;
      await printResult({ before, after }, sizes, flags.json);
    },
  );
}

const withJson = (name: string, description: string, example: string) =>
  createCommand(name, description, example).option('--json', 'print one JSON object');

const formatMiB = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;

async function report(info: SnapshotInfo, what: string, { json }: Flags): Promise<void> {
  const held = info.collections.map(({ name, items }) => `${name}: ${pluralise(items, 'item')}`).join(', ');
  await printResult(info, `${held || 'no collection'}; ${formatMiB(info.bytes)}, ${what}`, json);
}
