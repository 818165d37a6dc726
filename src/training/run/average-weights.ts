/** Averages weights: over the steps of a run, and between its end and its start. */
import type { Tensor } from '../../onnx/tensor.js';
import type { Weights } from '../autodiff/step/training-state.js';

const getFloats = (tensor: Tensor | undefined) => tensor?.data as Float32Array;

/**
 * Moves a running average towards the weights: average = d average + (1 - d) weights.
 *
 * The decay rises to its value, d = min(decay, (1 + step) / (10 + step)), so that the average forgets the start as
 * fast as training moves away from it.
 *
 * @param average changed in place
 * @param step steps taken, 1 after the first
 */
export function moveAverage(average: Weights, weights: Readonly<Weights>, decay: number, step: number): void {
  moveTowards(average, weights, Math.min(decay, (1 + step) / (10 + step)));
}

/** Sets average = decay average + (1 - decay) weights, in place. Weights that the average does not have are ignored. */
export function moveTowards(average: Weights, weights: Readonly<Weights>, decay: number): void {
  for (const [name, tensor] of Object.entries(average)) {
    const [into, from] = [getFloats(tensor), getFloats(weights[name])];
    for (let i = 0; i < into.length; i++) {
      into[i] = decay * into[i]! + (1 - decay) * from[i]!;
    }
  }
}

/** Computes start + share (end - start) for every weight. @param share 0..1 */
export function interpolateWeights(start: Readonly<Weights>, end: Readonly<Weights>, share: number): Weights {
  return Object.fromEntries(
    Object.entries(end).map(([name, tensor]) => {
      const from = getFloats(start[name]);
      const data = getFloats(tensor).map((value, i) => from[i]! + share * (value - from[i]!));
      return [name, { ...tensor, data }];
    }),
  );
}
