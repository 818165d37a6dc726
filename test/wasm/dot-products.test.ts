import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { createDotProducts, LANES } from '../../src/wasm/dot-products.js';
import { computeReferenceDotProducts } from './reference.js';

describe('dotProducts', () => {
  it.each([16, 32, 256, 1280])(
    'is bit-identical to the TypeScript version for rows of %i floats',
    (width) => {
      const { memory, dotProducts } = createDotProducts(8, 8);
      const random = createRandom(width);
      const rows = 23;
      const floats = new Float32Array(memory.buffer);
      const end = (rows + 1) * width;
      for (let i = 0; i < end; i++) {
        floats[i] = (random() - 0.5) * 10 ** Math.floor(random() * 6);
      }
      const [query, results, expected] = [rows * width * 4, end * 4, (end + rows) * 4];

      dotProducts(0, rows, width * 4, query, results);
      computeReferenceDotProducts(memory)(0, rows, width * 4, query, expected);

      const bits = (at: number) => [...new Int32Array(memory.buffer, at, rows)];
      expect(bits(results)).toEqual(bits(expected));
      expect(new Set(bits(results)).size).toBe(rows);
    },
  );

  it('computes the inner product', () => {
    const { memory, dotProducts } = createDotProducts(1, 1);
    const floats = new Float32Array(memory.buffer);
    floats.set(Array.from({ length: LANES }, (_, i) => i + 1));
    floats.set(new Array(LANES).fill(2), LANES);
    dotProducts(0, 1, LANES * 4, LANES * 4, LANES * 8);
    expect(floats[LANES * 2]).toBe(2 * 136);
  });
});
