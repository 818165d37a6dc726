/** Computes where the points of a map are on the screen: zooming, moving and finding them. No drawing, no events. */

/** The visible part of the map. */
export class MapView {
  /** Pixels per unit of the map. */
  scale = 1;
  /** The position of the map's origin on the screen, in pixels. */
  left = 0;
  top = 0;
  #fitted = 1;
  width = 0;
  height = 0;

  constructor(
    readonly x: Float32Array,
    readonly y: Float32Array,
  ) {}

  /** Shows the whole map. */
  fit(): void {
    this.#fitted = 0.92 * Math.min(this.width, this.height);
    this.scale = this.#fitted;
    this.left = this.width / 2;
    this.top = this.height / 2;
  }

  /** Changes the window's size, in pixels. A view of the whole map stays one; others keep their centre. */
  resize(width: number, height: number): void {
    const isWhole = this.zoom === 1 && this.left === this.width / 2 && this.top === this.height / 2;
    this.left += (width - this.width) / 2;
    this.top += (height - this.height) / 2;
    this.width = width;
    this.height = height;
    if (isWhole) {
      this.fit();
    }
  }

  move(right: number, down: number): void {
    this.left += right;
    this.top += down;
  }

  /** Magnification relative to the whole map. */
  get zoom(): number {
    return this.scale / this.#fitted;
  }

  /** Zooms around a position of the screen. */
  zoomBy(factor: number, atX = this.width / 2, atY = this.height / 2): void {
    const next = Math.min(60, Math.max(0.5, this.zoom * factor)) * this.#fitted;
    const ratio = next / this.scale;
    this.left = atX - (atX - this.left) * ratio;
    this.top = atY - (atY - this.top) * ratio;
    this.scale = next;
  }

  /** Moves a position of the map to the middle of the screen. */
  centreOn(x: number, y: number): void {
    this.left = this.width / 2 - x * this.scale;
    this.top = this.height / 2 - y * this.scale;
  }

  /** @returns the point nearest to a position of the screen, within `reach` pixels; -1: none */
  nearest(atX: number, atY: number, reach: number, isShown: (i: number) => boolean): number {
    let best = -1;
    let minDistance = reach * reach;
    for (let i = 0; i < this.x.length; i++) {
      const right = this.x[i]! * this.scale + this.left - atX;
      const down = this.y[i]! * this.scale + this.top - atY;
      const distance = right * right + down * down;
      if (distance <= minDistance && isShown(i)) {
        minDistance = distance;
        best = i;
      }
    }
    return best;
  }
}

/** A neighbour of a query, with its point on the map. */
export interface Anchor {
  x: number;
  y: number;
  similarity: number;
}

/** Difference of similarity at which a neighbour counts a third as much as the nearest. */
const SOFTNESS = 0.02;
/** Number of neighbours that a query is placed between. */
const MAX_ANCHORS = 15;

/**
 * Where something that is not on the map would be: between its nearest neighbours, weighted by similarity. UMAP starts from
 * the same position when it adds a point to a finished map (McInnes et al., arXiv 1802.03426, section 4.3).
 *
 * @param neighbours nearest first; null if none of them is on the map
 */
export function placeQuery(neighbours: readonly Anchor[]): { x: number; y: number } | null {
  const anchors = neighbours.slice(0, MAX_ANCHORS);
  const [nearest] = anchors;
  if (nearest === undefined) {
    return null;
  }
  const weights = anchors.map(({ similarity }) => Math.exp((similarity - nearest.similarity) / SOFTNESS));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return {
    x: anchors.reduce((total, { x }, i) => total + x * weights[i]!, 0) / sum,
    y: anchors.reduce((total, { y }, i) => total + y * weights[i]!, 0) / sum,
  };
}
