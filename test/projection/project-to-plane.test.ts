import { describe, expect, it } from 'vitest';
import { createNormalRandom } from '../../src/math/random.js';
import { findNearestRows } from '../../src/projection/nearest-rows.js';
import { projectToPlane } from '../../src/projection/project-to-plane.js';
import { Projector } from '../../src/projection/projector.js';

const DIMENSION = 16;

/** Rows of three groups, one after the other, far from each other. */
function groups(perGroup: number) {
  const random = createNormalRandom(7);
  const rows = 3 * perGroup;
  const data = new Float32Array(rows * DIMENSION);
  for (let i = 0; i < data.length; i++) {
    const [row, column] = [Math.floor(i / DIMENSION), i % DIMENSION];
    data[i] = random() * 0.1 + (column === Math.floor(row / perGroup) ? 2 : 0);
  }
  return { data, rows, dimension: DIMENSION };
}

describe('a projection', () => {
  it('keeps groups together and apart from others, within half a unit of the centre', async () => {
    const points = await projectToPlane(groups(40));
    const { indices } = findNearestRows(
      { data: Float32Array.from(points.flat()), rows: points.length, dimension: 2 },
      6,
    );
    const strangers = indices.filter((near, i) =>
      near.some((other) => Math.floor(other / 40) !== Math.floor(i / 40)),
    );
    expect(strangers.length).toBe(0);
    expect(Math.max(...points.flat().map(Math.abs))).toBeLessThanOrEqual(0.5 + 1e-6);
  });

  it('is the same for the same vectors', async () => {
    expect(await projectToPlane(groups(10))).toEqual(await projectToPlane(groups(10)));
  });

  it.each([0, 1, 2, 3, 4, 5, 16])('accepts %i vectors', async (rows) => {
    const { data } = groups(10);
    const points = await projectToPlane({ data, rows, dimension: DIMENSION });
    expect(points).toHaveLength(rows);
    expect(points.flat().every(Number.isFinite)).toBe(true);
  });

  it('accepts vectors that are all equal', async () => {
    const data = new Float32Array(50 * DIMENSION).fill(0.25);
    const points = await projectToPlane({ data, rows: 50, dimension: DIMENSION });
    expect(points.flat().every(Number.isFinite)).toBe(true);
  });
});

it('finds the nearest rows, each itself first', () => {
  const { indices, distances } = findNearestRows(
    { data: Float32Array.of(0, 10, 1, 11, 0), rows: 5, dimension: 1 },
    3,
  );
  expect(indices).toEqual([
    [0, 4, 2],
    [1, 3, 2],
    [2, 0, 4],
    [3, 1, 2],
    [4, 0, 2],
  ]);
  expect(distances[1]).toEqual([0, 1, 9]);
});

it('projects in its own thread, and stops when it is closed', async () => {
  const projector = new Projector();
  const { data } = groups(4);
  const flat = await projector.project(data, DIMENSION);
  expect(flat).toHaveLength(2 * 12);
  const late = projector.project(groups(4).data, DIMENSION);
  await projector.close();
  await expect(late).rejects.toMatchObject({ code: 'shutting_down' });
});
