import { asFloat } from '../../../onnx/onnx-model.js';
import type { GraphBuilder } from '../graph-builder.js';
import type { Value } from '../operator-graph.js';

/** A power of two, so that the product is exact; it lifts every normal number over 1. */
const STEEP = 2 ** 100;

/**
 * 1 where x > 0, else 0, as float32: a very steep HardSigmoid. onnxruntime's CPU kernel for it is ten times as fast
 * as those of Sign, or of a comparison and a Cast.
 */
export function positive(g: GraphBuilder, x: Value): Value {
  return g.op('HardSigmoid', [x], { alpha: asFloat(STEEP), beta: asFloat(0) });
}
