import { readInt, resolveAxis } from '../../../onnx/attributes.js';
import type { GradientRule } from './rule.js';

/** y = ln softmax x: dx = dy - e^y sum(dy). */
export const logSoftmax: GradientRule = ({ g, node, y, dy }) => {
  const axis = resolveAxis(readInt(node.attributes, 'axis', -1), y.shape.length);
  return [g.sub(dy, g.mul(g.exp(y), g.reduceSum(dy, [axis])))];
};
