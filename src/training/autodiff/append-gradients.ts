/** Reverse-mode differentiation: walks the graph backwards and lets each operator's rule extend it. */
import { PawdexError } from '../../errors.js';
import { describeNode } from '../../onnx/onnx-model.js';
import type { Value } from '../../onnx/onnx-values.js';
import { requireInput } from '../../onnx/shapes/computing-shapes.js';
import type { GraphBuilder, RuleCall } from './graph-builder.js';
import type { GraphNode } from './operator-graph.js';
import { RULES } from './rules/index.js';

/** Whether a value can have a gradient. */
const isFloat = (value: Value): boolean => value.dtype === 'float32' || value.dtype === 'float64';

/**
 * Appends the computation of gradients to a graph. Only nodes between `wrt` and the seeds are differentiated: frozen
 * weights stay constants and cost nothing.
 *
 * @param seeds value -> the gradient of the loss with respect to it, of the same shape; for a scalar loss, itself ->
 *   the scalar 1
 * @param wrt the values whose gradients are wanted, usually the trainable weights
 * @returns an entry for each value of `wrt`; zeros if the seeds do not depend on it
 * @throws PawdexError operator_not_differentiable, naming the operator, its node, and the weights to freeze
 */
export function appendGradients(
  g: GraphBuilder,
  seeds: ReadonlyMap<Value, Value>,
  wrt: readonly Value[],
): Map<Value, Value> {
  const forward = [...g.tape];
  const active = findDependentValues(g, wrt);
  const gradients = new Map<Value, Value>();
  const collect = (value: Value, gradient: Value) => {
    const sum = gradients.get(value);
    gradients.set(value, sum === undefined ? gradient : g.add(sum, gradient));
  };
  for (const [value, gradient] of seeds) {
    if (active.has(value)) {
      collect(value, gradient);
    }
  }
  for (const node of forward.toReversed()) {
    if (!node.outputs.some((output) => gradients.has(output) && active.has(output))) {
      continue;
    }
    const call = createRuleCall(g, node, active, gradients);
    const rule = g.compositeRules.get(node) ?? (node.domain === '' ? RULES.get(node.op) : undefined);
    if (rule === undefined) {
      throw createMissingRuleError(g, node, wrt);
    }
    const results = g.scope(`grad ${node.name}`, () => rule(call));
    node.inputs.forEach((input, i) => {
      const gradient = results[i];
      if (input && gradient && call.needs(i)) {
        collect(input, gradient);
      }
    });
  }
  return new Map(wrt.map((value) => [value, gradients.get(value) ?? g.zeros(value.shape)]));
}

/** Finds all float values that are computed from `sources`, including the sources. */
function findDependentValues(g: GraphBuilder, sources: readonly Value[]): Set<Value> {
  const active = new Set(sources);
  for (const node of g.tape) {
    if (!node.inputs.some((input) => input && active.has(input))) {
      continue;
    }
    for (const output of node.outputs) {
      if (isFloat(output)) {
        active.add(output);
      }
    }
  }
  return active;
}

function createRuleCall(
  g: GraphBuilder,
  node: GraphNode,
  active: ReadonlySet<Value>,
  gradients: ReadonlyMap<Value, Value>,
): RuleCall {
  const dys = node.outputs.map((output) => gradients.get(output));
  const input = (index: number) => requireInput(node, index);
  const shapes = { ...node, constantOf: (value: Value) => g.constantOf(value) };
  const needs = (index: number) => active.has(node.inputs[index] as Value);
  const dy = dys.find((gradient) => gradient !== undefined) as Value;
  return { g, node, x: input(0), y: node.outputs[0] as Value, dy, dys, input, needs, shapes };
}

/** Creates the error that names the operator, and what to freeze so that no gradient passes it. */
function createMissingRuleError(g: GraphBuilder, node: GraphNode, wrt: readonly Value[]): PawdexError {
  const names = wrt
    .filter((weight) => findDependentValues(g, [weight]).has(node.outputs[0] as Value))
    .map((weight) => weight.name);
  const list = names.length > 6 ? [...names.slice(0, 3), '...', ...names.slice(-2)] : names;
  return new PawdexError('operator_not_differentiable', {
    detail: `The operator ${node.domain ? `${node.domain}.` : ''}${describeNode(node)} has no gradient rule.`,
    hint: `Freeze the ${names.length} trainable weights before it (${list.join(', ')}), or replace the operator on export.`,
  });
}
