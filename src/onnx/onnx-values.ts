/** The types that the analysis of graphs uses. */
import type { Attribute } from './onnx-model.js';
import type { DType, Tensor } from './tensor.js';

/** A tensor of a graph with its static shape. Values are compared by identity. */
export interface Value {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export type Attributes = Readonly<Record<string, Attribute>>;

/** The part of a node that shape inference needs. */
export interface ShapeCall {
  readonly op: string;
  readonly name: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  constantOf(value: Value): Tensor | undefined;
}

export type OutputSpec = Pick<Value, 'dtype' | 'shape'>;
