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
