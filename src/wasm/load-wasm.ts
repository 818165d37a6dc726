/**
 * Vector functions in WebAssembly: a few times as fast as the best JavaScript loop, with nothing native to compile at
 * install. They are written as text (`*.wat`), which the build turns into `dist/wasm/*.wasm`. Beside each stands the same
 * computation in TypeScript, which says what it computes and which the tests compare it with, bit by bit.
 */
import { readFileSync } from 'node:fs';

/** What is used of a WebAssembly memory; Node's types do not declare it. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: object };
  Memory: new (limits: { initial: number; maximum?: number }) => WasmMemory;
};

/** Bytes of a page, the unit in which memories grow. */
export const PAGE_BYTES = 65_536;

/** Creates a memory of `initial` pages that grows in place, up to `maximum` pages. */
export function createMemory(initial: number, maximum?: number): WasmMemory {
  return new WebAssembly.Memory({ initial, maximum });
}

/**
 * Compiles a module of this folder.
 *
 * @param name of the file, without its suffix
 * @returns a function that gives the module's exports over a memory
 */
export function loadWasm<Functions extends object>(name: string): (memory: WasmMemory) => Functions {
  const module = new WebAssembly.Module(readFileSync(new URL(`./${name}.wasm`, import.meta.url)));
  return (memory) => new WebAssembly.Instance(module, { env: { memory } }).exports as Functions;
}
