/**
 * Enlarging a small square: cubic, as libvips does it, at a tenth of the time. Photos smaller than the encoder's input
 * are common (thumbnails, labelled sets), and enlarging them was more than half of decoding them.
 *
 * Keys, "Cubic convolution interpolation for digital image processing", 1981, a = -1/2; pixel centres at halves;
 * beyond the border its pixels repeat.
 */
import { compile, createMemory, op, PAGE_BYTES, type WasmMemory } from '../wasm/assembler.js';

const CHANNELS = 3;
const TAPS = 4;
/** Bytes of an entry of the table: where the first of four pixels is, and their weights. */
const ENTRY_BYTES = 20;

/**
 * `mix(table, end, stride, vectors, source, out, step)`: for each entry of the table, from `table` to `end`, `vectors`
 * times four floats, each the weighted sum of four that are `stride` bytes apart; entries' results are `step` bytes apart.
 */
type Mix = (
  table: number,
  end: number,
  stride: number,
  vectors: number,
  source: number,
  out: number,
  step: number,
) => void;

function assembleMix() {
  const [entry, end, stride, vectors, source, out, step] = [0, 1, 2, 3, 4, 5, 6] as const;
  const [at, to, left, tap] = [7, 8, 9, 10] as const;
  const [sum, weight] = [11, 12] as const;
  const { get, set, tee, i32, add, loop, againIf, vMultiply, vAdd } = op;
  const advance = (local: number, n: number[]) => [...get(local), ...n, ...add, ...set(local)];
  const taps = Array.from({ length: TAPS }, (_, i) => weight + i);
  return compile(7, { i32: 4, v128: 1 + TAPS }, [
    loop(
      [...get(source), ...get(entry), ...op.loadI32(0), ...add, ...set(at), ...get(out), ...set(to)],
      ...taps.map((local, i) => [...get(entry), ...op.vLoadSplat(4 + 4 * i), ...set(local)]),
      [...get(vectors), ...set(left)],
      loop(
        [...op.vZero, ...set(sum), ...get(at), ...set(tap)],
        ...taps.map((local) => [
          ...[...get(sum), ...get(tap), ...op.vLoad(0), ...get(local), ...vMultiply, ...vAdd, ...set(sum)],
          ...advance(tap, get(stride)),
        ]),
        [...get(to), ...get(sum), ...op.vStore, ...advance(at, i32(16)), ...advance(to, i32(16))],
        [...get(left), ...i32(1), ...op.subtract, ...tee(left), ...againIf],
      ),
      [...advance(out, get(step)), ...advance(entry, i32(ENTRY_BYTES))],
      [...get(entry), ...get(end), ...op.lessUnsigned, ...againIf],
    ),
  ]);
}

/** `widen(from, end, out)`: bytes as floats, eight at a time. */
type Widen = (from: number, end: number, out: number) => void;

function assembleWiden() {
  const [from, end, out, eight] = [0, 1, 2, 3] as const;
  const { get, set, i32, add, loop } = op;
  return compile(3, { i32: 0, v128: 1 }, [
    loop(
      [...get(from), ...op.vLoadBytes, ...set(eight)],
      [...get(out), ...get(eight), ...op.vFloatsLow, ...op.vStore],
      [...get(out), ...i32(16), ...add, ...get(eight), ...op.vFloatsHigh, ...op.vStore],
      [...get(out), ...i32(32), ...add, ...set(out), ...get(from), ...i32(8), ...add, ...set(from)],
      [...get(from), ...get(end), ...op.lessUnsigned, ...op.againIf],
    ),
  ]);
}

/** `round(from, end, out)`: floats as bytes, rounded and clamped, sixteen at a time. */
type Round = (from: number, end: number, out: number) => void;

function assembleRound() {
  const [from, end, out] = [0, 1, 2] as const;
  const { get, set, i32, add, loop } = op;
  const rounded = (i: number) => [...get(from), ...op.vLoad(16 * i), ...op.vRound];
  return compile(3, { i32: 0, v128: 0 }, [
    loop(
      [...get(out), ...rounded(0), ...rounded(1), ...op.vTo16, ...rounded(2), ...rounded(3), ...op.vTo16],
      [...op.vToBytes, ...op.vStore],
      [...get(out), ...i32(16), ...add, ...set(out), ...get(from), ...i32(64), ...add, ...set(from)],
      [...get(from), ...get(end), ...op.lessUnsigned, ...op.againIf],
    ),
  ]);
}

