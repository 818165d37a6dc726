import { resolveSlices } from '../../../onnx/shapes/layout-shapes.js';
import type { GraphBuilder } from '../graph-builder.js';
import type { Value } from '../operator-graph.js';
import type { GradientRule } from './rule.js';

/** y = every step-th element of a range per axis: the gradient is spread back and zeros fill the rest. */
export const slice: GradientRule = ({ g, x, dy, shapes }) => {
  const before = x.shape.map(() => 0);
  const after = x.shape.map(() => 0);
  let gradient = dy;
  for (const { axis, start, step, count } of resolveSlices(shapes, x.shape)) {
    if (count === 0) return [undefined];
    if (step < 0) gradient = g.reverse(gradient, [axis]);
    gradient = interleaveZeros(g, gradient, axis, Math.abs(step));
    const first = step < 0 ? start + (count - 1) * step : start;
    before[axis] = first;
    after[axis] = (x.shape[axis] ?? 0) - first - (gradient.shape[axis] ?? 0);
  }
  return [g.pad(gradient, before, after)];
};

/** Puts step - 1 zeros between neighbours along an axis. */
function interleaveZeros(g: GraphBuilder, x: Value, axis: number, step: number): Value {
  if (step === 1) return x;
  const none = [...x.shape.map(() => 0), 0];
  const cells = g.pad(g.unsqueeze(x, [axis + 1]), none, none.with(axis + 1, step - 1));
  const length = (x.shape[axis] ?? 0) * step;
  return g.slice(g.reshape(cells, x.shape.with(axis, length)), axis, 0, length - (step - 1));
}
