/** The three steps of cubic resampling, over a memory: bytes to floats, weighted sums, floats to bytes. */
import { loadWasm, type WasmMemory } from './load-wasm.js';

/** Number of neighbours that each result is mixed from. */
export const TAPS = 4;
/** Bytes of a table entry: an int32 with the offset of the first neighbour in bytes, and a float32 weight for each. */
export const ENTRY_BYTES = 4 + 4 * TAPS;

/** All addresses are in bytes. Whole vectors are read and written, so up to 15 bytes beyond an end. */
export interface Resample {
  /** Writes the bytes from `from` to `end` as floats to `out`, eight at a time. */
  widen(from: number, end: number, out: number): void;
  /**
   * For each entry of the table, from `table` to `end`, writes `count` vectors of four floats, `outStep` bytes apart;
   * the first vectors of two entries are `entryStep` bytes apart. Each is the weighted sum of four vectors that are `stride`
   * bytes apart. They begin at `source` plus the entry's offset, and `sourceStep` bytes further for each vector written.
   */
  mix(
    table: number,
    end: number,
    stride: number,
    count: number,
    source: number,
    sourceStep: number,
    out: number,
    outStep: number,
    entryStep: number,
  ): void;
  /** Writes the floats from `from` to `end` as bytes to `out`, sixteen at a time: halves to even, clamped to 0..255. */
  round(from: number, end: number, out: number): void;
}

let instantiate: ((memory: WasmMemory) => Resample) | undefined;

export function createResample(memory: WasmMemory): Resample {
  instantiate ??= loadWasm('resample');
  return instantiate(memory);
}
