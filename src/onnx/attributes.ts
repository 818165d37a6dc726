/** Reading a node's attributes with their defaults, and the axis arithmetic that goes with them. */
import { PawdexError } from '../errors.js';
import type { Value } from '../training/autodiff/operator-graph.js';
import type { Attribute } from './onnx-model.js';
import { type Tensor, toNumbers } from './tensor.js';

type Attributes = Readonly<Record<string, Attribute>>;

/** An integer attribute. */
export function readInt(attributes: Attributes, name: string, otherwise: number): number {
  const value = attributes[name];
  return typeof value === 'number' ? value : otherwise;
}

/** A float attribute. */
export function readFloat(attributes: Attributes, name: string, otherwise: number): number {
  const value = attributes[name];
  return typeof value === 'object' && 'float' in value ? value.float : otherwise;
}

/** A string attribute. */
export function readString(attributes: Attributes, name: string, otherwise: string): string {
  const value = attributes[name];
  return typeof value === 'string' ? value : otherwise;
}

/** A list of integers, or undefined where it is not given. */
export function readInts(attributes: Attributes, name: string): number[] | undefined {
  const value = attributes[name];
  return Array.isArray(value) ? value.map(Number) : undefined;
}

/** An axis counted from the front; negative ones count from the back. */
export function resolveAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** What shape inference sees of a node. */
export interface ShapeCall {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  constantOf(value: Value): Tensor | undefined;
}

/** Type and shape of one output. */
export type OutputSpec = Pick<Value, 'dtype' | 'shape'>;

/**
 * The values of a constant input, or undefined where it is omitted.
 *
 * @throws PawdexError `model_invalid` when the input is computed at run time
 */
export function readConstant(call: ShapeCall, index: number): number[] | undefined {
  const value = call.inputs[index];
  if (value === undefined) return undefined;
  const tensor = call.constantOf(value);
  if (tensor !== undefined) return toNumbers(tensor);
  throw new PawdexError('model_invalid', {
    detail: `${call.op} "${call.name}" takes "${value.name}", on which its shape depends, from a computation on the data.`,
  });
}
