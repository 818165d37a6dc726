/**
 * The log of a server: JSON lines on stdout, or readable lines on a terminal if pino-pretty is installed. It starts with
 * warnings about the data directory, missing features, and access for others.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type Logger, pino } from 'pino';
import type { Config } from '../config.js';
import type { LocalEngine } from '../engine/local-engine.js';
import { DATABASE_FILE } from '../store/embedded/sqlite/file-names.js';
import { printMessage } from './print.js';

/** Characters to buffer while the log cannot be written. Further lines are dropped. */
const MAX_BUFFERED = 1024 ** 2;

/**
 * Creates the logger.
 *
 * @param level the lowest level that is written
 */
export async function createLogger(level: Config['LOG_LEVEL']): Promise<Logger> {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  // A development dependency: production installations log JSON.
  const pretty = process.stdout.isTTY ? await import('pino-pretty').catch(() => null) : null;
  const destination =
    pretty === null
      ? openStandardOutput()
      : pretty.default({ sync: true, singleLine: true, translateTime: 'HH:MM:ss' });
  return pino(options, destination);
}

/** Warns once on stderr if the log cannot be written, for instance because the disk is full. The server must not exit. */
function openStandardOutput() {
  const destination = pino.destination({ dest: 1, sync: true, maxLength: MAX_BUFFERED });
  let hasComplained = false;
  destination.on('error', (error: NodeJS.ErrnoException) => {
    if (hasComplained || error.code === 'EPIPE') {
      return;
    }
    hasComplained = true;
    printMessage(
      `warning: the log cannot be written (${error.message}). The server keeps running without it.`,
    );
  });
  return destination;
}

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
