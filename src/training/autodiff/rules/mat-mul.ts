import { countElements } from '../../../onnx/tensor.js';
import type { GraphBuilder } from '../graph-builder.js';
import type { Value } from '../operator-graph.js';
import { type GradientRule, sumTo } from './rule.js';

/** y = a b, batched and broadcast, vectors allowed: da = dy b^T, db = a^T dy. */
export const matMul: GradientRule = ({ g, y, dy, input, needs }) => {
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
    needs(1) ? g.reshape(weightGradient(g, left, outer, right), b.shape) : undefined,
  ];
};

/** a^T dy summed to b's shape; for an unbatched b as one product over all rows of the batch. */
function weightGradient(g: GraphBuilder, a: Value, dy: Value, b: Value): Value {
  const flat = b.shape.length === 2 && a.shape.length === dy.shape.length;
  const rows = (x: Value) => g.reshape(x, [countElements(x.shape.slice(0, -1)), x.shape.at(-1) ?? 1]);
  if (flat) return g.matMul(g.transposeLast(rows(a)), rows(dy));
  return sumTo(g, g.matMul(g.transposeLast(a), dy), b.shape);
}
