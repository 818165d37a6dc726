/** `pawdex snapshot`, `restore` and `verify` for backups of a data directory, and `compact`. */
import { compactDirectory } from '../store/embedded/sqlite/database.js';
import {
  restoreSnapshot,
  snapshotDirectory,
  verifySnapshot,
} from '../store/embedded/sqlite/database-snapshot.js';
import type { SnapshotInfo } from '../store/store.js';
import { createCommand, readCommonOptions } from './create-command.js';
import { resolveOutputFile } from './output-file.js';
import { formatMiB, pluralise, printResult } from './print.js';

const createJsonCommand = (...args: Parameters<typeof createCommand>) =>
  createCommand(...args).option('--json', 'print one JSON object');

export const snapshot = createJsonCommand(
  'snapshot',
  'write all collections to a file, even while a server uses them',
  'snapshot pets.pawdex',
  ['DATA_DIR'],
)
  .argument('<file>', 'file to write; an existing one is replaced')
  .action(async (file, flags) => {
    const { DATA_DIR } = readCommonOptions(flags).config;
    const info = snapshotDirectory(DATA_DIR, await resolveOutputFile(file, DATA_DIR));
    await report(info, `written to ${file}`, flags.json);
  });

export const restore = createJsonCommand(
  'restore',
  'create a data directory from a snapshot',
  'restore pets.pawdex --data-dir new',
  ['DATA_DIR'],
)
  .argument('<file>', 'snapshot')
  .action((file, flags) => {
    const { DATA_DIR } = readCommonOptions(flags).config;
    return report(restoreSnapshot(file, DATA_DIR), `restored to ${DATA_DIR}`, flags.json);
  });

export const verify = createJsonCommand(
  'verify',
  'check a snapshot: its checksum, pages, items and vectors',
  'verify pets.pawdex',
  [],
)
  .argument('<file>', 'snapshot')
  .action((file, flags) => report(verifySnapshot(file), 'no damage found', flags.json));

export const compact = createJsonCommand('compact', 'free the disk space of deleted items', 'compact', [
  'DATA_DIR',
]).action(async (flags) => {
  const { before, after } = compactDirectory(readCommonOptions(flags).config.DATA_DIR);
  const sizes = `${formatMiB(before)} before, ${formatMiB(after)} after`;
  await printResult({ before, after }, sizes, flags.json);
});

async function report(info: SnapshotInfo, what: string, json?: boolean): Promise<void> {
  const summary = info.collections
    .map(({ name, items }) => `${name}: ${pluralise(items, 'item')}`)
    .join(', ');
  await printResult(info, `${summary || 'no collection'}; ${formatMiB(info.bytes)}, ${what}`, json);
}
