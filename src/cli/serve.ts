/** `pawdex serve`: settings -> engine -> HTTP, until a signal says stop. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import type { Logger } from 'pino';
import { type Config, PACKAGE_ROOT } from '../config.js';
import { damagedEngine } from '../engine/damaged.js';
import { type LocalEngine, openLocalEngine } from '../engine/local.js';
import { asPawdexError, PawdexError } from '../errors.js';
import { createApp } from '../http/app.js';
import type { Lifecycle } from '../http/lifecycle.js';
import { type RunningServer, startServer } from '../http/server.js';
import { requireKeysBeyondLoopback } from '../http/sites.js';
import { jobRecords } from '../jobs/job-records.js';
import { JobRunner } from '../jobs/job-runner.js';
import { jobWork } from '../jobs/job-work.js';
import { DATABASE_FILE } from '../store/embedded/database.js';
import type { WorkerWatcher } from '../threads/restarting-worker.js';
import { readApiKeys } from './api-keys.js';
import { command, commonOptions } from './command.js';
import { EXIT } from './exit.js';
import { onInterrupt } from './interrupt.js';
import { createLogger } from './logger.js';
import { formatSeconds, note, plural } from './output.js';
import { announceServer, runningServer, withdrawServer } from './server-file.js';
import { VERSION } from './version.js';

/** The command, not yet wired. */
export function serveCommand(): Command {
  return command('serve', 'run the server', 'serve --port 8080 --data-dir /var/lib/pawdex').action(run);
}

async function run(flags: Record<string, unknown>): Promise<void> {
  const started = performance.now();
  const { config: given, quiet } = commonOptions(flags);
  const config = { ...given, API_KEYS: await readApiKeys(given) };
  requireKeysBeyondLoopback(config);
  const logger = await createLogger(config.LOG_LEVEL);
  // From the first moment: as a container's first process it would otherwise not be stopped while it starts.
  const interruption = onInterrupt(
    quiet ? null : 'Stopping: requests in flight are finished; Ctrl-C again stops at once.',
  );
  const die = (error: unknown, what: string) => {
    try {
      logger.fatal({ err: error }, what);
    } finally {
      process.exit(EXIT.someFailed);
    }
  };
  process.on('uncaughtException', (error) => die(error, 'Unexpected error; the server ends.'));
  const engine = await openEngine(config, {
    onRestart: (error) =>
      logger.error({ err: error.cause ?? error }, 'A worker thread died and is restarted.'),
    onCrash: (error) => die(error.cause ?? error, 'A worker thread died twice; the server ends.'),
  });
  if (flags.apiKeys !== undefined) {
    logger.warn('Other users of this machine can see the keys given with --api-keys: use --api-keys-file.');
  }
  await warnIfReadableByOthers(config.DATA_DIR, logger);
  try {
    await serve({ config, engine, logger, quiet, started, stop: interruption.signal });
  } finally {
    await engine.close();
  }
  logger.info('stopped');
}

interface Serving {
  config: Config;
  engine: LocalEngine;
  logger: Logger;
  quiet: boolean;
  /** When the process began to start, of `performance.now()`. */
  started: number;
  /** Raised when the server should stop. */
  stop: AbortSignal;
}

/** Answers requests until `stop` is raised. Whatever fails, nothing listens any more when this settles. */
async function serve({ config, engine, logger, quiet, started, stop }: Serving): Promise<void> {
  const lifecycle: Lifecycle = { state: 'starting' };
  const jobs = await openJobs(config, engine, logger);
  let server: RunningServer | null = null;
  try {
    const app = createApp({
      engine,
      jobs,
      config,
      logger,
      version: VERSION,
      lifecycle,
      load: engine,
      webDir: path.join(PACKAGE_ROOT, 'dist', 'web'),
    });
    server = await startServer(app, {
      host: config.HOST,
      port: config.PORT,
      lifecycle,
      limits: { maxConnections: config.MAX_CONNECTIONS },
      onRefused: (refused) =>
        logger.warn(
          { refused, limit: config.MAX_CONNECTIONS },
          'Connections were refused: too many at once.',
        ),
    });
    await Promise.race([becomeReady(engine, lifecycle, logger), raised(stop)]);
    await announce(config.DATA_DIR, server.url, logger);
    if (lifecycle.state === 'ready') {
      await tellAboutStart(engine, logger);
      const seconds = (performance.now() - started) / 1000;
      logger.info({ url: server.url, address: server.address, version: VERSION, seconds }, 'ready');
      if (!quiet) note(await greeting(engine, server, seconds));
    }
    warnIfOpen(config, server, logger);
    await raised(stop);
    logger.info('stopping');
  } finally {
    // First the jobs: who follows one is told its end, and that request is over.
    await Promise.all([jobs.close(), server?.close({ graceSeconds: config.SHUTDOWN_SECONDS })]);
    if (server !== null) await withdraw(config.DATA_DIR, logger);
  }
}

