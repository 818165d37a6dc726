import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { scheduleSnapshots } from '../../src/engine/snapshot-schedule.js';
import { PawdexError } from '../../src/errors.js';
import { MemoryEngine } from '../helpers/memory-engine.js';

const MINUTE_MS = 60_000;

let stop: AbortController;
beforeEach(() => {
  vi.useFakeTimers();
  stop = new AbortController();
});
afterEach(() => {
  stop.abort();
  vi.useRealTimers();
});

it('writes a snapshot when the newest is old enough, and retries after a failure', async () => {
  const engine = new MemoryEngine();
  const happened: string[] = [];
  let isFull = true;
  const schedule = {
    listSnapshots: async () =>
      (await engine.store.listSnapshots()).map((kept) => ({ ...kept, createdAt: new Date().toISOString() })),
    createSnapshot: async () => {
      if (isFull) {
        throw new PawdexError('storage_full');
      }
      return engine.store.createSnapshot();
    },
  };
  const watcher = {
    onWritten: ({ name }: { name: string }) => void happened.push(name),
    onFailed: ({ code }: PawdexError) => void happened.push(code),
  };
  scheduleSnapshots(schedule, 1, watcher, stop.signal);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(happened).toEqual(['storage_full', 'storage_full']);
  isFull = false;
  await vi.advanceTimersByTimeAsync(30 * MINUTE_MS);
  expect(happened).toEqual(['storage_full', 'storage_full', '0.pawdex']);
});

it('writes a snapshot if the newest is from the future, because the clock was set back', async () => {
  const written: string[] = [];
  const future = new Date(Date.now() + 1e9).toISOString();
  const kept = { name: 'a', format: 1 as const, bytes: 1, sha256: '', collections: [] };
  const schedule = {
    listSnapshots: async () => [
      { ...kept, createdAt: written.length > 0 ? new Date().toISOString() : future },
    ],
    createSnapshot: async () => ({ ...kept, createdAt: future }),
  };
  const watcher = { onWritten: ({ name }: { name: string }) => void written.push(name), onFailed: () => {} };
  scheduleSnapshots(schedule, 24, watcher, stop.signal);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(written).toEqual(['a']);
});
