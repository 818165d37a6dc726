/**
 * Dot products of one query with many rows, as a WebAssembly function of 128-bit vector instructions: four
 * times as fast as the best JavaScript loop measured here, with nothing to compile at install. The module is
 * so small that it is assembled here, instruction by instruction, rather than shipped as bytes nobody can read.
 */

/** Floats a row takes are a multiple of this: the inner loop takes four vectors of four at a time. */
export const LANES = 16;

/** `(rows, count, bytes, query, out)`: byte addresses; count >= 1 rows of `bytes` (a multiple of 64) each. */
type DotFunction = (rows: number, count: number, bytes: number, query: number, out: number) => void;

/** What is used of WebAssembly; the type library of Node does not declare it. */
interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: { dot: DotFunction } };
  Memory: new (limits: { initial: number; maximum: number }) => WasmMemory;
};

const get = (i: number) => [0x20, i];
const set = (i: number) => [0x21, i];
const tee = (i: number) => [0x22, i];
const i32Const = (n: number) => (n < 64 ? [0x41, n] : [0x41, n | 0x80, 0]); // signed LEB128, n < 128
const simd = (...op: number[]) => [0xfd, ...op];
const [I32_ADD, I32_SUB, I32_LT_U, F32_ADD, END] = [0x6a, 0x6b, 0x49, 0x92, 0x0b];
const LOOP = [0x03, 0x40];
const CONTINUE_IF = [0x0d, 0];
const F32_STORE = [0x38, 2, 0];
const V_LOAD = (offset: number) => simd(0x00, 4, offset);
const V_ZERO = simd(0x0c, ...new Array<number>(16).fill(0));
const V_ADD = simd(0xe4, 1);
const V_MUL = simd(0xe6, 1);
const V_LANE = (lane: number) => simd(0x1f, lane);

function assemble(): Uint8Array {
  const [row, count, bytes, query, out, end, q, sum] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
  const add = (local: number, n: number) => [...get(local), ...i32Const(n), I32_ADD, ...set(local)];
  const multiplyAdd = (i: number) => [
    ...[...get(sum + i), ...get(row), ...V_LOAD(16 * i), ...get(q), ...V_LOAD(16 * i)],
    ...[...V_MUL, ...V_ADD, ...set(sum + i)],
  ];
  const body = [
    ...[2, 2, 0x7f, 4, 0x7b], // locals: two i32 (end, q), four v128 (partial sums)
    ...LOOP,
    ...[...get(row), ...get(bytes), I32_ADD, ...set(end), ...get(query), ...set(q)],
    ...[...V_ZERO, ...tee(sum), ...tee(sum + 1), ...tee(sum + 2), ...set(sum + 3)],
    ...LOOP,
    ...[0, 1, 2, 3].flatMap(multiplyAdd),
    ...[...add(row, 64), ...add(q, 64), ...get(row), ...get(end), I32_LT_U, ...CONTINUE_IF],
    END,
    ...[...get(out), ...get(sum), ...get(sum + 1), ...V_ADD, ...get(sum + 2), ...get(sum + 3), ...V_ADD],
    ...[...V_ADD, ...tee(sum), ...V_LANE(0)],
    ...[1, 2, 3].flatMap((lane) => [...get(sum), ...V_LANE(lane), F32_ADD]),
    ...[...F32_STORE, ...add(out, 4)],
    ...[...get(count), ...i32Const(1), I32_SUB, ...tee(count), ...CONTINUE_IF],
    END,
    END,
  ];
  const leb = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...leb(n >> 7)]);
  const section = (id: number, content: number[]) => [id, ...leb(content.length), ...content];
  const name = (text: string) => [text.length, ...Buffer.from(text)];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 5, 0x7f, 0x7f, 0x7f, 0x7f, 0x7f, 0]), // type: five i32 -> nothing
    ...section(2, [1, ...name('env'), ...name('memory'), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('dot'), 0, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]);
}

let module: object | undefined;

/** A memory that grows in place up to `maximum` pages of 64 KiB, with the dot-product function over it. */
export function createKernel(initial: number, maximum: number): { memory: WasmMemory; dot: DotFunction } {
  module ??= new WebAssembly.Module(assemble());
  const memory = new WebAssembly.Memory({ initial, maximum });
  return { memory, dot: new WebAssembly.Instance(module, { env: { memory } }).exports.dot };
}
