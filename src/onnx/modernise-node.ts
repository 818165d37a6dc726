/**
 * Converts nodes of older operator sets to the one that graphs use: axes that were attributes become inputs, and changed
 * defaults become explicit.
 */
import { PawdexError } from '../errors.js';
import { readInt, readInts, resolveAxis } from './attributes.js';
import { type Attribute, describeModelNode, type ModelNode } from './onnx-model.js';
import { createIntTensor, type Tensor } from './tensor.js';

/** The oldest supported operator set. */
const MIN_MODEL_OPSET = 11;

/** A node in the newer form. `constants` are inputs that were attributes, by position. */
export interface ModernNode {
  attributes: Record<string, Attribute>;
  constants: Map<number, Tensor>;
}

/** @throws PawdexError model_invalid for an operator set that is too old */
export function checkOpset(opset: number): void {
  if (opset >= MIN_MODEL_OPSET) {
    return;
  }
  throw new PawdexError('model_invalid', {
    detail: `The model uses the ONNX operator set ${opset}. The oldest that the trainer supports is ${MIN_MODEL_OPSET}.`,
    hint: 'Export it again with a newer operator set, or convert it with onnx.version_converter.',
  });
}

/**
 * Rewrites a node if its operator has changed between the model's operator set and version 18.
 *
 * @param rank number of axes of the node's first input
 * @throws PawdexError model_invalid when an old meaning has no modern form
 */
export function moderniseNode(node: ModelNode, opset: number, rank: number): ModernNode {
  const attributes = { ...node.attributes };
  const constants = new Map<number, Tensor>();
  const toInput = (name: string, position: number) => {
    const values = readInts(attributes, name);
    if (values === undefined) {
      return;
    }
    constants.set(position, createIntTensor(values));
    delete attributes[name];
  };
  if (node.op.startsWith('Reduce') || node.op === 'Squeeze' || node.op === 'Unsqueeze') {
    toInput('axes', 1);
  }
  if (node.op === 'Split') {
    toInput('split', 1);
    const hasPartSizes = constants.has(1) || node.inputs[1] || 'num_outputs' in attributes;
    if (!hasPartSizes) {
      attributes.num_outputs = node.outputs.length;
    }
  }
  if ((node.op === 'Softmax' || node.op === 'LogSoftmax') && opset < 13) {
    const axis = resolveAxis(readInt(attributes, 'axis', 1), rank);
    if (axis !== rank - 1) {
      throw new PawdexError('model_invalid', {
        detail: `${describeModelNode(node)} combines several axes, as in operator sets before 13.`,
        hint: 'Export the model again with operator set 13 or newer.',
      });
    }
    attributes.axis = axis;
  }
  if (node.op === 'BatchNormalization') {
    delete attributes.momentum;
  }
  return { attributes, constants };
}
