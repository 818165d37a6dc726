import { afterEach, describe, expect, it, vi } from 'vitest';
import type { PawdexError } from '../../src/errors.js';
import { DeathCount, RestartingWorker } from '../../src/threads/restarting-worker.js';
import { type Remote, transfer } from '../../src/threads/rpc.js';

const running: RestartingWorker<unknown>[] = [];
afterEach(async () => {
  for (const worker of running.splice(0)) {
    await worker.terminate();
  }
});

async function start(deaths = new DeathCount(), failsToOpen = () => false) {
  const watcher = {
    onRestart: vi.fn<(error: PawdexError) => void>(),
    onCrash: vi.fn<(error: PawdexError) => void>(),
  };
  const worker = await RestartingWorker.start({
    entry: new URL('./mortal-worker.mjs', import.meta.url),
    workerData: { name: 'mortal' },
    open: (client) => client.call('open', [failsToOpen()]),
    deaths,
    watcher,
  });
  running.push(worker);
  return { worker, ...watcher };
}

describe('a restarting worker', () => {
  it('has the methods of its handlers, and moves buffers both ways', async () => {
    const { worker } = await start();
    const calls = worker.calls as Remote<{ name(): string; back(bytes: Uint8Array): Uint8Array }>;
    expect(await calls.name()).toBe('mortal');
    const bytes = Uint8Array.of(1, 2, 3);
    const back = await calls.back(transfer(bytes, [bytes.buffer]));
    expect(back).toEqual(Uint8Array.of(1, 2, 3));
    expect(bytes).toHaveLength(0);
  });

  it('rejects the calls in flight when its thread dies, and answers later ones from a new thread', async () => {
    const { worker, onRestart, onCrash } = await start();
    const lost = worker.call('forever', []);
    await expect(worker.call('die', [])).rejects.toMatchObject({ code: 'worker_failed', status: 503 });
    await expect(lost).rejects.toMatchObject({ code: 'worker_failed' });
    expect(await worker.call('name', [])).toBe('mortal');
    expect(onRestart).toHaveBeenCalledOnce();
    expect(onRestart.mock.calls[0]![0].cause).toMatchObject({ message: 'killed by the test' });
    expect(onCrash).not.toHaveBeenCalled();
  });

  it('reports a crash when the thread dies again soon after', async () => {
    const { worker, onCrash } = await start();
    await worker.call('die', []).catch(() => {});
    await worker.call('die', []).catch(() => {});
    expect(onCrash).toHaveBeenCalledOnce();
    await expect(worker.call('name', [])).rejects.toMatchObject({ code: 'worker_failed' });
  });

  it('shares the number of deaths with workers of its kind', async () => {
    const deaths = new DeathCount();
    const [first, second] = [await start(deaths), await start(deaths)];
    await first.worker.call('die', []).catch(() => {});
    await second.worker.call('die', []).catch(() => {});
    expect(second.onCrash).toHaveBeenCalledOnce();
  });

  it('reports a crash when the new thread cannot be opened', async () => {
    let fails = false;
    const { worker, onRestart, onCrash } = await start(new DeathCount(), () => fails);
    fails = true;
    await worker.call('die', []).catch(() => {});
    await expect(worker.call('name', [])).rejects.toMatchObject({ code: 'internal' });
    expect([onRestart, onCrash].map((told) => told.mock.calls.length)).toEqual([1, 1]);
  });

  it('throws the error of the first start', async () => {
    await expect(start(new DeathCount(), () => true)).rejects.toMatchObject({ code: 'internal' });
  });

  it('is not restarted after it was terminated', async () => {
    const { worker, onRestart, onCrash } = await start();
    const lost = expect(worker.call('forever', [])).rejects.toMatchObject({ code: 'shutting_down' });
    await worker.terminate();
    await lost;
    expect([onRestart, onCrash].map((told) => told.mock.calls.length)).toEqual([0, 0]);
  });
});

it('is restarted again if a minute has passed between two deaths', () => {
  vi.useFakeTimers();
  const deaths = new DeathCount();
  expect(deaths.add()).toBe(false);
  vi.advanceTimersByTime(61_000);
  expect(deaths.add()).toBe(false);
  vi.advanceTimersByTime(1_000);
  expect(deaths.add()).toBe(true);
  vi.useRealTimers();
});
