import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { selectCalibration } from '../../src/breeds/calibration.js';
import { identifyBreed } from '../../src/breeds/identify-breed.js';
import { calibrateCollection } from '../../src/evaluation/calibrate-collection.js';
import type { WorkProgress } from '../../src/evaluation/collection-work.js';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import type { Store } from '../../src/store/store.js';
import { reference } from './reference.js';

const VOTE = { fingerprint: 'model-a', k: 10, temperature: 0.1 };
const { vectors, labels } = reference.gallery;

let dataDir: string;
let store: Store;

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'pawdex-calibrate-'));
  store = await openEmbeddedStore({ dataDir });
  await store.createCollection({
    name: 'pets',
    dimension: vectors[0]!.length,
    fingerprint: VOTE.fingerprint,
    model: 'test',
  });
});

afterEach(async () => {
  await store.close();
  await rm(dataDir, { recursive: true });
});

const put = (count: number, labelOf: (row: number) => string | null = (row) => labels[row]!) =>
  store.put(
    'pets',
    vectors.slice(0, count).map((vector, row) => ({
      id: `item-${row}`,
      label: labelOf(row),
      source: null,
      sha256: row.toString(16).padStart(64, '0'),
      size: 1,
      metadata: {},
      thumbnail: null,
      vector: Float32Array.from(vector),
    })),
  );

describe('calibrating a collection', () => {
  it('fits, stores the calibration with its model, and calibrates answers', async () => {
    await put(vectors.length);
    const progress: WorkProgress[] = [];
    const { calibration, queries } = await calibrateCollection(store, 'pets', {
      vote: VOTE,
      nonPets: reference.queries.vectors.slice(0, 30).map((v) => Float32Array.from(v, (x) => -x)),
      onProgress: (each) => progress.push(each),
    });
    expect(queries).toBe(vectors.length);
    const total = vectors.length;
    expect(progress).toContainEqual({ phase: 'asking', done: total, total });
    expect(progress.slice(-2)).toEqual([
      { phase: 'non-pets', done: 30, total: 30 },
      { phase: 'computing', done: 0, total: 1 },
    ]);
    expect(calibration?.fittedOn).toEqual({
      queries: vectors.length,
      labelsHeldOut: vectors.length,
      nonPets: 30,
    });
    const stored = (await store.getCollection('pets')).calibration;
    expect(selectCalibration(stored, 'model-a')).toEqual(calibration);
    const [hits] = await store.searchMany('pets', [Float32Array.from(reference.queries.vectors[0]!)], {
      k: 10,
    });
    expect(identifyBreed(hits!, { temperature: 0.1, calibration }).calibrated).toBe(true);
  });

  it('does not let a photo vote on itself', async () => {
    // Labels without any relation to the pictures: asked without itself, a photo's label is a guess. Were photos
    // their own nearest neighbours, every answer would look right.
    await put(vectors.length, (row) => `label-${row % 4}`);
    const { calibration } = await calibrateCollection(store, 'pets', {
      vote: { ...VOTE, temperature: 0.01 },
    });
    const query = Float32Array.from(vectors[0]!);
    const [hits] = await store.searchMany('pets', [query], { k: 10 });
    expect(identifyBreed(hits!, { temperature: 0.01, calibration }).confidence).toBeLessThan(0.6);
  });

  it('reports too little data, and keeps the stored calibration', async () => {
    await put(60);
    await store.updateCollection('pets', { calibration: { kept: true } });
    expect(await calibrateCollection(store, 'pets', { vote: VOTE })).toEqual({
      calibration: null,
      worth: null,
      queries: 60,
      needed: 100,
    });
    expect((await store.getCollection('pets')).calibration).toEqual({ kept: true });
  });

  it('skips labels with a single photo, and does not fit with only one label', async () => {
    await put(vectors.length, (row) => (row < 5 ? `single-${row}` : row < 10 ? null : 'all-the-same'));
    const { calibration, queries } = await calibrateCollection(store, 'pets', { vote: VOTE });
    expect(queries).toBe(vectors.length - 10);
    expect(calibration).not.toBeNull();
    for (let row = 0; row < 5; row++) {
      await store.deleteItems('pets', { ids: [`item-${row}`] });
    }
    expect((await calibrateCollection(store, 'pets', { vote: VOTE })).calibration).toBeNull();
  });

  it('stops on request without storing anything', async () => {
    await put(vectors.length);
    const signal = AbortSignal.abort(new Error('stop'));
    await expect(calibrateCollection(store, 'pets', { vote: VOTE, signal })).rejects.toThrow('stop');
    expect((await store.getCollection('pets')).calibration).toBeNull();
  });
});
