import { readInt, resolveAxis } from '../../../onnx/attributes.js';
import type { GradientRule } from './rule.js';

/** y = softmax x: dx = y (dy - sum(dy y)). */
export const softmax: GradientRule = ({ g, node, y, dy }) => {
  const axis = resolveAxis(readInt(node.attributes, 'axis', -1), y.shape.length);
  const weighted = g.mul(dy, y);
  return [g.sub(weighted, g.mul(y, g.reduceSum(weighted, [axis])))];
};
