/** Recomputes padding for another image size, like TensorFlow's SAME. */
import { PawdexError } from '../../errors.js';
import { describeModelNode, type Model, type ModelNode } from '../../onnx/onnx-model.js';
import { computeWindow } from '../../onnx/shapes/window-shapes.js';
import { followMaps } from '../../onnx/walk-model.js';
import { requireImageInput } from './network.js';

/**
 * Pads every convolution and pooling so that n positions along a side become n / stride, rounded up, with the odd zero
 * at the end. Networks from TensorFlow were trained with this padding, but the padding in a file is right for one size
 * only.
 *
 * @param size side of the square input, in pixels
 * @returns the model with explicit pads
 * @throws PawdexError model_invalid when the model does not have exactly one image input, or the input of a window has
 *   an unknown size
 */
export function padAsSame(model: Model, size: number): Model {
  const input = requireImageInput(model);
  const padded = new Map<ModelNode, ModelNode>();
  followMaps(model, input.name, [size, size], (node, before, kernel) => {
    if (before === undefined || kernel.length !== 2) {
      throw new PawdexError('model_invalid', {
        detail: `The input size of ${describeModelNode(node)} is unknown, so it cannot be padded for ${size} pixels.`,
        hint: 'Remove backbone.padding and use the image size that the network was exported for.',
      });
    }
    const { pads: _stored, auto_pad: _rule, ...attributes } = node.attributes;
    const window = computeWindow({ ...attributes, auto_pad: 'SAME_UPPER' }, before, kernel);
    const pads = [...window.map(({ begin }) => begin), ...window.map(({ end }) => end)];
    padded.set(node, { ...node, attributes: { ...attributes, pads } });
    return window.map(({ output }) => output);
  });
  const nodes = model.nodes.map((node) => padded.get(node) ?? node);
  const shape = [...input.shape.slice(0, 2), size, size];
  return { ...model, nodes, inputs: [{ ...input, shape }] };
}
