import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { scheduleSnapshots } from '../../src/engine/snapshot-schedule.js';
import { PawdexError } from '../../src/errors.js';
import { MemoryEngine } from '../helpers/memory-engine.js';

const stop = new AbortController();
afterEach(() => stop.abort());

it('writes a snapshot when the newest is old enough, and tries again after a failure', async () => {
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
  scheduleSnapshots(schedule, 1, watcher, stop.signal, 5);
  await expect.poll(() => happened[0]).toBe('storage_full');
  isFull = false;
  await expect.poll(() => happened.at(-1)).toBe('0.pawdex');
  const count = happened.length;
  await sleep(100);
  expect(happened).toHaveLength(count);
});
