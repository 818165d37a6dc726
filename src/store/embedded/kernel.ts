/** Dot products of one query with many rows: four times as fast as the best JavaScript loop measured here. */
import { compile, createMemory, op, type WasmMemory } from '../../wasm/assembler.js';

/** Floats a row takes are a multiple of this: the inner loop takes four vectors of four at a time. */
export const LANES = 16;

/** `(rows, count, bytes, query, out)`: byte addresses; count >= 1 rows of `bytes` (a multiple of 64) each. */
type DotFunction = (rows: number, count: number, bytes: number, query: number, out: number) => void;

function assemble() {
  const [row, count, bytes, query, out, end, q, sum] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
  const { get, set, tee, i32, vLoad, vLane, vAdd, vZero, loop, againIf } = op;
  const advance = (local: number, n: number) => [...get(local), ...i32(n), ...op.add, ...set(local)];
  const multiplyAdd = (i: number) => [
    ...[...get(sum + i), ...get(row), ...vLoad(16 * i), ...get(q), ...vLoad(16 * i)],
    ...[...op.vMultiply, ...vAdd, ...set(sum + i)],
  ];
  return compile(5, { i32: 2, v128: 4 }, [
    loop(
      [...get(row), ...get(bytes), ...op.add, ...set(end), ...get(query), ...set(q)],
      [...vZero, ...tee(sum), ...tee(sum + 1), ...tee(sum + 2), ...set(sum + 3)],
      loop(
        ...[0, 1, 2, 3].map(multiplyAdd),
        [...advance(row, 64), ...advance(q, 64)],
        [...get(row), ...get(end), ...op.lessUnsigned, ...againIf],
      ),
      [...get(out), ...get(sum), ...get(sum + 1), ...vAdd, ...get(sum + 2), ...get(sum + 3), ...vAdd],
      [...vAdd, ...tee(sum), ...vLane(0)],
      ...[1, 2, 3].map((lane) => [...get(sum), ...vLane(lane), ...op.addF32]),
      [...op.storeF32, ...advance(out, 4)],
      [...get(count), ...i32(1), ...op.subtract, ...tee(count), ...againIf],
    ),
  ]);
}

let make: ReturnType<typeof assemble> | undefined;

/** A memory that grows in place up to `maximum` pages of 64 KiB, with the dot-product function over it. */
export function createKernel(initial: number, maximum: number): { memory: WasmMemory; dot: DotFunction } {
  make ??= assemble();
  const memory = createMemory(initial, maximum);
  return { memory, dot: make(memory) };
}
