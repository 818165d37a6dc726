/** The parts of a graph under construction, apart from the classes that build it. */
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

/** What adding a node needs to know beside the operator and its inputs. */
export interface NodeOptions {
  readonly domain?: string;
  readonly name?: string;
  /** How many outputs to ask for; 1 unless given. */
  readonly outputCount?: number;
  /** What comes out, for operators that shape inference does not know. */
  readonly outputs?: readonly Pick<Value, 'dtype' | 'shape'>[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
}
