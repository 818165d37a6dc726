import { readFloat, readInt } from '../../../onnx/attributes.js';
import { asFloat } from '../../../onnx/onnx-model.js';
import { type GradientRule, sumTo } from './rule.js';

/** y = alpha A B + beta C, with A and B transposed on demand: dA = alpha dy B^T, dB = alpha A^T dy, dC = beta dy. */
export const gemm: GradientRule = ({ g, node, dy, input, needs }) => {
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
};
