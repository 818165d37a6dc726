/** The encoder interface: decoded pixels in, unit vectors out. */
import type { ResizeRule } from '../image/decode.js';
import type { Rectangle } from '../image/heat-colours.js';

/** What an encoder says of itself. */
export interface EncoderInfo {
  /** The model card's name. */
  name: string;
  /** Hex sha256 of model bytes and preprocessing; equal fingerprints embed alike. */
  fingerprint: string;
  /** Length of an embedding. */
  dimension: number;
  /** How an image becomes the encoder's input; pass it to `decode`. */
  resize: ResizeRule;
}

/** Which part of the encoder's square input the cells of its last feature map are about. */
export interface CellGrid {
  rows: number;
  columns: number;
  /**
   * The rectangle that the cells divide into equal parts, in fractions of the square. It reaches past the edges
   * where the network pads; with padding at the far side alone, as TensorFlow's SAME has it for even sizes, it begins
   * inside the square.
   */
  extent: Rectangle;
}

/** An embedding taken apart by where in the picture it comes from. */
export interface CellEmbedding {
  /** float32 [dimension], L2 norm 1 */
  embedding: Float32Array;
  /** float32 [rows * columns, dimension], row by row; the rows sum to the embedding. */
  cells: Float32Array;
  grid: CellGrid;
}

/** Work that somebody waits for, or work that can wait for that. */
export type Urgency = 'urgent' | 'bulk';

/** Turns decoded images into embeddings; implementations batch concurrent calls themselves. */
export interface Encoder {
  readonly info: EncoderInfo;
  /**
   * Embeds one image.
   *
   * @param pixels uint8 [size, size, 3], sRGB, as `decode` returns it; the buffer is consumed (detached)
   * @param urgency `urgent` unless given
   * @returns float32 [dimension], L2 norm 1
   * @throws PawdexError `overloaded` when the queue is full, `shutting_down` after close
   */
  embed(pixels: Uint8Array, urgency?: Urgency): Promise<Float32Array>;
  /**
   * Embeds one image and says what each cell of it adds. The first call opens the model a second time, in about a
   * third of a second; an encoder that is never asked does not pay for it.
   *
   * @param pixels as for {@link embed}
   * @throws PawdexError `explain_unavailable` when the embedding is no sum over a feature map; as {@link embed}
   */
  embedCells(pixels: Uint8Array): Promise<CellEmbedding>;
  /** Images waiting or being embedded. */
  readonly pending: number;
  /** Waits for accepted work, then frees the model. */
  close(): Promise<void>;
}
