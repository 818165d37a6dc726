/** Runs a single node to find out its results. */
import { type ModelNode, writeModel } from '../../../onnx/onnx-model.js';
import type { Value } from '../../../onnx/onnx-values.js';
import { createZeros, type Tensor } from '../../../onnx/tensor.js';
import { GraphSession } from '../graph-session.js';

/** An input to {@link evaluateNode}: computed (only its shape matters), constant, or omitted. */
export type NodeInput = Value | Tensor | undefined;

/**
 * Runs a node alone. Computed inputs are fed zeros, so the results have the right shapes and types, and the right
 * values if all inputs are constants.
 *
 * @throws PawdexError model_invalid when onnxruntime does not know the operator
 */
export async function evaluateNode(
  node: ModelNode,
  inputs: readonly NodeInput[],
  opset: number,
): Promise<Tensor[]> {
  const feeds: Record<string, Tensor> = {};
  const names = inputs.map((input, i) => {
    if (input === undefined) {
      return '';
    }
    feeds[`in${i}`] = 'data' in input ? input : createZeros(input.dtype, input.shape);
    return `in${i}`;
  });
  const outputs = node.outputs.map((name, i) => (name === '' ? '' : `out${i}`));
  const model = {
    opset,
    initialisers: new Map(Object.entries(feeds)),
    inputs: [],
    // onnxruntime infers the types.
    outputs: outputs.filter((name) => name !== '').map((name) => ({ name })),
    nodes: [{ ...node, inputs: names, outputs }],
  };
  const results = await GraphSession.use(writeModel(model), { threads: 1 }, (session) => session.run({}));
  return outputs.map((name) => results[name] ?? createZeros('float32', [0]));
}
