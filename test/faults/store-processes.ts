/** Processes that use a store and are killed, and what must be true of the store afterwards. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import type { NewItem, Store } from '../../src/store/store.js';

export const FAULT_DIMENSION = 16;
export const CHILD = fileURLToPath(new URL('./store-child.mjs', import.meta.url));

/** Must give the same items as `item` of store-child.mjs. */
export function faultItem(n: number): NewItem {
  return {
    id: `item-${n}`,
    label: `breed-${n % 7}`,
    source: null,
    sha256: createHash('sha256').update(`fault ${n}`).digest('hex'),
    size: n,
    metadata: { n },
    thumbnail: Uint8Array.from({ length: 200 }, (_, i) => (n + i) & 255),
    vector: Float32Array.from({ length: FAULT_DIMENSION }, (_, i) => Math.sin((n + 1) * (i + 1) * 0.37)),
  };
}

/** A child process and the lines it has printed. */
export interface Child {
  lines: string[];
  /** Resolves with the first line that passes. */
  line(test: (line: string) => boolean): Promise<string>;
  /** Kills it as a power cut would, and waits for its end. */
  kill(): Promise<void>;
  /** Resolves with the exit code; rejects nothing. */
  ended: Promise<number | null>;
}

export function start(command: string, args: string[], env: Record<string, string> = {}): Child {
  const child: ChildProcess = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const lines: string[] = [];
  let rest = '';
  const watchers = new Set<() => void>();
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop()!; // a line that was cut off by the kill was not acknowledged
    lines.push(...parts);
    for (const watcher of watchers) {
      watcher();
    }
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  return {
    lines,
    ended,
    line: (test) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.find(test);
          if (found !== undefined) {
            resolve(found);
          }
        };
        watchers.add(look);
        ended.then((code) => reject(new Error(`the child ended with ${code}: ${lines.join(' | ')}`)));
        look();
      }),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Runs a task of store-child.mjs. */
export const startChild = (task: string, dataDir: string, from = 0) =>
  start(process.execPath, [CHILD, task, dataDir, String(from)]);

/** The puts a child reported: first item and number of items. */
export const acknowledged = (child: Child): [number, number][] =>
  child.lines.flatMap((line) => {
    const [word, from, count] = line.split(' ');
    return word === 'put' ? [[Number(from), Number(count)]] : [];
  });

/** Checks that an item is there with all its parts. */
export async function expectWhole(store: Store, n: number): Promise<void> {
  const { thumbnail, vector, ...plain } = faultItem(n);
  expect(await store.getItem('pets', plain.id)).toMatchObject(plain);
  expect(await store.getVector('pets', plain.id)).toEqual(vector);
  expect(Array.from(await store.getThumbnail('pets', plain.id))).toEqual(Array.from(thumbnail!));
}

/** Opens a store whose items 0, 1, ... must all be there with all their parts. @returns how many there are */
export async function countWhole(dataDir: string): Promise<number> {
  const store = await openEmbeddedStore({ dataDir, graphLibrary: 'none' });
  try {
    await store.ready();
    let count = 0;
    const different: number[] = [];
    for await (const { vector, createdAt: _, hasThumbnail, ...plain } of store.iterate('pets')) {
      const { thumbnail, vector: wanted, ...item } = faultItem(count);
      if (!isDeepStrictEqual([plain, vector, hasThumbnail], [item, wanted, thumbnail !== null])) {
        different.push(count);
      }
      count++;
    }
    expect(different).toEqual([]);
    for (const n of [0, Math.floor(count / 2), count - 1]) {
      await expectWhole(store, n);
    }
    return count;
  } finally {
    await store.close();
  }
}
