/**
 * Loads vector functions in WebAssembly. They are a few times as fast as the best JavaScript loop, and need no compiler at
 * install. The build turns their text (`*.wat`) into `dist/wasm/*.wasm`. The tests compare each bit by bit with a TypeScript
 * version, in test/wasm/reference.ts.
 */
import { readFileSync } from 'node:fs';

/** The used part of a WebAssembly memory, which Node's types do not declare. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: object };
  Memory: new (limits: { initial: number; maximum?: number }) => WasmMemory;
};

/** Bytes of a page, the unit of memory growth. */
export const PAGE_BYTES = 65_536;

/** Creates a memory of `initial` pages that grows in place, up to `maximum` pages. */
export function createMemory(initial: number, maximum?: number): WasmMemory {
  return new WebAssembly.Memory({ initial, maximum });
}

/**
 * Compiles a module of this folder.
 *
 * @param name of the file, without its extension
 * @returns a function that returns the module's exports for a memory
 */
export function loadWasm<Functions extends object>(name: string): (memory: WasmMemory) => Functions {
  const module = new WebAssembly.Module(readFileSync(new URL(`./${name}.wasm`, import.meta.url)));
  return (memory) => new WebAssembly.Instance(module, { env: { memory } }).exports as Functions;
}
