/** Computes the dot products of one query with many rows of a memory. */
import { createMemory, loadWasm, type WasmMemory } from './load-wasm.js';

/** Floats of a row are a multiple of this: the inner loop takes four vectors of four at a time. */
export const LANES = 16;

/**
 * Multiplies a query with rows; all addresses are in bytes.
 *
 * @param rows address of the first row
 * @param count rows, 1 or more
 * @param bytes of a row and of the query, a multiple of 64
 * @param query its address
 * @param out address of the results, one float per row
 */
export type DotProducts = (rows: number, count: number, bytes: number, query: number, out: number) => void;

let instantiate: ((memory: WasmMemory) => { dotProducts: DotProducts }) | undefined;

/** Creates a memory of `initial` pages that grows up to `maximum` pages, with the function over it. */
export function createDotProducts(
  initial: number,
  maximum: number,
): { memory: WasmMemory; dotProducts: DotProducts } {
  instantiate ??= loadWasm('dot-products');
  const memory = createMemory(initial, maximum);
  return { memory, dotProducts: instantiate(memory).dotProducts };
}

/**
 * The same in TypeScript, with bit-identical results: sixteen running sums in single precision, added up in the same order.
 */
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
