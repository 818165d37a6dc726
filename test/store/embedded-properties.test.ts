/** Any sequence of puts, deletes, updates, searches and restarts agrees with a simple model in memory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import type { Filter, NewItem, Store } from '../../src/store/store.js';
import { cosine, item, vectorOf } from './items.js';

const DIMENSION = 5;

interface Real {
  store: Store;
  dataDir: string;
}
/** Items by id in order of insertion. */
type Model = Map<string, NewItem>;
type Command = fc.AsyncCommand<Model, Real>;

const numbers = fc.integer({ min: 0, max: 40 });
const id = (n: number) => item(n, DIMENSION).id;

function matches(filter: Filter, { label, metadata }: NewItem): boolean {
  if (filter.label !== undefined && (label === null || !filter.label.includes(label))) {
    return false;
  }
  return filter.species === undefined || filter.species.includes(String(metadata.species));
}

class Put implements Command {
  readonly ns: number[];
  constructor(ns: number[]) {
    this.ns = ns;
  }
  check = () => true;
  async run(model: Model, { store }: Real) {
    const expected = this.ns.map((n) => {
      const known = model.get(id(n));
      if (known === undefined) {
        model.set(id(n), item(n, DIMENSION));
      }
      return { id: id(n), status: known ? 'exists' : 'created', label: model.get(id(n))!.label };
    });
    expect(
      await store.put(
        'c',
        this.ns.map((n) => item(n, DIMENSION)),
      ),
    ).toEqual(expected);
  }
  toString = () => `put(${this.ns})`;
}

class Delete implements Command {
  readonly ns: number[];
  constructor(ns: number[]) {
    this.ns = ns;
  }
  check = () => true;
  async run(model: Model, { store }: Real) {
    const gone = this.ns.filter((n) => model.delete(id(n)));
    expect(await store.deleteItems('c', { ids: this.ns.map(id) })).toBe(gone.length);
  }
  toString = () => `delete(${this.ns})`;
}

class Update implements Command {
  readonly n: number;
  readonly label: string | null;
  constructor(n: number, label: string | null) {
    this.n = n;
    this.label = label;
  }
  check = () => true;
  async run(model: Model, { store }: Real) {
    const known = model.get(id(this.n));
    const update = store.updateItem('c', id(this.n), { label: this.label });
    if (known === undefined) {
      return expect(update).rejects.toMatchObject({ code: 'item_not_found' });
    }
    known.label = this.label;
    expect((await update).label).toBe(this.label);
  }
  toString = () => `update(${this.n}, ${this.label})`;
}

class Search implements Command {
  readonly seed: number;
  readonly k: number;
  readonly filter: Filter;
  readonly exclude: number[];
  constructor(seed: number, k: number, filter: Filter, exclude: number[]) {
    this.seed = seed;
    this.k = k;
    this.filter = filter;
    this.exclude = exclude;
  }
  check = () => true;
  async run(model: Model, { store }: Real) {
    const query = vectorOf(1000 + this.seed, DIMENSION);
    const exclude = this.exclude.map(id);
    const allowed = [...model.values()].filter((i) => matches(this.filter, i) && !exclude.includes(i.id));
    const expected = allowed
      .map((i) => ({ id: i.id, label: i.label, similarity: cosine(query, i.vector) }))
      .sort((a, b) => b.similarity - a.similarity)
      .slice(0, this.k);
    const options = { k: this.k, filter: this.filter, exclude };
    const hits = await store.search('c', query, options);
    const flat = hits.map((hit) => ({ id: hit.item.id, label: hit.item.label, similarity: hit.similarity }));
    expect(flat).toEqual(expected.map((e) => ({ ...e, similarity: expect.closeTo(e.similarity, 5) })));
    expect((await store.searchMany('c', [query], options))[0]).toEqual(flat);
  }
  toString = () => `search(${this.seed}, k ${this.k}, ${JSON.stringify(this.filter)}, not ${this.exclude})`;
}

class Look implements Command {
  check = () => true;
  async run(model: Model, { store }: Real) {
    const { items } = await store.listItems('c', { limit: 1000 });
    expect(items.map(({ id: i, label }) => [i, label])).toEqual(
      [...model].map(([i, { label }]) => [i, label]),
    );
    expect(await store.count('c')).toBe(model.size);
    expect((await store.listLabels('c')).reduce((sum, { count }) => sum + count, 0)).toBe(model.size);
    for await (const found of store.iterate('c')) {
      expect(found.vector).toEqual(model.get(found.id)!.vector);
    }
  }
  toString = () => 'look';
}

class Reopen implements Command {
  check = () => true;
  async run(_: Model, real: Real) {
    await real.store.close();
    real.store = await openEmbeddedStore({ dataDir: real.dataDir });
  }
  toString = () => 'reopen';
}

it('behaves like a map that can search', async () => {
  const some = fc.array(numbers, { maxLength: 12 });
  const label = fc.constantFrom('breed-0', 'breed-1', 'other', null);
  const filter: fc.Arbitrary<Filter> = fc.record(
    {
      label: fc.array(fc.constantFrom('breed-0', 'breed-1', 'breed-2', 'other'), { maxLength: 3 }),
      species: fc.subarray(['cat', 'dog']),
    },
    { requiredKeys: [] },
  );
  const commands = fc.commands(
    [
      some.map((ns) => new Put(ns)),
      some.map((ns) => new Delete([...new Set(ns)])),
      fc.tuple(numbers, label).map(([n, text]) => new Update(n, text)),
      fc
        .tuple(numbers, fc.integer({ min: 1, max: 50 }), filter, some)
        .map(([seed, k, where, exclude]) => new Search(seed, k, where, exclude)),
      fc.constant(new Look()),
      fc.constant(new Reopen()),
    ],
    { maxCommands: 40 },
  );
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      const dataDir = await mkdtemp(path.join(tmpdir(), 'pawdex-model-'));
      const real: Real = { dataDir, store: await openEmbeddedStore({ dataDir }) };
      await real.store.createCollection({ name: 'c', dimension: DIMENSION, fingerprint: 'f', model: 'm' });
      try {
        await fc.asyncModelRun(() => ({ model: new Map(), real }), sequence);
      } finally {
        await real.store.close();
        await rm(dataDir, { recursive: true });
      }
    }),
    { numRuns: 25, endOnFailure: true },
  );
}, 120_000);
