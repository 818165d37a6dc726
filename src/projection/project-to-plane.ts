/** Lays out vectors on a plane so that similar ones are close together. */
import { UMAP } from 'umap-js';
import type { Matrix } from '../math/matrix.js';
import { createRandom } from '../math/random.js';
import { findNearestRows } from './nearest-rows.js';
import { projectOnAxes } from './principal-axes.js';

export type Point = readonly [x: number, y: number];

/** Neighbours whose distances the layout tries to preserve. */
const NEIGHBOURS = 15;
/** Number of principal axes used to find neighbours. The rest of such embeddings is noise. */
const AXES = 50;
/** Steps of the layout, so that ten thousand points take seconds rather than minutes. */
const STEPS = 200;
/** Side of the square that contains the initial positions, as in UMAP. */
const SPAN = 20;

export interface ProjectOptions {
  /** Smallest distance between points of a group. Larger values make groups looser; UMAP's default is 0.1. */
  minDist?: number;
  /** Called between two steps. */
  onStep?: (step: number) => Promise<void> | void;
}

/** Scales points so that the longer side of their extent is `span`, around the origin. */
function spread(points: readonly Point[], span: number): Point[] {
  const range = (axis: 0 | 1) => {
    const values = points.map((point) => point[axis]);
    const min = values.reduce((a, b) => Math.min(a, b));
    const max = values.reduce((a, b) => Math.max(a, b));
    return { middle: (min + max) / 2, width: max - min };
  };
  const x = range(0);
  const y = range(1);
  const scale = span / Math.max(x.width, y.width, 1e-9);
  return points.map((point) => [(point[0] - x.middle) * scale, (point[1] - y.middle) * scale] as const);
}

/** Returns the first two columns: the initial layout, and the final one of a few points. */
const readFirstAxes = ({ data, rows, dimension }: Matrix): Point[] =>
  Array.from({ length: rows }, (_, i) => [
    data[i * dimension]!,
    dimension > 1 ? data[i * dimension + 1]! : 0,
  ]);

/**
 * Projects vectors by UMAP (McInnes et al., arXiv 1802.03426), which keeps neighbours together. It starts from the
 * principal axes, so that large groups also keep their relative positions. Even so, large distances mean little. The same
 * vectors give the same points.
 *
 * @returns a point for each vector, within -0.5..0.5
 */
export async function projectToPlane(
  vectors: Matrix,
  { minDist = 0.3, onStep = () => {} }: ProjectOptions = {},
): Promise<Point[]> {
  const { rows, dimension } = vectors;
  if (rows === 0) {
    return [];
  }
  const projected = projectOnAxes(vectors, Math.min(AXES, dimension));
  const start = readFirstAxes(projected);
  if (rows <= 3) {
    return spread(start, 1);
  }
  const nNeighbors = Math.min(NEIGHBOURS, rows - 1);
  const random = createRandom(1);
  const umap = new UMAP({ nNeighbors, minDist, nEpochs: STEPS, random });
  const { indices, distances } = findNearestRows(projected, nNeighbors);
  umap.setPrecomputedKNN(indices, distances);
  umap.initializeFit(start.map((point) => [...point]));
  const places = umap.getEmbedding();
  for (const [i, [x, y]] of spread(start, SPAN).entries()) {
    // Equal vectors would never separate.
    places[i]![0] = x + (random() - 0.5) * 1e-3;
    places[i]![1] = y + (random() - 0.5) * 1e-3;
  }
  for (let step = 0; step < STEPS; step++) {
    umap.step();
    await onStep(step);
  }
  const points = umap.getEmbedding().map(([x = 0, y = 0]) => [x, y] as const);
  return spread(points, 1);
}
