/** Reads a node's attributes with their defaults, and resolves axes. */
import { PawdexError } from '../errors.js';
import { type Attributes, describeNode } from './onnx-model.js';
import type { ShapeCall } from './onnx-values.js';
import { toNumbers } from './tensor.js';

export function readInt(attributes: Attributes, name: string, otherwise: number): number {
  const value = attributes[name];
  return typeof value === 'number' ? value : otherwise;
}

export function readFloat(attributes: Attributes, name: string, otherwise: number): number {
  const value = attributes[name];
  return typeof value === 'object' && 'float' in value ? value.float : otherwise;
}

export function readString(attributes: Attributes, name: string, otherwise: string): string {
  const value = attributes[name];
  return typeof value === 'string' ? value : otherwise;
}

/** Reads a list of integers; undefined if absent. */
export function readInts(attributes: Attributes, name: string): number[] | undefined {
  const value = attributes[name];
  return Array.isArray(value) ? value.map(Number) : undefined;
}

/** Converts an axis to one counted from the front; negative ones count from the back. */
export function resolveAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/**
 * Reads the values of a constant input; undefined if omitted.
 *
 * @throws PawdexError model_invalid when the input is not constant
 */
export function readConstant(call: ShapeCall, index: number): number[] | undefined {
  const value = call.inputs[index];
  if (value === undefined) {
    return undefined;
  }
  const tensor = call.constantOf(value);
  if (tensor !== undefined) {
    return toNumbers(tensor);
  }
  throw new PawdexError('model_invalid', {
    detail: `The shape of ${describeNode(call)} depends on its input "${value.name}", which is not constant.`,
  });
}
