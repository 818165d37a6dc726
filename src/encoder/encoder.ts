/** The encoder interface: decoded pixels in, unit vectors out. */
import type { ResizeRule } from '../image/decode.js';

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

/** Turns decoded images into embeddings; implementations batch concurrent calls themselves. */
export interface Encoder {
  readonly info: EncoderInfo;
  /**
   * Embeds one image.
   *
   * @param pixels uint8 [size, size, 3], sRGB, as `decode` returns it; the buffer is consumed (detached)
   * @returns float32 [dimension], L2 norm 1
   * @throws PawdexError `overloaded` when the queue is full, `shutting_down` after close
   */
  embed(pixels: Uint8Array): Promise<Float32Array>;
  /** Images waiting or being embedded. */
  readonly pending: number;
  /** Waits for accepted work, then frees the model. */
  close(): Promise<void>;
}
