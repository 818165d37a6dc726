/** The WebAssembly functions in TypeScript, with bit-identical results. */
import { type DotProducts, LANES } from '../../src/wasm/dot-products.js';
import type { WasmMemory } from '../../src/wasm/load-wasm.js';
import { ENTRY_BYTES, type Resample, TAPS } from '../../src/wasm/resample.js';

/** Sixteen running sums in single precision, added up in the same order. */
export function computeReferenceDotProducts({ buffer }: Pick<WasmMemory, 'buffer'>): DotProducts {
  const floats = new Float32Array(buffer);
  return (rows, count, bytes, query, out) => {
    const width = bytes / 4;
    for (let row = 0; row < count; row++) {
      const sums = new Float32Array(LANES);
      for (let i = 0; i < width; i++) {
        const product = Math.fround(floats[rows / 4 + row * width + i]! * floats[query / 4 + i]!);
        sums[i % LANES] = sums[i % LANES]! + product;
      }
      const four = [0, 1, 2, 3].map((lane) => {
        const pair = (first: number) => Math.fround(sums[first + lane]! + sums[first + 4 + lane]!);
        return Math.fround(pair(0) + pair(8));
      });
      floats[out / 4 + row] = four.reduce((sum, value) => Math.fround(sum + value));
    }
  };
}

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
