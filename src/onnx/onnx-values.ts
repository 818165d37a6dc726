/** The types that the analysis of graphs uses. */
import type { Attributes } from './onnx-model.js';
import type { DType, Tensor } from './tensor.js';

/** A tensor of a graph with its static shape. Values are compared by identity. */
export interface Value {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** An operator with its inputs. */
export interface OperatorCall {
  readonly op: string;
  readonly name: string;
  /** An omitted optional input is undefined. */
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
}

/** What shape inference knows about a node: its inputs, and the values of those that are constant. */
export interface ShapeCall extends OperatorCall {
  constantOf(value: Value): Tensor | undefined;
}

export type OutputSpec = Pick<Value, 'dtype' | 'shape'>;
