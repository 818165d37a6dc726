/** Gradient rules of matrix products. */
import { readFloat, readInt } from '../../../onnx/attributes.js';
import { asFloat } from '../../../onnx/onnx-model.js';
import type { Value } from '../../../onnx/onnx-values.js';
import { countElements } from '../../../onnx/tensor.js';
import type { GradientRule, GraphBuilder } from '../graph-builder.js';
import { sumTo } from './rule-helpers.js';

export const LINEAR_RULES: Readonly<Record<string, GradientRule>> = {
  /** y = a b, batched and broadcast, vectors allowed: da = dy b^T, db = a^T dy. */
  MatMul: ({ g, y, dy, input, needs }) => {
    const [a, b] = [input(0), input(1)];
    const left = a.shape.length === 1 ? g.reshape(a, [1, ...a.shape]) : a;
    const right = b.shape.length === 1 ? g.reshape(b, [...b.shape, 1]) : b;
    const batch = y.shape.slice(
      0,
      y.shape.length - (a.shape.length > 1 ? 1 : 0) - (b.shape.length > 1 ? 1 : 0),
    );
    const outer = g.reshape(dy, [...batch, left.shape.at(-2) ?? 1, right.shape.at(-1) ?? 1]);
    const da = () => g.reshape(sumTo(g, g.matMul(outer, g.transposeLast(right)), left.shape), a.shape);
    return [
      needs(0) ? da() : undefined,
      needs(1) ? g.reshape(appendMatrixGradient(g, left, outer, right), b.shape) : undefined,
    ];
  },

  /** y = alpha A B + beta C, with A and B optionally transposed: dA = alpha dy B^T, dB = alpha A^T dy, dC = beta dy. */
  Gemm: ({ g, node, dy, input, needs }) => {
    const transA = readInt(node.attributes, 'transA', 0);
    const transB = readInt(node.attributes, 'transB', 0);
    const alpha = asFloat(readFloat(node.attributes, 'alpha', 1));
    const beta = readFloat(node.attributes, 'beta', 1);
    const [a, b] = [input(0), input(1)];
    const da = () =>
      transA
        ? g.op('Gemm', [b, dy], { alpha, transA: transB, transB: 1 })
        : g.op('Gemm', [dy, b], { alpha, transB: 1 - transB });
    const db = () =>
      transB
        ? g.op('Gemm', [dy, a], { alpha, transA: 1, transB: transA })
        : g.op('Gemm', [a, dy], { alpha, transA: 1 - transA });
    const dc = () => sumTo(g, beta === 1 ? dy : g.mul(dy, beta), input(2).shape);
    return [needs(0) ? da() : undefined, needs(1) ? db() : undefined, needs(2) ? dc() : undefined];
  },
};

/** a^T dy summed to b's shape; for an unbatched b as one product over all rows of the batch. */
function appendMatrixGradient(g: GraphBuilder, a: Value, dy: Value, b: Value): Value {
  const flat = b.shape.length === 2 && a.shape.length === dy.shape.length;
  const rows = (x: Value) => g.reshape(x, [countElements(x.shape.slice(0, -1)), x.shape.at(-1) ?? 1]);
  if (flat) {
    return g.matMul(g.transposeLast(rows(a)), rows(dy));
  }
  return sumTo(g, g.matMul(g.transposeLast(a), dy), b.shape);
}
