import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { identifyBreed } from '../../src/breeds/identify-breed.js';
import {
  loadSimilarityStatistics,
  type SimilarityStatistics,
} from '../../src/breeds/similarity-statistics.js';
import type { Voter } from '../../src/breeds/vote.js';
import { PACKAGE_ROOT, parseConfig } from '../../src/config.js';
import { loadCard } from '../../src/encoder/model-card.js';
import { readGallerySet } from '../../src/engine/load-gallery.js';
import { openLocalEngine } from '../../src/engine/local-engine.js';
import { getRow } from '../../src/math/matrix.js';
import { createRandom, shuffle } from '../../src/math/random.js';
import { computeDot } from '../../src/math/vectors.js';
import { sceneJpeg } from '../helpers/images.js';

interface Photo {
  label: string | null;
  vector: Float32Array;
}

const models = path.join(PACKAGE_ROOT, 'models');
const random = createRandom(7);
let photos: Map<string, Photo[]>;
let statistics: SimilarityStatistics;
let vote: { k: number; temperature: number };

/** What an uncalibrated collection of these photos answers. */
function ask(collection: readonly Photo[], vector: Float32Array) {
  const neighbours: Voter[] = collection
    .map((photo) => ({ label: photo.label, similarity: computeDot(photo.vector, vector) }))
    .sort((a, b) => b.similarity - a.similarity)
    .slice(0, vote.k);
  return identifyBreed(neighbours, { temperature: vote.temperature, statistics: statistics.answer });
}

/** `count` photos of each of `breeds` dogs, and ten others of each. */
function draw(breeds: number, count: number): { collection: Photo[]; others: Photo[] } {
  const enough = [...photos.values()].filter((of) => of.length >= count + 10);
  const chosen = shuffle(enough, random)
    .slice(0, breeds)
    .map((of) => shuffle(of, random));
  return {
    collection: chosen.flatMap((of) => of.slice(0, count)),
    others: chosen.flatMap((of) => of.slice(count, count + 10)),
  };
}

beforeAll(async () => {
  const { card, fingerprint } = await loadCard(path.join(models, 'encoder.json'));
  vote = card.vote;
  statistics = (await loadSimilarityStatistics(path.join(models, 'similarity.json'), fingerprint))!;
  const info = { fingerprint, dimension: card.output.dimension } as Parameters<typeof readGallerySet>[1];
  const { items, vectors } = await readGallerySet(path.join(models, 'gallery.parquet'), info);
  photos = new Map();
  items.forEach(({ label, metadata }, row) => {
    if (metadata.source === 'dogs70') {
      photos.set(label, [...(photos.get(label) ?? []), { label, vector: getRow(vectors, row) }]);
    }
  });
});

describe('an uncalibrated collection', () => {
  it('calls hardly any of 120 non-pets a match, and most of its own animals', () => {
    const { collection, others } = draw(10, 20);
    const matches = statistics.nonPets.vectors
      .filter((_, i) => i % 6 === 0)
      .slice(0, 120)
      .filter((vector) => ask(collection, vector).decision === 'match').length;
    expect(matches).toBeLessThanOrEqual(2);
    const found = others.map(({ label, vector }) => ({ label, ...ask(collection, vector) }));
    const right = found.filter(({ label, decision, breed }) => decision === 'match' && breed === label);
    expect(right.length / others.length).toBeGreaterThanOrEqual(0.85);
    expect(found.every(({ calibrated, basis }) => !calibrated && basis === 'statistics')).toBe(true);
  });

  it('says whether a photo shows its label if there is only one', () => {
    const { collection, others } = draw(1, 20);
    const decisions = (of: readonly Float32Array[]) => of.map((vector) => ask(collection, vector).decision);
    const strange = statistics.nonPets.vectors;
    const own = decisions(others.map(({ vector }) => vector));
    expect(own.filter((decision) => decision === 'match').length).toBeGreaterThanOrEqual(8);
    expect(
      decisions(strange).filter((decision) => decision === 'match').length / strange.length,
    ).toBeLessThan(0.02);
    const cats = draw(20, 5).others.filter(({ label }) => label !== collection[0]!.label);
    const strangers = decisions(cats.map(({ vector }) => vector));
    expect(strangers.filter((decision) => decision === 'match').length / cats.length).toBeLessThan(0.2);
  });

  it('answers from five photos if it has no more', () => {
    const { collection, others } = draw(1, 5);
    const found = others.map(({ vector }) => ask(collection, vector));
    expect(found.filter(({ decision }) => decision === 'match').length).toBeGreaterThanOrEqual(6);
    expect(found.every(({ candidates }) => candidates.length === 1 && candidates[0]!.count === 5)).toBe(true);
    const unknown = statistics.nonPets.vectors.map((vector) => ask(collection, vector));
    const refused = unknown.filter(({ decision }) => decision === 'unknown');
    expect(refused.length / unknown.length).toBeGreaterThan(0.88);
  });

  it('never names a candidate with confidence in an unknown answer', () => {
    const { collection } = draw(10, 20);
    const refused = statistics.nonPets.vectors
      .map((vector) => ask(collection, vector))
      .filter(({ decision }) => decision === 'unknown');
    expect(refused.length).toBeGreaterThan(50);
    for (const { breed, confidence, candidates } of refused) {
      expect(breed).toBeNull();
      expect(confidence).toBeLessThan(0.5);
      expect(candidates.every((candidate) => candidate.confidence <= confidence)).toBe(true);
    }
  });

  it('gives neighbours and no breed if it has no labels', () => {
    const { collection, others } = draw(3, 10);
    const unlabelled = collection.map(({ vector }) => ({ label: null, vector }));
    expect(ask(unlabelled, others[0]!.vector)).toMatchObject({
      decision: 'unknown',
      breed: null,
      candidates: [],
    });
  });
});

it('has no statistics for another encoder or without a file', async () => {
  const file = path.join(models, 'similarity.json');
  expect(await loadSimilarityStatistics(file, 'another')).toBeNull();
  expect(await loadSimilarityStatistics(path.join(models, 'nothing.json'), 'another')).toBeNull();
  await expect(loadSimilarityStatistics(path.join(models, 'README.md'), 'x')).rejects.toMatchObject({
    code: 'model_invalid',
  });
  await expect(loadSimilarityStatistics(path.join(models, 'encoder.json'), 'x')).rejects.toMatchObject({
    code: 'model_invalid',
  });
});

it('is calibrated with the shipped non-pets unless others are given', async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'pawdex-own-'));
  const config = {
    ...parseConfig({}, {}),
    DATA_DIR: dataDir,
    MODEL: path.join(models, 'encoder.json'),
    GALLERY: '',
  };
  const engine = await openLocalEngine({ config, bulk: true });
  try {
    await engine.createCollection('scenes');
    const items = await Promise.all(
      Array.from({ length: 110 }, async (_, i) => ({
        image: await sceneJpeg(64, 64, i),
        label: `scene ${i % 2}`,
      })),
    );
    await engine.addItems('scenes', items);
    const { calibration, worth } = await engine.calibrate('scenes');
    expect(calibration!.fittedOn).toMatchObject({ queries: 110, nonPets: statistics.nonPets.vectors.length });
    expect(worth!.n).toBe(110);
    expect(worth!.match + worth!.ambiguous + worth!.unknown).toBeCloseTo(1, 9);
    const own = { embeddings: statistics.nonPets.vectors.slice(0, 7) };
    const again = await engine.calibrate('scenes', { nonPets: own });
    expect(again.calibration!.fittedOn.nonPets).toBe(7);
  } finally {
    await engine.close();
    await rm(dataDir, { recursive: true });
  }
});
