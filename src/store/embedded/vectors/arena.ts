/**
 * Memory for the vectors of all collections, allocated in blocks. Collections share it because each WebAssembly memory
 * reserves gigabytes of address space, however little is used.
 */
import { createDotProducts } from '../../../wasm/dot-products.js';

export const BLOCK_BYTES = 256 * 1024;
/** Longest vector; a block holds four of this length. */
export const MAX_DIMENSION = BLOCK_BYTES / 4 / 4;

const PAGE = 65_536;
const QUERY_AT = 0;
const SCORES_AT = BLOCK_BYTES / 4;
const FIRST_BLOCK_AT = SCORES_AT * 2;
const MAX_SEGMENT_PAGES = 16_384; // 1 GiB
const GROWTH_BLOCKS = 16;

/** One WebAssembly memory: a query, the scores of one block, then blocks. */
class Segment {
  readonly #kernel = createDotProducts(FIRST_BLOCK_AT / PAGE, MAX_SEGMENT_PAGES);
  #pages = FIRST_BLOCK_AT / PAGE;
  #next = FIRST_BLOCK_AT;
  /** The query that was copied into the memory last. */
  #query: Float32Array | null = null;
  floats = new Float32Array(this.#kernel.memory.buffer);

  /** Allocates a block. Returns its byte offset, or null if the segment is full. */
  allocate(): number | null {
    const end = this.#next + BLOCK_BYTES;
    if (end > this.#pages * PAGE) {
      const grow = Math.min((GROWTH_BLOCKS * BLOCK_BYTES) / PAGE, MAX_SEGMENT_PAGES - this.#pages);
      if (this.#pages * PAGE + grow * PAGE < end) {
        return null;
      }
      this.#kernel.memory.grow(grow);
      this.#pages += grow;
      this.floats = new Float32Array(this.#kernel.memory.buffer);
    }
    this.#next = end;
    return end - BLOCK_BYTES;
  }

  dot(query: Float32Array, at: number, count: number, stride: number): void {
    // Scattered rows are scored one by one. Copying the query each time would take longer than scoring.
    if (query !== this.#query) {
      this.floats.set(query, QUERY_AT);
      this.#query = query;
    }
    this.#kernel.dotProducts(at, count, stride * 4, QUERY_AT, SCORES_AT);
  }
}

/** A piece of the arena. */
export class Block {
  readonly #segment: Segment;
  readonly #at: number;

  constructor(segment: Segment, at: number) {
    this.#segment = segment;
    this.#at = at;
  }

  /** Writes a row, padded with zeros up to `stride`. */
  write(row: number, stride: number, vector: ArrayLike<number>): void {
    const at = this.#at / 4 + row * stride;
    this.#segment.floats.set(vector, at);
    if (vector.length < stride) {
      this.#segment.floats.fill(0, at + vector.length, at + stride);
    }
  }

  /** Reads a row of `target.length` numbers. */
  read(row: number, stride: number, target: number[]): void {
    const { floats } = this.#segment;
    const at = this.#at / 4 + row * stride;
    for (let i = 0; i < target.length; i++) {
      target[i] = floats[at + i]!;
    }
  }

  /**
   * Computes the dot products of `query` with rows `first` to `first + count`.
   *
   * @param query float32 [stride]; its numbers must not change between calls
   * @returns the scores, valid until the next call
   */
  score(query: Float32Array, first: number, count: number, stride: number): Float32Array {
    this.#segment.dot(query, this.#at + first * stride * 4, count, stride);
    return this.#segment.floats.subarray(SCORES_AT / 4, SCORES_AT / 4 + count);
  }
}

const segments: Segment[] = [];
const free: Block[] = [];

/** Allocates a block with undefined content. */
export function allocateBlock(): Block {
  const reused = free.pop();
  if (reused !== undefined) {
    return reused;
  }
  let segment = segments.at(-1);
  let at = segment?.allocate() ?? null;
  if (segment === undefined || at === null) {
    segment = new Segment();
    segments.push(segment);
    at = segment.allocate()!;
  }
  return new Block(segment, at);
}

/** Releases blocks for reuse. */
export function freeBlocks(blocks: Block[]): void {
  free.push(...blocks);
}
