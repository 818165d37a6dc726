/** The engine a command works with: in this process, or in the server that has the data directory. */
import { setTimeout as sleep } from 'node:timers/promises';
import { PawdexClient } from '../client/client.js';
import { remoteEngine } from '../client/remote-engine.js';
import type { Engine } from '../engine/engine.js';
import { openLocalEngine } from '../engine/local.js';
import { asPawdexError, PawdexError } from '../errors.js';
import type { WorkOptions } from '../evaluation/collection-queries.js';
import type { CommonOptions } from './command.js';
import { onInterrupt } from './interrupt.js';
import { describeError, note } from './output.js';
import { showPhases } from './progress.js';
import { runningServer } from './server-file.js';

/** How long a command waits for a server that has taken the data directory but is not ready yet. */
const STARTING_SERVER_MS = 30_000;

/**
 * Opens an engine: the server named by `--server`; else this process; else, when a server has the data directory,
 * that one.
 *
 * @throws PawdexError data_dir_locked when neither is possible; server_unreachable; what opening throws
 */
async function connect({ config, server, quiet }: CommonOptions): Promise<Engine> {
  if (server !== null) return remote(server);
  try {
    return await openLocalEngine({
      config,
      bulk: true,
      onCrash: (error) => {
        note(describeError(error, true));
        process.exit(70);
      },
    });
  } catch (error) {
    if (asPawdexError(error).code !== 'data_dir_locked') throw error;
    const running = await waitForServer(config.DATA_DIR);
    if (running === null) throw error;
    if (!quiet) note(`Working through the server at ${running.url}, which has ${config.DATA_DIR} open.`);
    return remote(running.url);
  }
}

/** Runs `work` with an engine and closes it whatever happens. */
export async function withEngine<T>(
  options: CommonOptions,
  work: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await connect(options);
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/**
 * Runs long work on a collection, with progress, until Ctrl-C.
 *
 * @returns null when it was stopped; the exit code has been set then
 */
export function withWork<T>(
  options: CommonOptions,
  work: (engine: Engine, options: Required<WorkOptions>) => Promise<T>,
): Promise<T | null> {
  return withEngine(options, async (engine) => {
    const interruption = onInterrupt(null);
    const display = showPhases(options.quiet);
    try {
      return await work(engine, {
        signal: interruption.signal,
        onProgress: (progress) => display.update(progress),
      });
    } catch (error) {
      const exitCode = interruption.exitCode();
      if (exitCode === null) throw error;
      process.exitCode = exitCode;
      return null;
    } finally {
      display.stop();
      interruption.dispose();
    }
  });
}

async function waitForServer(dataDir: string) {
  const giveUpAt = Date.now() + STARTING_SERVER_MS;
  for (;;) {
    const running = await runningServer(dataDir);
    if (running !== null || Date.now() > giveUpAt) return running;
    await sleep(100);
  }
}

async function remote(url: string): Promise<Engine> {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new PawdexError('config_invalid', {
      detail: `"${url}" is not the address of a server.`,
      hint: 'It looks like http://127.0.0.1:3000.',
    });
  const apiKey = process.env.PAWDEX_API_KEY;
  return remoteEngine(new PawdexClient({ baseUrl: url, ...(apiKey ? { apiKey } : {}) }));
}
