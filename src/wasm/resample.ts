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

/** The same in TypeScript, with bit-identical results. */
export function computeReferenceResample({ buffer }: Pick<WasmMemory, 'buffer'>): Resample {
  const view = new DataView(buffer);
  const readFloat = (at: number) => view.getFloat32(at, true);
  const writeFloat = (at: number, value: number) => view.setFloat32(at, value, true);
  return {
    widen(from, end, out) {
      const count = Math.ceil((end - from) / 8) * 8;
      const bytes = new Uint8Array(buffer, from, count).slice();
      bytes.forEach((byte, i) => {
        writeFloat(out + 4 * i, byte);
      });
    },
    mix(table, end, stride, count, source, sourceStep, out, outStep, entryStep) {
      for (let entry = table, to = out; entry < end; entry += ENTRY_BYTES, to += entryStep) {
        const first = source + view.getInt32(entry, true);
        for (let i = 0; i < 4 * count; i++) {
          const [vector, lane] = [Math.floor(i / 4), 4 * (i % 4)];
          const products = Array.from({ length: TAPS }, (_, tap) =>
            Math.fround(
              readFloat(first + vector * sourceStep + tap * stride + lane) * readFloat(entry + 4 + 4 * tap),
            ),
          );
          writeFloat(
            to + vector * outStep + lane,
            products.reduce((sum, product) => Math.fround(sum + product)),
          );
        }
      }
    },
    round(from, end, out) {
      const bytes = new Uint8Array(buffer);
      const count = Math.ceil((end - from) / 64) * 16;
      for (let i = 0; i < count; i++) {
        bytes[out + i] = Math.min(Math.max(roundHalfToEven(readFloat(from + 4 * i)), 0), 255);
      }
    },
  };
}

function roundHalfToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) {
    return Math.round(value);
  }
  return below % 2 === 0 ? below : below + 1;
}
