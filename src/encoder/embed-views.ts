/** Embeds several views of one photo as one embedding: their mean, at length 1 (test-time augmentation). */
import type { CellEmbedding, Encoder, Place } from './encoder.js';

/** Computes 1 over the length of the sum of vectors. */
function computeScale(vectors: readonly Float32Array[]): number {
  let squares = 0;
  for (let i = 0; i < vectors[0]!.length; i++) {
    squares += vectors.reduce((sum, vector) => sum + vector[i]!, 0) ** 2;
  }
  return 1 / Math.max(1e-12, Math.sqrt(squares));
}

/**
 * @param views uint8 [size, size, 3] each; at least one; the buffers are consumed
 * @returns float32 [dimension], L2 norm 1
 */
export async function embedViews(
  encoder: Encoder,
  views: Uint8Array[],
  place: Place = 'urgent',
): Promise<Float32Array> {
  const embeddings = await Promise.all(views.map((pixels) => encoder.embed(pixels, place)));
  const [first] = embeddings as [Float32Array];
  if (embeddings.length === 1) {
    return first;
  }
  const scale = computeScale(embeddings);
  return first.map((_, i) => embeddings.reduce((sum, embedding) => sum + embedding[i]!, 0) * scale);
}

/**
 * Like {@link embedViews}, with the cells of the photo. A cell of the mirror image counts for the cell of the photo that it
 * shows.
 *
 * @param views the photo, or the photo and its mirror image
 */
export async function embedViewsInCells(encoder: Encoder, views: Uint8Array[]): Promise<CellEmbedding> {
  const [photo, mirrored] = await Promise.all(views.map((pixels) => encoder.embedCells(pixels)));
  if (mirrored === undefined) {
    return photo!;
  }
  const { grid, cells, embedding } = photo!;
  const { length } = embedding;
  const scale = computeScale([embedding, mirrored.embedding]);
  const mean = embedding.map((value, i) => (value + mirrored.embedding[i]!) * scale);
  const meanCells = cells.map((value, at) => {
    const cell = Math.floor(at / length);
    const column = cell % grid.columns;
    const opposite = cell - column + (grid.columns - 1 - column);
    return (value + mirrored.cells[opposite * length + (at % length)]!) * scale;
  });
  // Cells of the photo and of its mirror image are off the middle by the same distance on opposite sides, so on
  // average they are centred.
  const extent = { ...grid.extent, left: (1 - grid.extent.width) / 2 };
  return { embedding: mean, cells: meanCells, grid: { ...grid, extent } };
}
