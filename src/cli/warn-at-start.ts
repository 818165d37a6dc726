/** Warnings that a server logs at start: notices of the store, missing features, and access for others. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import type { LocalEngine } from '../engine/local-engine.js';
import { DATABASE_FILE } from '../store/embedded/sqlite/file-names.js';

/** Logs the notices of the store, and warns about missing features. */
export async function warnAboutStart(engine: LocalEngine, logger: Logger): Promise<void> {
  const { graphUnavailable, notices } = await engine.store.stats();
  for (const { name, problem } of await engine.listCollections()) {
    if (problem !== null) {
      logger.warn({ collection: name, code: problem.code, hint: problem.hint }, problem.detail);
    }
  }
  for (const notice of notices) {
    logger.warn(notice);
  }
  if (graphUnavailable !== null) {
    logger.warn(
      { reason: graphUnavailable },
      'hnswlib-node is not available: searches in large collections will be slow.',
    );
  }
  if (engine.gallery === 'unwritable') {
    logger.warn(
      'The shipped gallery could not be stored because the disk is full. The next start tries again.',
    );
  }
  if (engine.gallery === 'kept') {
    logger.warn(
      'The shipped gallery was not loaded: the collection `breeds` was embedded with another encoder and contains items of your own.',
    );
  }
}

/** Warns if others can access the server, its keys or its data. */
export async function warnAboutAccess(
  config: Config,
  { logger, hasKeysOnCommandLine }: { logger: Logger; hasKeysOnCommandLine: boolean },
): Promise<void> {
  if (hasKeysOnCommandLine) {
    logger.warn('Other users of this machine can see the keys given with --api-keys. Use --api-keys-file.');
  }
  if (config.ALLOW_UNAUTHENTICATED && config.API_KEYS.length === 0) {
    logger.warn('No API key is required: anyone who can reach this server can read, write and delete.');
  }
  if (await isReadableByOthers(config.DATA_DIR)) {
    logger.warn(`Other users of this machine can read the data directory: chmod -R go= ${config.DATA_DIR}`);
  }
}

/** pawdex creates private files, but a directory that existed before keeps its mode. */
async function isReadableByOthers(dataDir: string): Promise<boolean> {
  if (process.platform === 'win32') {
    return false;
  }
  const readMode = async (file: string) => (await stat(file).catch(() => null))?.mode ?? 0;
  const [directory, database] = await Promise.all([
    readMode(dataDir),
    readMode(path.join(dataDir, DATABASE_FILE)),
  ]);
  return (directory & 0o005) === 0o005 && (database & 0o004) !== 0;
}
