/** Recomputes padding for another image size, like TensorFlow's SAME. */
import { PawdexError } from '../../errors.js';
import { readInts } from '../../onnx/attributes.js';
import { STILL, WINDOWS } from '../../onnx/cell-spacing.js';
import { describeNode, type Model, type ModelNode } from '../../onnx/onnx-model.js';
import { computeWindow } from '../../onnx/shapes/window-shapes.js';
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
  const sides = new Map<string, number[]>([[input.name, [size, size]]]);
  const nodes = model.nodes.map((node) => {
    const before = node.inputs.map((name) => sides.get(name));
    if (!WINDOWS.has(node.op)) {
      // One input with a known size is enough: the other may be a factor per channel.
      const kept = before.find((each) => each !== undefined);
      if (kept !== undefined && STILL.has(node.op)) {
        for (const name of node.outputs) {
          sides.set(name, kept);
        }
      }
      return node;
    }
    const kernel =
      readInts(node.attributes, 'kernel_shape') ??
      model.initialisers.get(node.inputs[1] ?? '')?.shape.slice(2) ??
      [];
    if (before[0] === undefined || kernel.length !== 2) {
      throw new PawdexError('model_invalid', {
        detail: `The input size of ${describeNode(node)} is unknown, so it cannot be padded for ${size} pixels.`,
        hint: 'Remove backbone.padding and use the image size that the network was exported for.',
      });
    }
    return padNode(node, before[0], kernel, sides);
  });
  const shape = [...input.shape.slice(0, 2), size, size];
  return { ...model, nodes, inputs: [{ ...input, shape }] };
}

function padNode(
  node: ModelNode,
  before: number[],
  kernel: number[],
  sides: Map<string, number[]>,
): ModelNode {
  const { pads: _stored, auto_pad: _rule, ...attributes } = node.attributes;
  const { begin, end, output } = computeWindow({ ...attributes, auto_pad: 'SAME_UPPER' }, before, kernel);
  for (const name of node.outputs) {
    sides.set(name, output);
  }
  return { ...node, attributes: { ...attributes, pads: [...begin, ...end] } };
}
