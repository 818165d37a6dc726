/** `pawdex serve`: opens the engine and answers HTTP requests until Ctrl-C or SIGTERM. */
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import type { Logger } from 'pino';
import { type Config, listSettings, PACKAGE_ROOT, VERSION } from '../config.js';
import { createDamagedEngine } from '../engine/damaged-engine.js';
import { type LocalEngine, openLocalEngine } from '../engine/local-engine.js';
import { scheduleSnapshots } from '../engine/snapshot-schedule.js';
import { asPawdexError, PawdexError } from '../errors.js';
import type { Lifecycle } from '../http/app-deps.js';
import { createApp } from '../http/create-app.js';
import { requireKeysBeyondLoopback } from '../http/require-key.js';
import { removeOldTransfers } from '../http/routes/transfer-routes.js';
import { type RunningServer, startServer } from '../http/start-server.js';
import { FileJobRecords } from '../jobs/job-records.js';
import { JobRunner } from '../jobs/job-runner.js';
import { createJobWork } from '../jobs/job-work.js';
import type { StoredSnapshot } from '../store/store.js';
import type { WorkerWatcher } from '../threads/restarting-worker.js';
import { createCommand, readCommonOptions } from './create-command.js';
import { EXIT } from './exit-codes.js';
import { watchInterrupts } from './interruption.js';
import { formatSeconds, pluralise, printMessage } from './print.js';
import { readApiKeys } from './read-api-keys.js';
import { announceServer, findRunningServer, withdrawServer } from './server-file.js';
import { createLogger, warnAboutAccess, warnAboutStart } from './server-log.js';

/** Time for closing the engine after a fatal error. A lane that is being opened on a busy machine takes seconds. */
const CLOSE_LIMIT_MS = 10_000;

/**
 * Lets the heap of a thread double before V8 collects all of it. Decoded pixels count towards V8's own limit, so by default a
 * busy server would run a full collection for every 40 photos, which takes 5 % of its CPU time (`npm run bench:serve`).
 */
const HEAP_GROWTH = '--heap-growing-percent=100';

export const command = createCommand(
  'serve',
  'run the server',
  'serve --port 8080 --data-dir /var/lib/pawdex',
  listSettings().map(({ name }) => name),
).action(async (flags: Record<string, unknown>) => {
  const started = performance.now();
  setFlagsFromString(HEAP_GROWTH);
  const { config: settings, quiet } = readCommonOptions(flags);
  const config = { ...settings, API_KEYS: await readApiKeys(settings) };
  requireKeysBeyondLoopback(config);
  const logger = await createLogger(config.LOG_LEVEL);
  // Before anything slow: the first process of a container ignores signals that it does not handle.
  const interruption = watchInterrupts(
    quiet ? null : 'Stopping after the requests in progress. Press Ctrl-C again to stop immediately.',
  );
  let opened: LocalEngine | null = null;
  const exitWith = (error: unknown, message: string) => {
    try {
      logger.fatal({ err: error }, message);
    } finally {
      void closeSoon(opened).then(() => process.exit(EXIT.internal));
    }
  };
  process.on('uncaughtException', (error) => exitWith(error, 'Unexpected error. The server exits.'));
  const engine = await openEngine(config, {
    onRestart: (error) =>
      logger.error({ err: error.cause ?? error }, 'A worker thread died and is being restarted.'),
    onCrash: (error) => exitWith(error.cause ?? error, 'A worker thread died twice. The server exits.'),
  });
  opened = engine;
  try {
    await warnAboutAccess(config, { logger, hasKeysOnCommandLine: flags.apiKeys !== undefined });
    await runServer({ config, engine, logger, quiet, started, stop: interruption.signal });
  } finally {
    await engine.close();
  }
  logger.info('stopped');
});

/**
 * Closes the engine if that does not take long. `exit` kills threads in the middle of their work, and ONNX Runtime then
 * aborts the process, so that a supervisor would see a signal instead of the exit code.
 */
async function closeSoon(engine: LocalEngine | null): Promise<void> {
  const closed = engine?.close().catch(() => {});
  await Promise.race([closed, sleep(CLOSE_LIMIT_MS)]);
}

interface ServerRun {
  config: Config;
  engine: LocalEngine;
  logger: Logger;
  quiet: boolean;
  /** `performance.now()` when the command started. */
  started: number;
  /** Aborted when the server should stop. */
  stop: AbortSignal;
}

/** Answers requests until `stop` is aborted. Even if it fails, nothing is listening any more when it settles. */
async function runServer({ config, engine, logger, quiet, started, stop }: ServerRun): Promise<void> {
  const lifecycle: Lifecycle = { state: 'starting' };
  const jobs = await openJobRunner(config, engine, logger);
  await removeOldTransfers(config.DATA_DIR).catch((error) =>
    logger.warn({ err: error }, 'DATA_DIR/transfers cannot be removed.'),
  );
  let server: RunningServer | null = null;
  try {
    server = await listen({ config, engine, logger }, jobs, lifecycle);
    await Promise.race([becomeReady(engine, lifecycle, logger), waitForAbort(stop)]);
    // The file is only a hint, so the server runs without it.
    const { url } = server;
    await announceServer(config.DATA_DIR, url).catch((error) =>
      logger.warn(
        { err: error },
        `DATA_DIR/server.json cannot be written: other commands need --server ${url} to use this server.`,
      ),
    );
    if (lifecycle.state === 'ready') {
      await warnAboutStart(engine, logger);
      startSnapshots({ config, engine, logger, stop });
      jobs.start();
      const seconds = (performance.now() - started) / 1000;
      logger.info({ url, address: server.address, version: VERSION, seconds }, 'ready');
      if (!quiet) {
        printMessage(await formatGreeting(engine, server, seconds));
      }
    }
    await waitForAbort(stop);
    logger.info('stopping');
  } finally {
    // Stop jobs first, so that clients that follow one receive its end and their requests finish.
    await Promise.all([jobs.close(), server?.close({ graceSeconds: config.SHUTDOWN_SECONDS })]);
    if (server !== null) {
      await withdrawServer(config.DATA_DIR).catch((error) =>
        logger.warn({ err: error }, 'DATA_DIR/server.json cannot be removed.'),
      );
    }
  }
}

