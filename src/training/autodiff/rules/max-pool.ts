import { countElements } from '../../../onnx/tensor.js';
import type { GradientRule } from './rule.js';

/**
 * y = max over a sliding window: dy goes to where the maximum was. The positions are computed by a second
 * MaxPool here, so that the one in the forward pass stays as the importer found it.
 */
export const maxPool: GradientRule = ({ g, node, x, dy }) => {
  const positions = g.addNode('MaxPool', [x], { attributes: node.attributes, outputCount: 2 })[1];
  const size = [countElements(x.shape)];
  const flat = [countElements(dy.shape)];
  if (positions === undefined) return [undefined];
  const inputs = [g.zeros(size), g.reshape(positions, flat), g.reshape(dy, flat)];
  return [g.reshape(g.op('ScatterElements', inputs, { axis: 0, reduction: 'add' }), x.shape)];
};
