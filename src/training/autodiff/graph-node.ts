/** The parts of a graph under construction. */
import type { Attribute } from '../../onnx/onnx-model.js';
import type { Value } from '../../onnx/onnx-values.js';

/** An operator call in a graph. */
export interface GraphNode {
  readonly op: string;
  readonly domain: string;
  readonly name: string;
  /** An omitted optional input is undefined. */
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** Settings for adding a node. */
export interface NodeOptions {
  readonly domain?: string;
  readonly name?: string;
  /** Number of outputs. Default: 1. */
  readonly outputCount?: number;
  /** Types and shapes of the outputs, for operators that shape inference does not know. */
  readonly outputs?: readonly Pick<Value, 'dtype' | 'shape'>[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}
