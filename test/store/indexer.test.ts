/** The graph of a collection while rows come and go, and while it is saved, rebuilt and read back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GraphLibrary } from '../../src/store/embedded/graph/graph.js';
import { GraphFile } from '../../src/store/embedded/graph/graph-file.js';
import { Indexer } from '../../src/store/embedded/graph/indexer.js';
import { searchRows } from '../../src/store/embedded/row-search.js';
import { TimeSlice } from '../../src/store/embedded/time-slice.js';
import { Rows } from '../../src/store/embedded/vectors/rows.js';
import { toUnitVector } from '../../src/store/embedded/vectors/unit-vector.js';
import { vectorOf } from './items.js';

const D = 6;
const library = createRequire(import.meta.url)('hnswlib-node') as GraphLibrary;
/** Enough rows for a graph to be kept. */
const ENOUGH = 1200;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pawdex-indexer-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A graph file that counts its writes and can hold one back. */
class WatchedGraphFile extends GraphFile {
  writes = 0;

  override write(...args: Parameters<GraphFile['write']>): Promise<void> {
    this.writes++;
    return super.write(...args);
  }
}

/** A collection's rows with their graph; the vector of a row depends on its number alone. */
class Bench {
  readonly rows = new Rows(D);
  readonly graphFile = new WatchedGraphFile(path.join(folder, 'graphs'), '1');
  indexer = new Indexer(this.rows, library, this.graphFile);
  #next = 1;

  /** @param kinds how many different vectors there are */
  put(count: number, kinds = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < count; i++) {
      const seq = this.#next++;
      this.rows.add(seq, `item-${seq}`, null, toUnitVector(vectorOf(seq % kinds, D), D));
      this.indexer.addRow(seq);
    }
  }

  delete(seqs: number[]): void {
    for (const seq of seqs) {
      if (this.rows.remove(seq)) {
        this.indexer.removeRow(seq);
      }
    }
  }

  /** Works until there is nothing left to do, or for at most `times` steps. */
  step(times = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < times; i++) {
      if (!this.indexer.step(performance.now() + (times < 10 ? 1 : 50))) {
        return;
      }
    }
  }

  /** Saves the graph. @returns once it is frozen, which it is until the caller awaits something */
  async beginSaving(): Promise<{ done: Promise<void> }> {
    const { graph } = this.indexer.searchable!;
    const done = this.indexer.close();
    while (!graph.isFrozen) {
      await new Promise(setImmediate);
    }
    return { done };
  }

  async restart(): Promise<string | null> {
    await this.indexer.close();
    this.indexer = new Indexer(this.rows, library, this.graphFile);
    return this.indexer.load();
  }

  /** Every search finds what an exact one finds; a graph may miss one of ten now and then. */
  async expectExact(seeds: number[]): Promise<void> {
    const throwIfGone = () => {};
    for (const seed of seeds) {
      const unit = toUnitVector(vectorOf(1e6 + seed, D), D);
      const wanted = Math.min(10, this.rows.count);
      const query = { rows: this.rows, throwIfGone, unit, limit: wanted, ef: 96, slice: new TimeSlice() };
      const exact = await searchRows(query, null);
      const found = await searchRows(query, this.indexer.searchable);
      expect(found).toHaveLength(wanted);
      expect(new Set(found.map(({ seq }) => seq)).size).toBe(wanted);
      for (const { seq } of found) {
        expect(this.rows.has(seq)).toBe(true);
      }
      const last = (exact.at(-1)?.similarity ?? 0) - 1e-5;
      const near = found.filter(({ similarity }) => similarity >= last);
      expect(near.length).toBeGreaterThanOrEqual(wanted - 1);
    }
    this.expectEveryRowReachable();
  }

  /** The graph holds every row or has it in its queue, and nothing that is gone once it is not being saved. */
  expectEveryRowReachable(): void {
    const staged = this.indexer.searchable;
    if (staged === null) {
      return;
    }
    staged.markRemoved();
    const { seqs, from, to } = staged.waiting;
    const waiting = new Set(seqs.slice(from, to));
    const lost = [...this.rows.listSeqs()].filter((seq) => !staged.has(seq) && !waiting.has(seq));
    expect(lost).toEqual([]);
    if (!staged.graph.isFrozen) {
      expect(staged.placed).toBe(this.rows.count - [...waiting].filter((seq) => this.rows.has(seq)).length);
    }
  }

  /** The graph itself answers in full: no search would have to look at all rows. */
  expectGraphAnswers(): void {
    const staged = this.indexer.searchable!;
    for (let seed = 0; seed < 50; seed++) {
      const found = staged.search(toUnitVector(vectorOf(1e6 + seed, D), D), 10, 96, true);
      const alive = found.nodes.filter(({ seq }) => this.rows.has(seq));
      expect(alive.length).toBeGreaterThanOrEqual(10);
    }
  }
}

async function filled(): Promise<Bench> {
  const bench = new Bench();
  await bench.indexer.load();
  bench.put(2 * ENOUGH);
  bench.step();
  return bench;
}

const everyThird = Array.from({ length: 800 }, (_, i) => 3 * i + 1);