/** Waits until searches are answered at full speed, and notes it should the data directory prove damaged, then or later. */
async function becomeReady(engine: LocalEngine, lifecycle: Lifecycle, logger: Logger): Promise<void> {
  const noteDamage = (problem: PawdexError) => {
    if (lifecycle.state === 'damaged' || lifecycle.state === 'stopping') return;
    Object.assign(lifecycle, { state: 'damaged', problem } satisfies Lifecycle);
    logger.error({ code: problem.code, hint: problem.hint }, `Not ready: ${problem.message}`);
  };
  void engine.damage().then((problem) => problem !== null && noteDamage(problem));
  try {
    await engine.ready();
    if (lifecycle.state === 'starting') lifecycle.state = 'ready';
  } catch (error) {
    const coded = asPawdexError(error);
    if (coded.code !== 'data_damaged') throw error;
    noteDamage(coded);
  }
}

/** A full disk or a file in the way must not keep a server from serving: the file is only a hint. */
async function announce(dataDir: string, url: string, logger: Logger): Promise<void> {
  await announceServer(dataDir, url).catch((error) =>
    logger.warn(
      { err: error },
      `DATA_DIR/server.json cannot be written: other commands need --server ${url} to work through this server.`,
    ),
  );
}

async function withdraw(dataDir: string, logger: Logger): Promise<void> {
  await withdrawServer(dataDir).catch((error) =>
    logger.warn({ err: error }, 'DATA_DIR/server.json cannot be removed.'),
  );
}

/** Opens the engine; a data directory that a server has is told with that server's address. */
async function openEngine(config: Config, watcher: WorkerWatcher): Promise<LocalEngine> {
  try {
    return await openLocalEngine({ config, ...watcher });
  } catch (error) {
    const coded = asPawdexError(error);
    // It listens all the same: whoever looks after it asks /readyz what is wrong.
    if (coded.code === 'data_damaged') return damagedEngine(coded);
    const running = coded.code === 'data_dir_locked' ? await runningServer(config.DATA_DIR) : null;
    if (running === null) throw error;
    throw new PawdexError('data_dir_locked', {
      detail: `A pawdex server runs on ${config.DATA_DIR} already: ${running.url} (process ${running.pid}).`,
      hint: 'Use that one, stop it, or name another --data-dir and --port.',
      cause: error,
    });
  }
}

function openJobs(config: Config, engine: LocalEngine, logger: Logger): Promise<JobRunner> {
  const records = jobRecords(path.join(config.DATA_DIR, 'jobs'), (file) =>
    logger.warn({ file }, 'The record of a job cannot be read; the file is left as it is.'),
  );
  // Photos are found without the records of jobs. New jobs are refused with a code while they cannot be written.
  const load = () =>
    records.load().catch((error) => {
      logger.warn(
        { err: error.cause ?? error },
        'The records of jobs cannot be read: earlier jobs are not listed.',
      );
      return [];
    });
  return JobRunner.open({
    work: jobWork(engine),
    records: { ...records, load },
    onOver: ({ id, kind, collection, state, error }) =>
      logger.info({ job: id, kind, collection, state, code: error?.code }, 'job over'),
    onTrouble: (error) => logger.error({ err: error.cause ?? error, code: error.code }, 'job trouble'),
  });
}

/** What the start found that an operator should know. */
async function tellAboutStart(engine: LocalEngine, logger: Logger): Promise<void> {
  const { graphUnavailable, repairs } = await engine.storeStats();
  for (const repair of repairs)
    logger.warn({ repair }, 'The data directory was damaged and has been repaired.');
  if (graphUnavailable !== null)
    logger.warn(
      { reason: graphUnavailable },
      'There is no graph index: searches are exact, slower when large.',
    );
  if (engine.gallery === 'unwritable')
    logger.warn(
      'The shipped gallery could not be stored: the disk is full. It is stored at a start with more room.',
    );
  if (engine.gallery === 'kept')
    logger.warn(
      'The collection `breeds` was embedded with another model and holds items of your own, so the shipped gallery was not loaded.',
    );
}

/** Every start of a server that strangers may change says so. */
function warnIfOpen(config: Config, { address }: RunningServer, logger: Logger): void {
  if (config.ALLOW_UNAUTHENTICATED && config.API_KEYS.length === 0)
    logger.warn({ address }, 'No key is asked for: whoever reaches this address may read, write and delete.');
}

/** pawdex makes its own files private; a directory that was there before keeps the mode its owner gave it. */
async function warnIfReadableByOthers(dataDir: string, logger: Logger): Promise<void> {
  if (process.platform === 'win32') return;
  const database = await stat(path.join(dataDir, DATABASE_FILE)).catch(() => null);
  // That it is missing is said elsewhere.
  if (database === null) return;
  const { mode } = database;
  if ((mode & 0o004) === 0 || ((await stat(dataDir)).mode & 0o005) !== 0o005) return;
  logger.warn(
    { dataDir },
    `Other users of this machine can read the data directory: chmod -R go= ${dataDir}`,
  );
}

async function greeting(engine: LocalEngine, server: RunningServer, seconds: number): Promise<string[]> {
  const { url, address } = server;
  const where = url.endsWith(address) ? url : `${url}, listening on ${address}`;
  const collections = await engine.listCollections();
  const { graphUnavailable } = await engine.storeStats();
  const held = collections.map(({ name, count }) => `${name}: ${plural(count, 'photo')}`).join(', ');
  const exact = graphUnavailable === null ? [] : ['hnswlib-node is not available: searches are exact.'];
  const ready = `pawdex ${VERSION} is ready at ${where} (${held || 'no collection yet'}; started in ${formatSeconds(seconds)}).`;
  return [ready, ...exact];
}

function raised(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
