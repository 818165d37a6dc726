import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { createMemory } from '../../src/wasm/load-wasm.js';
import { createResample, ENTRY_BYTES, type Resample } from '../../src/wasm/resample.js';
import { computeReferenceResample } from './reference.js';

/** Runs a step of both versions on equal memories and gives the bytes that each leaves. */
function runBoth(fill: (buffer: ArrayBuffer) => void, step: (resample: Resample) => void): Uint8Array[] {
  const wasm = createMemory(1);
  const plain = { buffer: new ArrayBuffer(65_536) };
  fill(wasm.buffer);
  fill(plain.buffer);
  step(createResample(wasm));
  step(computeReferenceResample(plain));
  return [new Uint8Array(wasm.buffer), new Uint8Array(plain.buffer)];
}

const random = createRandom(7);
const noise = Float32Array.from({ length: 4000 }, () => (random() - 0.3) * 600);

describe('resampling in WebAssembly gives the bytes of the TypeScript version', () => {
  it.each([8, 64, 75])('when it widens %i bytes', (count) => {
    const [wasm, plain] = runBoth(
      (buffer) => new Uint8Array(buffer).set(Uint8Array.from({ length: 256 }, (_, i) => i)),
      ({ widen }) => widen(100, 100 + count, 1024),
    );
    expect(wasm).toEqual(plain);
    expect([...new Float32Array(wasm!.buffer, 1024, 3)]).toEqual([100, 101, 102]);
  });

  it.each([
    ['across, a pixel of each row', { stride: 12, count: 4, sourceStep: 240, outStep: 124, entryStep: 12 }],
    ['down, whole rows', { stride: 120, count: 8, sourceStep: 16, outStep: 16, entryStep: 128 }],
  ])('when it mixes %s', (_, { stride, count, sourceStep, outStep, entryStep }) => {
    const entries = 9;
    const [wasm, plain] = runBoth(
      (buffer) => {
        const view = new DataView(buffer);
        for (let entry = 0; entry < entries; entry++) {
          view.setInt32(entry * ENTRY_BYTES, entry * stride, true);
          for (let tap = 0; tap < 4; tap++) {
            view.setFloat32(entry * ENTRY_BYTES + 4 + 4 * tap, noise[4 * entry + tap]! / 300, true);
          }
        }
        new Float32Array(buffer, 1024, noise.length).set(noise);
      },
      ({ mix }) => mix(0, entries * ENTRY_BYTES, stride, count, 1024, sourceStep, 32_768, outStep, entryStep),
    );
    expect(wasm).toEqual(plain);
    expect(new Float32Array(wasm!.buffer, 32_768, 1)[0]).not.toBe(0);
  });

  it('when it rounds, halves and values out of range included', () => {
    const edges = [-1e9, -0.6, -0.5, 0.5, 1.5, 2.5, 254.5, 255.4, 255.5, 256, 70_000, 3e9, 0.49999997];
    const [wasm, plain] = runBoth(
      (buffer) => new Float32Array(buffer).set([...edges, ...noise]),
      ({ round }) => round(0, 4 * (edges.length + noise.length), 32_768),
    );
    expect(wasm).toEqual(plain);
    expect([...wasm!.subarray(32_768, 32_768 + edges.length)]).toEqual([
      0, 0, 0, 0, 2, 2, 254, 255, 255, 255, 255, 255, 0,
    ]);
  });
});
