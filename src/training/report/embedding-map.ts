/** Draws embeddings on a plane, to show which labels are close together. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { drawStandalone, escapeHtml, formatCoordinate } from '../../evaluation/report/svg.js';
import type { Matrix } from '../../math/matrix.js';
import { chooseColour } from '../../projection/label-colours.js';
import { type Point, projectToPlane } from '../../projection/project-to-plane.js';

export interface MapInput {
  /** Unit rows. */
  readonly vectors: Matrix;
  /** One per row. */
  readonly labels: readonly string[];
}

/** Larger than the default of 0.1, so that groups are not drawn as single dots. */
const MIN_DIST = 0.4;
/** Steps of the layout between two turns of the event loop. */
const STEPS_PER_TURN = 20;
const SIDE = 900;
/** Room for half a label beside the outermost points. */
const MARGIN = 70;
const TOP = 56;

/**
 * Draws the embedding map by UMAP (McInnes et al., arXiv 1802.03426), which keeps neighbours together. Large distances mean
 * little. The same embeddings give the same map.
 *
 * @returns an SVG file, or null for fewer than three embeddings
 */
export async function drawEmbeddingMap({ vectors, labels }: MapInput): Promise<string | null> {
  if (vectors.rows < 3) {
    return null;
  }
  const projected = await projectToPlane(vectors, {
    minDist: MIN_DIST,
    // Let progress bars and Ctrl-C run.
    onStep: (step) => (step % STEPS_PER_TURN === 0 ? nextTurn() : undefined),
  });
  const points = fitIntoDrawing(projected);
  const names = [...new Set(labels)].sort();
  const colour = new Map(names.map((name, i) => [name, chooseColour(i)]));
  const dots = points.map(([x, y], i) => {
    const label = labels[i] ?? '';
    return `<circle r="3.4" cx="${formatCoordinate(x)}" cy="${formatCoordinate(y)}" fill="${colour.get(label)}"><title>${escapeHtml(label)}</title></circle>`;
  });
  const middles = names.map((name) => findMiddle(points.filter((_, i) => labels[i] === name)));
  const texts = separateLabels(middles, names).map(
    ([x, y], i) =>
      `<text class="label" x="${formatCoordinate(x)}" y="${formatCoordinate(y)}">${escapeHtml(names[i] ?? '')}</text>`,
  );
  return drawStandalone(
    'Embeddings on a plane, coloured by label',
    { width: SIDE, height: SIDE + TOP },
    [
      '<text class="title" x="20" y="30">Embeddings on a plane</text>',
      `<text class="soft" x="20" y="49">${vectors.rows} photos, ${names.length} labels, by UMAP: close points are similar, large distances mean little</text>`,
      `<g transform="translate(0 ${TOP})"><g fill-opacity="0.75">${dots.join('')}</g>${texts.join('')}</g>`,
    ].join(''),
    (colourOf) =>
      `.label { font-size: 10.5px; text-anchor: middle; stroke: ${colourOf('card')}; stroke-width: 3px; stroke-linejoin: round; paint-order: stroke; }`,
  );
}

/** Scales points into the drawing, in proportion. */
function fitIntoDrawing(points: readonly Point[]): Point[] {
  const range = (axis: 0 | 1) => {
    const values = points.map((point) => point[axis]);
    return [Math.min(...values), Math.max(...values)] as const;
  };
  const [[left, right], [top, bottom]] = [range(0), range(1)];
  const scale = (SIDE - 2 * MARGIN) / Math.max(right - left, bottom - top, 1e-9);
  const place = (value: number, from: number, to: number) => SIDE / 2 + scale * (value - (from + to) / 2);
  return points.map(([x, y]) => [place(x, left, right), place(y, top, bottom)] as const);
}

/** Finds the median on each axis, which outliers do not move. */
function findMiddle(points: readonly Point[]): Point {
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
  return [median(points.map(([x]) => x)), median(points.map(([, y]) => y))];
}

/** The approximate size of a label. */
const LETTER = 5.8;
const LINE = 11;

/** Moves labels up or down as little as possible so that they can be read. In a crowd some still overlap. */
function separateLabels(places: readonly Point[], names: readonly string[]): Point[] {
  const boxes: { x: number; y: number; width: number }[] = [];
  return places.map(([x, y], i) => {
    const width = LETTER * (names[i]?.length ?? 0);
    const free = (at: number) =>
      boxes.every(
        (other) => Math.abs(other.y - at) >= LINE || Math.abs(other.x - x) >= (other.width + width) / 2,
      );
    const rows = [0, -1, 1, -2, 2, -3, 3, -4, 4].map((row) => y + row * LINE);
    const best = rows.find(free) ?? y;
    boxes.push({ x, y: best, width });
    return [x, best] as const;
  });
}
