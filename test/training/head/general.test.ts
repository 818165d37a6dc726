import { describe, expect, it } from 'vitest';
import type { Matrix } from '../../../src/math/matrix.js';
import { createNormalRandom, createRandom } from '../../../src/math/random.js';
import { createFloatTensor } from '../../../src/onnx/tensor.js';
import { addGeneralPart } from '../../../src/training/head/general-part.js';
import { project } from './project.js';

const WIDTH = 12;
const ROWS = 300;

/** Rows whose spread is large along three directions, the same for any seed, and small along the rest. */
function features(seed: number): Matrix {
  const shared = createNormalRandom(7);
  const directions = Array.from({ length: 3 }, () => Array.from({ length: WIDTH }, () => shared()));
  const normal = createNormalRandom(seed);
  const data = new Float32Array(ROWS * WIDTH);
  for (let row = 0; row < ROWS; row++) {
    const strengths = directions.map(() => normal());
    for (let i = 0; i < WIDTH; i++) {
      data[row * WIDTH + i] =
        1 + 0.05 * normal() + directions.reduce((sum, axis, j) => sum + strengths[j]! * axis[i]!, 0);
    }
  }
  return { data, rows: ROWS, dimension: WIDTH };
}

const random = createRandom(3);
const learned = {
  matrix: createFloatTensor(
    Float32Array.from({ length: WIDTH * 4 }, () => 50 * random() - 25),
    [WIDTH, 4],
  ),
  offset: createFloatTensor(Float32Array.of(1, -2, 3, 0)),
};

const square = (values: number[]) => values.reduce((sum, x) => sum + x * x, 0);
const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;

describe('addGeneralPart', () => {
  const numbers = (tensor: { data: unknown }) => tensor.data as Float32Array;

  it.each([0.2, 0.5, 0.9])('gives the components a share of %d', async (share) => {
    const set = features(1);
    const head = await addGeneralPart(learned, set, { dimension: 3, share, constant: 0 });
    expect(head.matrix.shape).toEqual([WIDTH, 7]);
    const rows = project(set, head);
    expect(mean(rows.map((row) => square(row.slice(0, 4))))).toBeCloseTo(1 - share, 4);
    expect(mean(rows.map((row) => square(row.slice(4))))).toBeCloseTo(share, 4);
  });

  it('adds a constant that dominates features with a small projection', async () => {
    const set = features(1);
    const options = { dimension: 4, share: 0.5 };
    const head = await addGeneralPart(learned, set, { ...options, constant: 0.7 });
    const without = await addGeneralPart(learned, set, { ...options, dimension: 3, constant: 0 });
    expect(head.matrix.shape).toEqual([WIDTH, 8]);
    const rows = project(set, head);
    const others = project(set, without);
    rows.slice(0, 20).forEach((row, i) => {
      expect(row[7]).toBeCloseTo(0.7, 6);
      for (let axis = 0; axis < 7; axis++) {
        expect(row[axis]).toBeCloseTo(others[i]![axis]!, 5);
      }
    });
  });

  it('refuses more components than there are', async () => {
    const few = { data: features(1).data.subarray(0, 5 * WIDTH), rows: 5, dimension: WIDTH };
    await expect(
      addGeneralPart(learned, few, { dimension: 5, share: 0.3, constant: 0 }),
    ).rejects.toMatchObject({
      code: 'config_invalid',
    });
  });

  it('keeps the learned part except its scale', async () => {
    const set = features(1);
    const head = await addGeneralPart(learned, set, { dimension: 3, share: 0.3, constant: 0 });
    const rows = project(set, head);
    const own = project(set, learned);
    const factor = rows[0]![0]! / own[0]![0]!;
    rows.slice(0, 20).forEach((row, i) => {
      for (let axis = 0; axis < 4; axis++) {
        expect(row[axis]).toBeCloseTo(factor * own[i]![axis]!, 3);
      }
    });
  });

  it('takes the directions in which features differ, centred and the largest first', async () => {
    const head = await addGeneralPart(learned, features(1), { dimension: 3, share: 0.5, constant: 0 });
    // Other rows of the same kind: nearly all they differ in is along the three components.
    const other = features(2);
    const rows = project(other, head).map((row) => row.slice(4));
    const spread = [0, 1, 2].map((axis) => mean(rows.map((row) => row[axis]! ** 2)));
    expect(spread[0]).toBeGreaterThan(spread[1]!);
    expect(spread[1]).toBeGreaterThan(spread[2]!);
    for (const axis of [0, 1, 2]) {
      expect(Math.abs(mean(rows.map((row) => row[axis]!)))).toBeLessThan(0.1);
    }
    const scale = square(Array.from({ length: WIDTH }, (_, i) => numbers(head.matrix)[i * 7 + 4]!));
    const left = mean(
      Array.from({ length: ROWS }, (_, row) => {
        const centred = Array.from({ length: WIDTH }, (_, i) => {
          const column = Array.from({ length: ROWS }, (_, r) => other.data[r * WIDTH + i]!);
          return other.data[row * WIDTH + i]! - mean(column);
        });
        const along = [4, 5, 6].map((axis) =>
          centred.reduce((sum, x, i) => sum + x * numbers(head.matrix)[i * 7 + axis]!, 0),
        );
        return (square(centred) - square(along) / scale) / square(centred);
      }),
    );
    expect(left).toBeLessThan(0.05);
  });
});
