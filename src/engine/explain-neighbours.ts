/** Adds to neighbours where in a photo their similarity comes from, and draws it as a heat map. */
import { catchAsNull } from '../errors.js';
import { renderHeatMap } from '../image/heat-map.js';
import { mapToPhoto, type Rectangle, WHOLE_PHOTO } from '../image/regions.js';
import type { Store } from '../store/store.js';
import type { Explain } from './compute-explanation.js';
import type { Explanation, HeatMapOptions } from './engine.js';
import type { EngineContext } from './spaces.js';

/** Largest number of neighbours to explain. A hundred take two milliseconds of the main thread. */
const MAX_EXPLAINED = 100;

/** Reads the vector of an item, or null if it was deleted after it was listed. */
export function findVector(store: Store, collection: string, id: string): Promise<Float32Array | null> {
  return catchAsNull(store.getVector(collection, id), 'item_not_found');
}

/** Settings of {@link addExplanations}. */
interface ExplainOptions {
  store: Store;
  collection: string;
  /** Null if no explanation was requested. */
  explain: Explain | null;
  /** The part of the photo that was embedded, if it was cut out before. */
  part: Rectangle | undefined;
}

/**
 * Adds an explanation to the first {@link MAX_EXPLAINED} neighbours if explanations were requested. An item that was
 * deleted after the search gets none.
 */
export async function addExplanations<N extends { id: string }>(
  neighbours: N[],
  { store, collection, explain, part = WHOLE_PHOTO }: ExplainOptions,
): Promise<(N & { explanation?: Explanation })[]> {
  if (explain === null) {
    return neighbours;
  }
  const add = async (neighbour: N): Promise<N & { explanation?: Explanation }> => {
    const vector = await findVector(store, collection, neighbour.id);
    if (vector === null) {
      return neighbour;
    }
    const explanation = explain(vector);
    return { ...neighbour, explanation: { ...explanation, region: mapToPhoto(explanation.region, part) } };
  };
  const first = await Promise.all(neighbours.slice(0, MAX_EXPLAINED).map(add));
  return [...first, ...neighbours.slice(MAX_EXPLAINED)];
}

/** See `Engine.drawHeatMap`. */
export function drawHeatMap(
  { store, spaces }: EngineContext,
  image: Uint8Array,
  { collection, neighbour, views, region }: HeatMapOptions,
): Promise<Uint8Array> {
  return spaces.run(collection, async ({ runtime }) => {
    const vector = await store.getVector(collection, neighbour);
    const photo = await runtime.embedder.embed(image, { views, region, explained: true });
    return renderHeatMap(photo.image, photo.explain!(vector));
  });
}
