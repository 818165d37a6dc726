/**
 * Infers the element types and shapes of an operator's outputs. It covers the operators with a gradient rule and those
 * that the rules emit. Others are run once when a model is imported.
 */
import { PawdexError } from '../../errors.js';
import type { OutputSpec, ShapeCall } from '../onnx-values.js';
import {
  inferBroadcast,
  inferCast,
  inferComparison,
  inferGemm,
  inferLayerNormalization,
  inferMatMul,
  inferReduction,
  inferWhere,
  keepShape,
} from './computing-shapes.js';
import * as layout from './layout-shapes.js';
import { inferConvolution, inferConvTranspose, inferGlobalPool, inferPool } from './window-shapes.js';

type ShapeRule = (call: ShapeCall) => OutputSpec[];

const RULES: Record<string, ShapeRule> = {
  Cast: inferCast,
  Where: inferWhere,
  Conv: inferConvolution,
  ConvTranspose: inferConvTranspose,
  MaxPool: inferPool,
  AveragePool: inferPool,
  GlobalAveragePool: inferGlobalPool,
  LayerNormalization: inferLayerNormalization,
  Gemm: inferGemm,
  MatMul: inferMatMul,
  Transpose: layout.transpose,
  Reshape: layout.reshape,
  Flatten: layout.flatten,
  Squeeze: layout.squeeze,
  Unsqueeze: layout.unsqueeze,
  Concat: layout.concat,
  Slice: layout.slice,
  Split: layout.split,
  Gather: layout.gather,
  Pad: layout.pad,
  Expand: layout.expand,
};
const same =
  'Neg Abs Sign Ceil Floor Reciprocal Clip Relu LeakyRelu Sigmoid HardSwish HardSigmoid Softplus Gelu Erf Exp Log';
const more = 'Sqrt Tanh Softmax LogSoftmax Identity Dropout Not ScatterElements CumSum BatchNormalization';
for (const op of `${same} ${more}`.split(' ')) {
  RULES[op] = keepShape;
}
for (const op of 'Add Sub Mul Div Pow Min Max Sum'.split(' ')) {
  RULES[op] = inferBroadcast;
}
for (const op of 'Greater Less GreaterOrEqual LessOrEqual Equal And Or'.split(' ')) {
  RULES[op] = inferComparison;
}
for (const kind of 'Sum Mean Max Min L1 L2 LogSumExp SumSquare Prod'.split(' ')) {
  RULES[`Reduce${kind}`] = inferReduction;
}

/**
 * Infers the outputs of a node.
 *
 * @returns undefined for an operator this table does not know
 * @throws PawdexError model_invalid when the inputs do not fit the operator
 */
export function inferShapes(call: ShapeCall): OutputSpec[] | undefined {
  const rule = Object.hasOwn(RULES, call.op) ? RULES[call.op] : undefined;
  if (rule === undefined) {
    return undefined;
  }
  const outputs = rule(call);
  const bad = outputs.some(({ shape }) => shape.some((d) => !Number.isSafeInteger(d) || d < 0));
  if (!bad) {
    return outputs;
  }
  const shapes = call.inputs.map((input) => (input ? `[${input.shape}]` : 'none')).join(', ');
  throw new PawdexError('model_invalid', {
    detail: `${call.op} "${call.name}" does not accept inputs of the shapes ${shapes}.`,
  });
}
