/** Opens the engine for a command: in this process, or through the server that has the data directory open. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PawdexClient } from '../client/client.js';
import { awaitServer, createPatientEngine, type ServerPatience } from '../client/patient-engine.js';
import { createRemoteEngine } from '../client/remote-engine.js';
import type { Engine } from '../engine/engine.js';
import { asPawdexError, PawdexError } from '../errors.js';
import type { WorkOptions } from '../evaluation/collection-work.js';
import { isDirectoryLocked } from '../store/embedded/sqlite/directory-lock.js';
import type { CommonOptions } from './create-command.js';
import { EXIT } from './exit-codes.js';
import { runInterruptibly } from './interruption.js';
import { formatError, formatSeconds, printMessage } from './print.js';
import { showPhases } from './progress.js';
import { findRunningServer } from './server-file.js';

interface OpenedEngine {
  engine: Engine;
  /** Reconnects to the server; null for an engine in this process. */
  reconnect: (() => Promise<Engine>) | null;
}

/** How long a command waits for a server that has locked the data directory but is not ready yet. */
const STARTING_SERVER_MS = 30_000;

/**
 * Opens an engine through the server given with `--server`; otherwise in this process, or if a server has the data
 * directory open, through that server.
 *
 * @throws PawdexError data_dir_locked if a process other than a server has it open; server_unreachable; and what opening an
 *   engine throws
 */
async function openEngine({ config, server, quiet, usesGallery }: CommonOptions): Promise<OpenedEngine> {
  if (server !== null) {
    const reconnect = () => connectToServer(server);
    return { engine: await reconnect(), reconnect };
  }
  const useServer = async (url: string): Promise<OpenedEngine> => {
    if (!quiet) {
      printMessage(`Using the server at ${url}, which has ${config.DATA_DIR} open.`);
    }
    return { engine: await connectToServer(url), reconnect: () => reconnectTo(config.DATA_DIR) };
  };
  const announced = await findRunningServer(config.DATA_DIR);
  if (announced !== null && isDirectoryLocked(config.DATA_DIR)) {
    return useServer(announced.url);
  }
  try {
    // Loaded only now, because a command that works through a server needs none of it.
    const { openLocalEngine } = await import('../engine/local-engine.js');
    const onCrash = (error: PawdexError) => {
      printMessage(formatError(error, true));
      process.exit(EXIT.internal);
    };
    const engine = await openLocalEngine({ config, bulk: true, usesGallery, onCrash });
    return { engine, reconnect: null };
  } catch (error) {
    const isLocked = asPawdexError(error).code === 'data_dir_locked';
    const running = isLocked ? await waitForServer(config.DATA_DIR) : null;
    if (running === null) {
      throw error;
    }
    return useServer(running.url);
  }
}

/** After a restart, a server may have another address. */
async function reconnectTo(dataDir: string): Promise<Engine> {
  const running = await findRunningServer(dataDir);
  if (running === null) {
    throw new PawdexError('server_unreachable', {
      detail: `The server that used ${dataDir} is no longer running.`,
    });
  }
  return connectToServer(running.url);
}

/**
 * The engine for long or repeated work. Once it uses a server, it keeps using a server: while it waits for a restart it
 * must not open the data directory itself.
 */
export class LastingEngine {
  readonly #options: CommonOptions;
  readonly #patience: ServerPatience;
  #reconnect: (() => Promise<Engine>) | null = null;

  constructor(options: CommonOptions, patience: Omit<ServerPatience, 'onWait'>) {
    this.#options = options;
    this.#patience = {
      ...patience,
      onWait(error, waitMs) {
        if (!options.quiet) {
          printMessage(
            `The server does not answer (${error.code}). Trying again in ${formatSeconds(waitMs / 1000)}.`,
          );
        }
      },
    };
  }

  /** Opens the engine, runs `work` with it and closes it. */
  async use<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
    const engine = await this.#open();
    try {
      return await work(engine);
    } finally {
      await engine.close();
    }
  }

  async #open(): Promise<Engine> {
    let engine: Engine;
    if (this.#reconnect === null) {
      const opened = await openEngine(this.#options);
      this.#reconnect = opened.reconnect;
      engine = opened.engine;
    } else {
      engine = await awaitServer(this.#reconnect, this.#patience);
    }
    return this.#reconnect === null ? engine : createPatientEngine(engine, this.#reconnect, this.#patience);
  }
}

/** Runs `work` with an engine, and closes the engine afterwards. */
export async function withEngine<T>(
  options: CommonOptions,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const { engine } = await openEngine(options);
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/**
 * Runs long work on a collection, with progress, until it is done or Ctrl-C stops it.
 *
 * @returns null if it was stopped; the exit code is then set
 */
export function runCancellableWork<T>(
  options: CommonOptions,
  work: (engine: Engine, options: Required<WorkOptions>) => Promise<T>,
): Promise<T | null> {
  return withEngine(options, async (engine) => {
    const display = showPhases(options.quiet);
    const { result, interrupted } = await runInterruptibly(null, (signal) =>
      work(engine, { signal, onProgress: (progress) => display.update(progress) }).catch((error) => {
        if (signal.aborted) {
          return null;
        }
        throw error;
      }),
    ).finally(() => display.stop());
    if (result === null) {
      process.exitCode = interrupted ?? undefined;
    }
    return result;
  });
}

/**
 * Returns a client for the server given with `--server`, or for the one that has the data directory open.
 *
 * @throws PawdexError server_unreachable if there is none
 */
export async function connectToRunningServer({ config, server }: CommonOptions): Promise<PawdexClient> {
  const url = server ?? (await findRunningServer(config.DATA_DIR))?.url;
  if (url === undefined) {
    throw new PawdexError('server_unreachable', {
      detail: `No server uses the data directory ${config.DATA_DIR}.`,
      hint: 'Start one with `pawdex serve`, or pass --server URL.',
    });
  }
  return createClient(url);
}

async function waitForServer(dataDir: string) {
  const giveUpAt = performance.now() + STARTING_SERVER_MS;
  for (;;) {
    const running = await findRunningServer(dataDir);
    if (running !== null || performance.now() > giveUpAt) {
      return running;
    }
    await sleep(100);
  }
}

/** @throws PawdexError config_invalid if `url` is not an HTTP address */
function createClient(url: string): PawdexClient {
  const apiKey = process.env.PAWDEX_API_KEY || undefined;
  return new PawdexClient({ baseUrl: url, apiKey });
}

async function connectToServer(url: string): Promise<Engine> {
  return createRemoteEngine(createClient(url), () =>
    printMessage('Queued behind other jobs (see `pawdex jobs`).'),
  );
}
