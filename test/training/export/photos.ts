/** Pictures for the exported encoder, as the decoder would give them. */
import { createRandom } from '../../../src/math/random.js';

/** Smooth coloured noise, each picture with its own waves: uint8 [size, size, 3] each. */
export function noisePhotos(count: number, size: number): Uint8Array[] {
  return Array.from({ length: count }, (_, seed) => {
    const random = createRandom(seed);
    const waves = Array.from({ length: 3 }, () => [random() - 0.5, random() - 0.5, 6 * random(), random()]);
    return Uint8Array.from({ length: size * size * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % size, Math.floor(i / 3 / size)];
      const [a = 0, b = 0, phase = 0, strength = 0] = waves[i % 3] ?? [];
      return 128 + 90 * strength * Math.sin(2 * (a * x + b * y) + phase) + 30 * (random() - 0.5);
    });
  });
}