/** Weights of the four pixels around a place that is `t`, 0..1, behind the second of them. */
function cubicWeights(t: number): number[] {
  const near = (x: number) => 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
  const far = (x: number) => -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2;
  return [far(1 + t), near(t), near(1 - t), far(2 - t)];
}

/** For each of `size` places along a side: the first of its four pixels among `side`, and the weights. */
function places(side: number, size: number): { first: number; weights: number[] }[] {
  return Array.from({ length: size }, (_, i) => {
    const centre = (i * side) / size - 0.5;
    const second = Math.floor(centre);
    const first = Math.min(Math.max(second - 1, 0), side - TAPS);
    const weights = new Array<number>(TAPS).fill(0);
    cubicWeights(centre - second).forEach((weight, tap) => {
      const pixel = Math.min(Math.max(second - 1 + tap, 0), side - 1);
      weights[pixel - first] = weights[pixel - first]! + weight;
    });
    return { first, weights };
  });
}

const pagesFor = (bytes: number) => Math.ceil(bytes / PAGE_BYTES);

/** The function over a memory that grows with the largest image so far. */
class Enlarger {
  readonly #memory: WasmMemory = createMemory(1);
  readonly #widen: Widen = assembleWiden()(this.#memory);
  readonly #mix: Mix = assembleMix()(this.#memory);
  readonly #round: Round = assembleRound()(this.#memory);
  #pages = 1;
  /** What the tables in the memory are for: a folder's small photos are mostly of one size. */
  #tables = { side: 0, size: 0 };

  /** Across, row by row, then down, all rows at once; see {@link enlarge}. */
  run(pixels: Uint8Array, side: number, size: number): Uint8Array {
    const [narrow, wide] = [side * CHANNELS * 4, size * CHANNELS * 4];
    const across = 0;
    const down = across + size * ENTRY_BYTES;
    // Vectors of four reach one float beyond the three of a last pixel.
    const source = Math.ceil((down + size * ENTRY_BYTES) / 16) * 16;
    const between = source + side * narrow + 16;
    const out = between + side * wide + 16;
    const bytes = this.#room(out + size * wide + 64);
    if (this.#tables.side !== side || this.#tables.size !== size) {
      this.#write(bytes, across, places(side, size), CHANNELS * 4);
      this.#write(bytes, down, places(side, size), wide);
      this.#tables = { side, size };
    }
    // The bytes wait where the result will be; what widening writes beyond their floats is overwritten by the next step.
    new Uint8Array(bytes, out, pixels.length).set(pixels);
    this.#widen(out, out + pixels.length, source);
    for (let y = 0; y < side; y++)
      this.#mix(across, down, CHANNELS * 4, 1, source + y * narrow, between + y * wide, CHANNELS * 4);
    const vectors = Math.ceil((size * CHANNELS) / 4);
    this.#mix(down, down + size * ENTRY_BYTES, wide, vectors, between, out, wide);
    // The bytes go where the floats came from, which are needed no more.
    this.#round(out, out + size * wide, source);
    return new Uint8Array(bytes, source, size * size * CHANNELS).slice();
  }

  #room(bytes: number): ArrayBuffer {
    const more = pagesFor(bytes) - this.#pages;
    if (more > 0) this.#memory.grow(more);
    this.#pages += Math.max(0, more);
    return this.#memory.buffer;
  }

  #write(bytes: ArrayBuffer, table: number, along: ReturnType<typeof places>, step: number): void {
    const view = new DataView(bytes, table);
    along.forEach(({ first, weights }, i) => {
      view.setInt32(i * ENTRY_BYTES, first * step, true);
      weights.forEach((weight, tap) => {
        view.setFloat32(i * ENTRY_BYTES + 4 + 4 * tap, weight, true);
      });
    });
  }
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
