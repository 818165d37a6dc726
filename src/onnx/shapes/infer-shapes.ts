/**
 * Infers the element types and shapes of an operator's outputs. It covers the operators with a gradient rule and those
 * that the rules emit. Others are run once when a model is imported.
 */
import { PawdexError } from '../../errors.js';
import { readInt, resolveAxis } from '../attributes.js';
import { describeNode } from '../onnx-model.js';
import type { OutputSpec, ShapeCall } from '../onnx-values.js';
import { decodeDType } from '../tensor.js';
import { broadcastInputs, broadcastShapes, COMPUTING_SHAPES, requireInput } from './computing-shapes.js';
import { LAYOUT_SHAPES, splitShape } from './layout-shapes.js';
import { poolShape, WINDOW_SHAPES } from './window-shapes.js';

const SHAPES = { ...COMPUTING_SHAPES, ...LAYOUT_SHAPES, ...WINDOW_SHAPES };

const compare = (call: ShapeCall): OutputSpec[] => [{ dtype: 'bool', shape: broadcastInputs(call) }];

/** Operators with several outputs, or whose output has another element type than the first input. */
const OUTPUTS: Readonly<Record<string, (call: ShapeCall) => OutputSpec[]>> = {
  ...Object.fromEntries(
    'Greater Less GreaterOrEqual LessOrEqual Equal And Or'.split(' ').map((op) => [op, compare]),
  ),
  Cast: (call) => {
    const dtype = decodeDType(readInt(call.attributes, 'to', 0), `The result of ${describeNode(call)}`);
    return [{ dtype, shape: requireInput(call, 0).shape }];
  },
  Where: (call) => {
    const shapes = [0, 1, 2].map((index) => requireInput(call, index).shape);
    return [{ dtype: requireInput(call, 1).dtype, shape: shapes.reduce(broadcastShapes) }];
  },
  /** The optional outputs are the mean and the inverse standard deviation. */
  LayerNormalization: (call) => {
    const { dtype, shape } = requireInput(call, 0);
    const axis = resolveAxis(readInt(call.attributes, 'axis', -1), shape.length);
    const statistics = { dtype, shape: shape.map((d, i) => (i < axis ? d : 1)) };
    return [{ dtype, shape }, statistics, statistics];
  },
  /** The optional second output has the indices of the maxima. */
  MaxPool: (call) => {
    const shape = poolShape(call);
    return [
      { dtype: requireInput(call, 0).dtype, shape },
      { dtype: 'int64', shape },
    ];
  },
  Split: (call) => splitShape(call).map((shape) => ({ dtype: requireInput(call, 0).dtype, shape })),
};

function applyRule(call: ShapeCall): OutputSpec[] | undefined {
  if (Object.hasOwn(SHAPES, call.op)) {
    return [{ dtype: requireInput(call, 0).dtype, shape: SHAPES[call.op]!(call) }];
  }
  return Object.hasOwn(OUTPUTS, call.op) ? OUTPUTS[call.op]!(call) : undefined;
}

/**
 * Infers the outputs of a node.
 *
 * @returns undefined for an operator that these tables do not know
 * @throws PawdexError model_invalid when the inputs do not fit the operator
 */
export function inferShapes(call: ShapeCall): OutputSpec[] | undefined {
  const outputs = applyRule(call);
  if (!outputs?.some(({ shape }) => shape.some((d) => !Number.isSafeInteger(d) || d < 0))) {
    return outputs;
  }
  const shapes = call.inputs.map((input) => (input ? `[${input.shape}]` : 'none')).join(', ');
  throw new PawdexError('model_invalid', {
    detail: `${describeNode(call)} does not accept inputs of the shapes ${shapes}.`,
  });
}
