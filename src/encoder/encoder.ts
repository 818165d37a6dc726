/** The encoder interface: decoded pixels in, unit vectors out. */
import type { ResizeRule } from '../image/decode.js';
import type { Rectangle } from '../image/regions.js';

export interface EncoderInfo {
  name: string;
  /** Hex sha256 of model bytes and preprocessing. Encoders with equal fingerprints give equal embeddings. */
  fingerprint: string;
  /** Length of an embedding. */
  dimension: number;
  /** How to make the encoder's input from an image. Pass it to `decode`. */
  resize: ResizeRule;
}

/** Which part of the encoder's square input the cells of its last feature map describe. */
export interface CellGrid {
  rows: number;
  columns: number;
  /**
   * The rectangle that the cells divide into equal parts, in fractions of the square. With padding it extends beyond the
   * edges. With padding only at the far side, as in TensorFlow's SAME for even sizes, it starts inside the square.
   */
  extent: Rectangle;
}

/** An embedding as a sum of parts, one for each cell of the photo. */
export interface CellEmbedding {
  /** float32 [dimension], L2 norm 1 */
  embedding: Float32Array;
  /** float32 [rows * columns, dimension], row by row; the rows sum to the embedding. */
  cells: Float32Array;
  grid: CellGrid;
}

/** Whether a user waits for the work, or it can wait. */
export type Urgency = 'urgent' | 'bulk';

/** The place in the queue. `next`: more of a photo that has already had its turn. */
export type Place = Urgency | 'next';

/** Turns decoded images into embeddings. Implementations batch concurrent calls. */
export interface Encoder {
  readonly info: EncoderInfo;
  /**
   * Embeds one image.
   *
   * @param pixels uint8 [size, size, 3], sRGB, as `decode` returns it; the buffer is consumed (detached)
   * @param place default: `urgent`
   * @returns float32 [dimension], L2 norm 1
   * @throws PawdexError overloaded when the queue is full, shutting_down after close
   */
  embed(pixels: Uint8Array, place?: Place): Promise<Float32Array>;
  /**
   * Embeds one image, and computes what each of its cells adds. The first call opens the model a second time, which takes
   * about a third of a second.
   *
   * @param pixels as for {@link embed}
   * @throws PawdexError explain_unavailable when the embedding is not a sum over a feature map; as {@link embed}
   */
  embedCells(pixels: Uint8Array): Promise<CellEmbedding>;
  /** Images waiting or being embedded. */
  readonly pending: number;
  /** Waits for accepted work, then frees the model. */
  close(): Promise<void>;
}
