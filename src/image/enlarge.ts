/**
 * Enlarges small squares by cubic interpolation like libvips, in a tenth of the time. Photos smaller than the
 * encoder's input are common (thumbnails, labelled sets), and enlarging took more than half of their decoding time.
 *
 * Keys, "Cubic convolution interpolation for digital image processing", 1981, a = -1/2. Pixel centres are at halves,
 * and the border pixels repeat beyond the border.
 */
import { createMemory, PAGE_BYTES, type WasmMemory } from '../wasm/load-wasm.js';
import { createResample, ENTRY_BYTES, type Resample, TAPS } from '../wasm/resample.js';

const CHANNELS = 3;
const PIXEL_BYTES = CHANNELS * 4;
/** Four floats. */
const VECTOR_BYTES = 16;

/** The source of one output pixel along a side: the first of four input pixels, and their weights. */
interface Source {
  first: number;
  weights: number[];
}

/** Computes the weights of four pixels for a position that is `t`, 0..1, behind the second. */
function computeWeights(t: number): number[] {
  const near = (x: number) => 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
  const far = (x: number) => -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2;
  return [far(1 + t), near(t), near(1 - t), far(2 - t)];
}

/** Finds the sources, among `side` pixels, of `size` output pixels. */
function findSources(side: number, size: number): Source[] {
  return Array.from({ length: size }, (_, i) => {
    const centre = (i * side) / size - 0.5;
    const second = Math.floor(centre);
    const first = Math.min(Math.max(second - 1, 0), side - TAPS);
    const weights = new Array<number>(TAPS).fill(0);
    computeWeights(centre - second).forEach((weight, tap) => {
      const pixel = Math.min(Math.max(second - 1 + tap, 0), side - 1);
      weights[pixel - first] = weights[pixel - first]! + weight;
    });
    return { first, weights };
  });
}

/** The WebAssembly functions with a memory that grows with the largest image so far. */
class Enlarger {
  readonly #memory: WasmMemory = createMemory(1);
  readonly #resample: Resample = createResample(this.#memory);
  #pages = 1;
  /** The sizes of the tables in memory, which are reused, since small photos of a folder mostly have one size. */
  #tables = { side: 0, size: 0 };

  /** Resamples across, then down. */
  run(pixels: Uint8Array, side: number, size: number): Uint8Array {
    const { widen, mix, round } = this.#resample;
    const narrow = side * PIXEL_BYTES;
    const wide = size * PIXEL_BYTES;
    // Vectors of four reach one float beyond the three of the last pixel.
    const padded = wide + 4;
    const across = 0;
    const down = across + size * ENTRY_BYTES;
    const source = Math.ceil((down + size * ENTRY_BYTES) / VECTOR_BYTES) * VECTOR_BYTES;
    const between = source + side * narrow + VECTOR_BYTES;
    const out = between + side * padded + VECTOR_BYTES;
    const bytes = this.#ensureBytes(out + size * wide + 64);
    if (this.#tables.side !== side || this.#tables.size !== size) {
      const sources = findSources(side, size);
      writeTable(bytes, across, sources, PIXEL_BYTES);
      writeTable(bytes, down, sources, padded);
      this.#tables = { side, size };
    }
    // Put the bytes where the result will be. The next step overwrites what `widen` writes past the floats.
    new Uint8Array(bytes, out, pixels.length).set(pixels);
    widen(out, out + pixels.length, source);
    // Column by column: one pixel of every row has the same weights.
    mix(across, down, PIXEL_BYTES, side, source, narrow, between, padded, PIXEL_BYTES);
    const vectors = Math.ceil(wide / VECTOR_BYTES);
    mix(down, down + size * ENTRY_BYTES, padded, vectors, between, VECTOR_BYTES, out, VECTOR_BYTES, wide);
    // The source floats are no longer needed; reuse their memory.
    round(out, out + size * wide, source);
    return new Uint8Array(bytes, source, size * size * CHANNELS).slice();
  }

  #ensureBytes(bytes: number): ArrayBuffer {
    const more = Math.ceil(bytes / PAGE_BYTES) - this.#pages;
    if (more > 0) {
      this.#memory.grow(more);
      this.#pages += more;
    }
    return this.#memory.buffer;
  }
}

/** Writes the table that `mix` reads. @param step bytes from one pixel to the next along the side */
function writeTable(bytes: ArrayBuffer, at: number, sources: readonly Source[], step: number): void {
  const view = new DataView(bytes, at);
  sources.forEach(({ first, weights }, i) => {
    view.setInt32(i * ENTRY_BYTES, first * step, true);
    weights.forEach((weight, tap) => {
      view.setFloat32(i * ENTRY_BYTES + 4 + 4 * tap, weight, true);
    });
  });
}

let enlarger: Enlarger | undefined;

/**
 * Enlarges a square image.
 *
 * @param pixels uint8 [side, side, 3]
 * @param side 4 or more
 * @param size side of the result, not less than `side`
 * @returns uint8 [size, size, 3]
 */
export function enlarge(pixels: Uint8Array, side: number, size: number): Uint8Array {
  enlarger ??= new Enlarger();
  return enlarger.run(pixels, side, size);
}