describe('while a graph is saved', () => {
  it('deleted rows do not crowd the others out of the answers', async () => {
    const bench = await filled();
    const saved = await bench.beginSaving();
    bench.delete(everyThird);
    bench.expectGraphAnswers();
    await saved.done;
  });

  it('deleted rows are marked as soon as it is saved, even if a rebuild has started meanwhile', async () => {
    const bench = await filled();
    const { graph } = bench.indexer.searchable!;
    bench.delete(everyThird.slice(0, 600));
    const saved = await bench.beginSaving();
    bench.delete(everyThird.slice(600));
    bench.step(1); // starts the rebuild
    await saved.done;
    bench.step(1);
    expect(graph.deleted).toBe(everyThird.length);
    bench.expectGraphAnswers();
  });

  it('rows added before its description is written are queued at the next start', async () => {
    const bench = await filled();
    const saved = bench.indexer.close();
    for (let i = 0; i < 200; i++) {
      bench.put(1);
      bench.step(1);
      await new Promise(setImmediate);
    }
    await saved;
    const restarted = new Indexer(bench.rows, library, bench.graphFile);
    expect(await restarted.load()).toBeNull();
  });
});

it('drops a graph of deleted rows as soon as it holds the few rows that were put since', async () => {
  const bench = await filled();
  bench.delete([...bench.rows.listSeqs()]);
  bench.put(100, 40);
  bench.step();
  expect(bench.indexer.searchable).toBeNull();
});

it('does not save the old graph again because the next one is being filled', async () => {
  const bench = await filled();
  await bench.indexer.close();
  expect(bench.graphFile.writes).toBe(1);
  bench.delete(everyThird);
  bench.step(3);
  bench.indexer.saveWhenDue();
  await bench.indexer.close();
  expect(bench.graphFile.writes).toBe(2); // the deletions
  bench.step();
  bench.indexer.saveWhenDue();
  await bench.indexer.close();
  expect(bench.graphFile.writes).toBe(3); // the new graph, once
  await bench.indexer.close();
  expect(bench.graphFile.writes).toBe(3);
});

it('does nothing while the graph that rows wait for is being saved', async () => {
  const bench = await filled();
  const saved = await bench.beginSaving();
  bench.put(5000);
  expect(bench.indexer.step(performance.now() + 1)).toBe(false);
  await saved.done;
  expect(bench.indexer.step(performance.now() + 1)).toBe(true);
});

class Put implements fc.AsyncCommand<object, Bench> {
  readonly count: number;
  readonly kinds: number;
  constructor(count: number, kinds: number) {
    this.count = count;
    this.kinds = kinds;
  }
  check = () => true;
  async run(_: object, bench: Bench) {
    bench.put(this.count, this.kinds);
  }
  toString = () => `put(${this.count} of ${this.kinds} kinds)`;
}

class Delete implements fc.AsyncCommand<object, Bench> {
  readonly modulus: number;
  readonly rest: number;
  constructor(modulus: number, rest: number) {
    this.modulus = modulus;
    this.rest = rest;
  }
  check = () => true;
  async run(_: object, bench: Bench) {
    bench.delete([...bench.rows.listSeqs()].filter((seq) => seq % this.modulus === this.rest % this.modulus));
  }
  toString = () => `delete(every ${this.modulus}th)`;
}

class Step implements fc.AsyncCommand<object, Bench> {
  readonly times: number;
  constructor(times: number) {
    this.times = times;
  }
  check = () => true;
  async run(_: object, bench: Bench) {
    bench.step(this.times);
  }
  toString = () => `step(${this.times})`;
}

/** Begins to save, and waits only as long as the given number of turns of the event loop. */
class Save implements fc.AsyncCommand<object, Bench> {
  readonly turns: number;
  constructor(turns: number) {
    this.turns = turns;
  }
  check = () => true;
  async run(_: object, bench: Bench) {
    bench.indexer.saveWhenDue();
    for (let i = 0; i < this.turns; i++) {
      await new Promise(setImmediate);
    }
  }
  toString = () => `save(${this.turns})`;
}

class Restart implements fc.AsyncCommand<object, Bench> {
  check = () => true;
  async run(_: object, bench: Bench) {
    expect(await bench.restart()).toBeNull();
  }
  toString = () => 'restart';
}

class Search implements fc.AsyncCommand<object, Bench> {
  readonly seed: number;
  constructor(seed: number) {
    this.seed = seed;
  }
  check = () => true;
  async run(_: object, bench: Bench) {
    await bench.expectExact([0, 1, 2, 3, 4].map((i) => 5 * this.seed + i));
  }
  toString = () => `search(${this.seed})`;
}

it('answers as an exact search does after any sequence of puts, deletes, saves, rebuilds and restarts', async () => {
  const commands = fc.commands(
    [
      fc
        .tuple(fc.constantFrom(1, 100, ENOUGH), fc.constantFrom(1, 40, 1e9))
        .map(([count, kinds]) => new Put(count, kinds)),
      fc
        .tuple(fc.constantFrom(1, 2, 3, 4, 20), fc.integer({ min: 0, max: 19 }))
        .map(([modulus, rest]) => new Delete(modulus, rest)),
      fc.constantFrom(1, 3, 1000).map((times) => new Step(times)),
      fc.constantFrom(0, 1, 20).map((turns) => new Save(turns)),
      fc.constant(new Restart()),
      fc.nat(1000).map((seed) => new Search(seed)),
    ],
    { maxCommands: 30 },
  );
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const bench = await filled();
      await fc.asyncModelRun(
        () => ({ model: {}, real: bench }),
        [...sequence, new Step(1000), new Search(0)],
      );
      await bench.indexer.remove();
      bench.rows.release();
    }),
    { numRuns: 30, endOnFailure: true },
  );
}, 300_000);
