import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collectCalibrationData } from '../../scripts/evaluation/lib/calibration-data.mjs';
import { fitCalibration } from '../../src/breeds/fit-calibration.js';
import { evaluate } from '../../src/evaluation/evaluate.js';
import { evaluateCollection } from '../../src/evaluation/evaluate-collection.js';
import { listMistakes } from '../../src/evaluation/outcomes.js';
import { runQueries } from '../../src/evaluation/run-queries.js';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import type { BareHit, SearchOptions, Store } from '../../src/store/store.js';
import { asSet, reference } from './reference.js';

const VOTE = { fingerprint: 'model-a', k: 10, temperature: 0.1 };
const set = asSet(reference.gallery, 'gallery');
const other = asSet(reference.queries, 'queries');
const { dimension } = set.vectors;
const row = ({ vectors }: typeof set, i: number) => vectors.data.slice(i * dimension, (i + 1) * dimension);

let dataDir: string;
let store: Store;

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'pawdex-evaluate-'));
  store = await openEmbeddedStore({ dataDir });
  await store.createCollection({ name: 'pets', dimension, fingerprint: VOTE.fingerprint, model: 'test' });
  await store.put(
    'pets',
    set.items.map(({ file, label }, i) => ({
      id: file,
      label,
      source: null,
      sha256: i.toString(16).padStart(64, '0'),
      size: 1,
      metadata: {},
      thumbnail: null,
      vector: row(set, i),
    })),
  );
});

afterAll(async () => {
  await store.close();
  await rm(dataDir, { recursive: true });
});

describe('evaluating a collection', () => {
  it('gives the same numbers as the photos as sets, with and without calibration', async () => {
    const calibration = fitCalibration(
      collectCalibrationData({ gallery: set, queries: set, nonPets: other }, VOTE),
    );
    expect(calibration).not.toBeNull();
    for (const fitted of [null, calibration]) {
      const answering = { temperature: VOTE.temperature, calibration: fitted };
      const asking = { gallery: set, k: VOTE.k, answering, leaveOneOut: true };
      const outcomes = runQueries({ ...asking, queries: set });
      const expected = evaluate(outcomes, runQueries({ ...asking, queries: other, leaveOneOut: false }));
      const progress: object[] = [];
      const found = await evaluateCollection(store, 'pets', {
        k: VOTE.k,
        answering,
        nonPets: other.items.map((_, i) => row(other, i)),
        onProgress: (each) => progress.push(each),
      });
      expect(found.photos).toBe(set.items.length);
      expect(found.index).toMatchObject({ kind: 'exact', indexed: 0, recallAt10: 1 });
      for (const name of ['n', 'recallAt', 'withoutMatch', 'calibrated', 'decisions', 'perLabel'] as const) {
        expect(found[name]).toEqual(expected[name]);
      }
      for (const name of [
        'mapAtR',
        'top1',
        'macroTop1',
        'ece',
        'coverageAt95',
        'nonPetAuroc',
        'unknownLabelAuroc',
      ] as const) {
        if (expected[name] === null) {
          expect(found[name]).toBeNull();
        } else {
          expect(found[name]).toBeCloseTo(expected[name]!, 5);
        }
      }
      expect(found.mistakes.map(({ file }) => file).sort()).toEqual(
        listMistakes(outcomes)
          .map(({ file }) => file)
          .sort(),
      );
      expect(found.familiarity.nonPets).toHaveLength(other.items.length);
      expect(progress.at(-1)).toEqual({ phase: 'computing', done: 0, total: 1 });
    }
  });

  it('detects an index that misses neighbours', async () => {
    // Every second neighbour is not found, as if the graph had lost it.
    const forgetful = Object.assign(Object.create(store) as Store, {
      searchMany: async (
        name: string,
        queries: Float32Array[],
        options: SearchOptions,
      ): Promise<BareHit[][]> => {
        const wider = options.exact === true ? options : { ...options, k: 2 * options.k };
        const found = await store.searchMany(name, queries, wider);
        return options.exact === true ? found : found.map((hits) => hits.filter((_, i) => i % 2 === 0));
      },
      labels: (name: string) => store.listLabels(name),
      getCollection: (name: string) => store.getCollection(name),
      iterate: (name: string) => store.iterate(name),
    });
    const { index } = await evaluateCollection(forgetful, 'pets', {
      k: VOTE.k,
      answering: { temperature: VOTE.temperature },
    });
    expect(index.recallAt10).toBeGreaterThan(0.4);
    expect(index.recallAt10).toBeLessThan(0.6);
  });

  it('reports nothing for a collection without pairs', async () => {
    await store.createCollection({ name: 'empty', dimension, fingerprint: 'f', model: 'm' });
    const found = await evaluateCollection(store, 'empty', { k: 5, answering: { temperature: 0.1 } });
    expect(found).toMatchObject({ photos: 0, n: 0, top1: null, mapAtR: null, mistakes: [] });
    expect(found.index.recallAt10).toBeNull();
  });

  it('stops on request, even while it computes', async () => {
    const answering = { temperature: VOTE.temperature };
    for (const phase of ['asking', 'computing']) {
      const stop = new AbortController();
      const work = evaluateCollection(store, 'pets', {
        k: VOTE.k,
        answering,
        signal: stop.signal,
        onProgress: (progress) => progress.phase === phase && stop.abort(new Error('stop')),
      });
      await expect(work).rejects.toThrow('stop');
    }
  });
});