/** Starts to answer requests, first with the message that the server is starting. */
function listen(
  { config, engine, logger }: Pick<ServerRun, 'config' | 'engine' | 'logger'>,
  jobs: JobRunner,
  lifecycle: Lifecycle,
): Promise<RunningServer> {
  const app = createApp({
    engine,
    jobs,
    config,
    logger,
    version: VERSION,
    lifecycle,
    load: engine.load,
    countDamagedPictures: async () => (await engine.store.stats()).damagedPictures,
    webDir: path.join(PACKAGE_ROOT, 'dist', 'web'),
  });
  return startServer(app, {
    host: config.HOST,
    port: config.PORT,
    lifecycle,
    limits: { maxConnections: config.MAX_CONNECTIONS },
    onRefused: (refused) =>
      logger.warn({ refused, limit: config.MAX_CONNECTIONS }, 'Refused connections: too many are open.'),
  });
}

function startSnapshots({ config, engine, logger, stop }: Omit<ServerRun, 'quiet' | 'started'>): void {
  if (config.SNAPSHOT_HOURS === 0) {
    return;
  }
  const watcher = {
    onWritten: ({ name, bytes }: StoredSnapshot) => logger.info({ name, bytes }, 'snapshot written'),
    onFailed: (error: PawdexError) =>
      logger.error({ err: error, code: error.code }, 'Cannot write a snapshot.'),
  };
  scheduleSnapshots(engine.store, config.SNAPSHOT_HOURS, watcher, stop);
}

/**
 * Waits until searches run at full speed. Records if the data directory turns out to be damaged, then or later.
 */
async function becomeReady(engine: LocalEngine, lifecycle: Lifecycle, logger: Logger): Promise<void> {
  const recordDamage = (problem: PawdexError) => {
    if (lifecycle.state === 'damaged' || lifecycle.state === 'stopping') {
      return;
    }
    Object.assign(lifecycle, { state: 'damaged', problem } satisfies Lifecycle);
    logger.error({ code: problem.code, hint: problem.hint }, `Not ready: ${problem.message}`);
  };
  void engine.store.waitForDamage().then((problem) => problem !== null && recordDamage(problem));
  try {
    await engine.store.ready();
    if (lifecycle.state === 'starting') {
      lifecycle.state = 'ready';
    }
  } catch (error) {
    const coded = asPawdexError(error);
    if (coded.code !== 'data_damaged') {
      throw error;
    }
    recordDamage(coded);
  }
}

/** Opens the engine. If another server has the data directory open, the error names its address. */
async function openEngine(config: Config, watcher: WorkerWatcher): Promise<LocalEngine> {
  try {
    return await openLocalEngine({ config, ...watcher });
  } catch (error) {
    const coded = asPawdexError(error);
    // The server listens anyway, so that /readyz can say what is wrong.
    if (coded.code === 'data_damaged') {
      return createDamagedEngine(coded);
    }
    const running = coded.code === 'data_dir_locked' ? await findRunningServer(config.DATA_DIR) : null;
    if (running === null) {
      throw error;
    }
    throw new PawdexError('data_dir_locked', {
      detail: `A pawdex server already uses ${config.DATA_DIR}: ${running.url} (process ${running.pid}).`,
      hint: 'Use that server, stop it, or choose another --data-dir and --port.',
      cause: error,
    });
  }
}

function openJobRunner(config: Config, engine: LocalEngine, logger: Logger): Promise<JobRunner> {
  const records = new FileJobRecords(path.join(config.DATA_DIR, 'jobs'), (file) =>
    logger.warn({ file }, 'The record of a job cannot be read and is ignored.'),
  );
  return JobRunner.open({
    work: createJobWork({
      engine,
      indexRoots: config.INDEX_ROOTS,
      maxFileBytes: config.MAX_UPLOAD_MB * 2 ** 20,
      syncDir: path.join(config.DATA_DIR, 'sync'),
    }),
    records,
    onFinished: ({ id, kind, collection, state, error }) =>
      logger.info({ job: id, kind, collection, state, code: error?.code }, 'job finished'),
    onError: (error) => logger.error({ err: error.cause ?? error, code: error.code }, error.message),
  });
}

async function formatGreeting(
  engine: LocalEngine,
  server: RunningServer,
  seconds: number,
): Promise<string[]> {
  const { url, address } = server;
  const where = url.endsWith(address) ? url : `${url}, listening on ${address}`;
  const collections = await engine.store.listCollections();
  const { graphUnavailable } = await engine.store.stats();
  const summary = collections.map(({ name, count }) => `${name}: ${pluralise(count, 'photo')}`).join(', ');
  const exact = graphUnavailable === null ? [] : ['hnswlib-node could not be loaded: searches are exact.'];
  const ready = `pawdex ${VERSION} is ready at ${where} (${summary || 'no collection yet'}; started in ${formatSeconds(seconds)}).`;
  return [ready, ...exact];
}

async function waitForAbort(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) {
    await once(signal, 'abort');
  }
}
