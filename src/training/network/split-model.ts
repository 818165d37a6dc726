/**
 * Cuts a network where training begins. The part before never changes, so it can be computed once for each view and
 * kept, instead of in every epoch.
 */
import type { Model, ModelNode } from '../../onnx/onnx-model.js';

/** The two parts of a model. */
export interface Split {
  /** From the model's inputs to the values that cross the cut. It has no trained weight. */
  readonly frozen: Model;
  /** From those values to the model's outputs. */
  readonly trained: Model;
}

/**
 * Cuts a model. Values that are computed only from constants go to the part that reads them.
 *
 * @param trainable names of the weights that are trained
 * @returns null when nothing is frozen before the first trained weight, or the second part reads the model's input
 */
export function splitModel(model: Model, trainable: ReadonlySet<string>): Split | null {
  const inputs = model.inputs.map(({ name }) => name);
  const changing = findDependents(model, trainable);
  const trained = model.nodes.filter((node) => changing.has(node));
  const fromInput = findDependents(model, inputs);
  const frozen = model.nodes.filter((node) => fromInput.has(node) && !changing.has(node));
  const made = new Set(frozen.flatMap(({ outputs }) => outputs));
  const crossing = [...new Set(trained.flatMap((node) => node.inputs))].filter((name) => made.has(name));
  const readsInput = trained.some((node) => node.inputs.some((name) => inputs.includes(name)));
  const outputsEarly = model.outputs.some(({ name }) => made.has(name));
  if (crossing.length === 0 || readsInput || outputsEarly) {
    return null;
  }
  const part = (nodes: readonly ModelNode[]) => {
    const needed = addConstantNodes(model, nodes);
    const read = new Set(needed.flatMap((node) => node.inputs));
    return {
      opset: model.opset,
      nodes: needed,
      initialisers: new Map([...model.initialisers].filter(([name]) => read.has(name))),
    };
  };
  // Import infers the shapes.
  const port = (name: string) => ({ name, dtype: 'float32' as const, shape: [''] });
  return {
    frozen: { ...part(frozen), inputs: model.inputs, outputs: crossing.map(port) },
    trained: { ...part(trained), inputs: crossing.map(port), outputs: model.outputs },
  };
}

/** Adds the nodes that compute constants for the given ones. The result is in the model's order. */
function addConstantNodes(model: Model, nodes: readonly ModelNode[]): ModelNode[] {
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const read = nodes.flatMap(({ inputs }) => inputs).filter((name) => !made.has(name));
  const chosen = new Set([...nodes, ...findProducers(findConstantNodes(model), read)]);
  return model.nodes.filter((node) => chosen.has(node));
}

/**
 * Finds the nodes that compute some values.
 *
 * @param nodes in the order they run
 * @param values names; those that no node computes are ignored
 */
export function findProducers(nodes: readonly ModelNode[], values: readonly string[]): Set<ModelNode> {
  const wanted = new Set(values);
  const found = new Set<ModelNode>();
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((name) => wanted.has(name))) {
      continue;
    }
    found.add(node);
    for (const name of node.inputs) {
      wanted.add(name);
    }
  }
  return found;
}

/** Finds the nodes that depend only on initialisers, in the model's order. */
function findConstantNodes(model: Model): ModelNode[] {
  const varying = findDependents(
    model,
    model.inputs.map(({ name }) => name),
  );
  return model.nodes.filter((node) => !varying.has(node));
}

/** Finds the nodes that are computed from any of these values. */
function findDependents({ nodes }: Model, values: Iterable<string>): Set<ModelNode> {
  const names = new Set(values);
  const found = new Set<ModelNode>();
  for (const node of nodes) {
    if (node.inputs.some((name) => names.has(name))) {
      found.add(node);
      for (const name of node.outputs) {
        names.add(name);
      }
    }
  }
  return found;
}
