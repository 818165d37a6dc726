import { describe, expect, it } from 'vitest';
import type { Matrix } from '../../../src/math/matrix.js';
import { createRandom } from '../../../src/math/random.js';
import { fitProjection, fitWhitening } from '../../../src/training/head/fit-projection.js';
import type { Projection } from '../../../src/training/head/projection.js';
import { cosine } from '../../helpers/images.js';
import { project } from './project.js';

const WIDTH = 24;
const LABELS = 8;

/** Unit features: a direction per label, under much larger differences of light that all labels share. */
function photos(count: number, seed: number): { features: Matrix; labels: number[] } {
  const shared = createRandom(99);
  const normal = (random: () => number) => random() + random() + random() - 1.5;
  const directions = Array.from({ length: LABELS + 4 }, () =>
    Array.from({ length: WIDTH }, () => normal(shared)),
  );
  const random = createRandom(seed);
  const labels = Array.from({ length: count }, (_, i) => i % LABELS);
  const data = new Float32Array(count * WIDTH);
  labels.forEach((label, row) => {
    const light = [LABELS, LABELS + 1, LABELS + 2, LABELS + 3].map((at) => [at, 3 * normal(random)] as const);
    const vector = Array.from({ length: WIDTH }, (_, i) => {
      let value = 0.8 * directions[label]![i]! + 0.1 * normal(random) + 1;
      for (const [at, strength] of light) {
        value += strength * directions[at]![i]!;
      }
      return value;
    });
    const length = Math.hypot(...vector);
    data.set(
      vector.map((value) => value / length),
      row * WIDTH,
    );
  });
  return { features: { data, rows: count, dimension: WIDTH }, labels };
}

type Vectors = readonly ArrayLike<number>[];

/** Share of the queries whose nearest gallery row has their label. */
function recall(gallery: Vectors, queries: Vectors, labels: number[], asked: number[]): number {
  const right = queries.filter((query, i) => {
    const cosines = gallery.map((row) => cosine(row, query));
    return labels[cosines.indexOf(Math.max(...cosines))] === asked[i];
  });
  return right.length / queries.length;
}

describe('fitProjection', () => {
  const train = photos(160, 1);
  const val = photos(80, 2);
  const rows = ({ data, rows }: Matrix) =>
    Array.from({ length: rows }, (_, row) => data.subarray(row * WIDTH, (row + 1) * WIDTH));

  it('brings photos of a label together that differ in directions common to all labels', async () => {
    const before = recall(rows(train.features), rows(val.features), train.labels, val.labels);
    const head = await fitProjection(train.features, train.labels, { dimension: 7 });
    expect(head.matrix.shape).toEqual([WIDTH, 7]);
    expect(head.offset.shape).toEqual([7]);
    const after = recall(
      project(train.features, head),
      project(val.features, head),
      train.labels,
      val.labels,
    );
    expect(before).toBeLessThan(0.8);
    expect(after).toBeGreaterThan(0.9);
  });

  it('raises the probability of the right label from its closed-form start', async () => {
    const settings = { dimension: 5, shrinkage: 0.1, power: 0.4 };
    const probability = (head: Projection) => {
      const embedded = project(train.features, head);
      const shares = embedded.map((query, i) => {
        const weights = embedded.map((row, j) => (i === j ? 0 : Math.exp(cosine(row, query) / 0.05)));
        const right = weights.filter((_, j) => train.labels[j] === train.labels[i]);
        return right.reduce((a, b) => a + b) / weights.reduce((a, b) => a + b);
      });
      return shares.reduce((a, b) => a + Math.log(b), 0) / shares.length;
    };
    const start = await fitWhitening(train.features, train.labels, settings);
    const head = await fitProjection(train.features, train.labels, { dimension: 5 });
    expect(probability(head)).toBeGreaterThan(probability(start) + 0.01);
    expect(await fitProjection(train.features, train.labels, { dimension: 5 })).toEqual(head);
  });

  it('whitens fully with power 0.5 and no shrinkage: the spread within labels is equal in all directions', async () => {
    const settings = { dimension: WIDTH, shrinkage: 0, power: 0.5 };
    const embedded = project(train.features, await fitWhitening(train.features, train.labels, settings));
    const means = Array.from({ length: LABELS }, (_, label) => {
      const own = embedded.filter((_, i) => train.labels[i] === label);
      return own[0]!.map((_, axis) => own.reduce((sum, row) => sum + row[axis]!, 0) / own.length);
    });
    for (const [a, b] of [
      [0, 0],
      [5, 5],
      [0, 1],
      [3, 9],
    ] as const) {
      const products = embedded.map((row, i) => {
        const mean = means[train.labels[i]!]!;
        return (row[a]! - mean[a]!) * (row[b]! - mean[b]!);
      });
      expect(products.reduce((x, y) => x + y) / products.length).toBeCloseTo(a === b ? 1 : 0, 1);
    }
  });

  it('refuses data that no head can be fitted on', async () => {
    const { features, labels } = train;
    await expect(fitProjection(features, labels, { dimension: WIDTH + 1 })).rejects.toMatchObject({
      code: 'config_invalid',
    });
    for (const alike of [labels.map(() => 1), labels.map((_, i) => i)]) {
      await expect(fitProjection(features, alike, { dimension: 4 })).rejects.toMatchObject({
        code: 'set_invalid',
      });
    }
  });
});
