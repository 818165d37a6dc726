import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runInterruptibly } from '../../src/cli/interruption.js';
import { runCancellableWork } from '../../src/cli/with-engine.js';
import { parseConfig } from '../../src/config.js';

/** Replaced, so that it does not end the tests. */
let kill: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  kill = vi.spyOn(process, 'kill').mockReturnValue(true);
  vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
});
afterEach(() => {
  process.removeAllListeners('SIGINT');
  process.removeAllListeners('SIGTERM');
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const press = () => process.emit('SIGINT', 'SIGINT');

it('stops work at Ctrl-C, and gives the exit code for it', async () => {
  const { result, interrupted } = await runInterruptibly(null, async (signal) => {
    press();
    return signal.aborted;
  });
  expect({ result, interrupted }).toEqual({ result: true, interrupted: 130 });
});

it('takes what npm passes on within half a second for the same key press', async () => {
  const { interrupted } = await runInterruptibly(null, async () => {
    press();
    vi.advanceTimersByTime(499);
    press();
  });
  expect(interrupted).toBe(130);
  expect(kill).not.toHaveBeenCalled();
});

it('does so even if the work has ended meanwhile', async () => {
  await runInterruptibly(null, async () => press());
  // Whether somebody listens: a signal that nobody handles ends the process.
  expect(press()).toBe(true);
  expect(kill).not.toHaveBeenCalled();
});

it('waits for a command that was cancelled to close its collections, whatever npm passes on', async () => {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'pawdex-cancel-'));
  try {
    const config = parseConfig({ DATA_DIR: dataDir, GALLERY: '' }, {});
    const result = await runCancellableWork({ config, server: null, quiet: true }, async (_, { signal }) => {
      press();
      signal.throwIfAborted();
    });
    expect([result, process.exitCode]).toEqual([null, 130]);
    expect(press()).toBe(true);
    expect(kill).not.toHaveBeenCalled();
  } finally {
    process.exitCode = undefined;
    await rm(dataDir, { recursive: true });
  }
});

it('ends the process at the second key press', async () => {
  await runInterruptibly(null, async () => {
    press();
    vi.advanceTimersByTime(501);
    press();
  });
  expect(kill).toHaveBeenCalledWith(process.pid, 'SIGINT');
});

it('leaves signals to the default once the work is done', async () => {
  const { interrupted } = await runInterruptibly(null, async () => {});
  expect(interrupted).toBeNull();
  expect(press()).toBe(false);
});
