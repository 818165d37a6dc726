/**
 * Cutting a network where training begins: what comes before never changes, so it can be computed once for each view
 * and kept, instead of anew in every epoch.
 */
import type { Model, ModelNode } from '../../onnx/model.js';

/** The two parts of a model. */
export interface Split {
  /** From the model's inputs to the values that cross the cut; holds no trained weight. */
  readonly frozen: Model;
  /** From those values to the model's outputs. */
  readonly trained: Model;
  /** Names of the values that cross the cut: outputs of the first part, inputs of the second. */
  readonly crossing: readonly string[];
}

/**
 * Cuts a model. Values computed from constants alone go to whichever part reads them.
 *
 * @param trainable names of the weights that are trained
 * @returns null when nothing is frozen before the first trained weight, or the second part reads the model's input
 */
export function splitModel(model: Model, trainable: ReadonlySet<string>): Split | null {
  const inputs = new Set(model.inputs.map(({ name }) => name));
  const fromInput = new Set(inputs);
  const changing = new Set(trainable);
  const frozen: ModelNode[] = [];
  const trained: ModelNode[] = [];
  for (const node of model.nodes) {
    const reads = (names: ReadonlySet<string>) => node.inputs.some((name) => names.has(name));
    if (reads(changing)) {
      trained.push(node);
      for (const name of node.outputs) changing.add(name);
    } else if (reads(fromInput)) frozen.push(node);
    if (reads(fromInput)) for (const name of node.outputs) fromInput.add(name);
  }
  const made = new Set(frozen.flatMap(({ outputs }) => outputs));
  const crossing = [...new Set(trained.flatMap((node) => node.inputs))].filter((name) => made.has(name));
  const readsInput = trained.some((node) => node.inputs.some((name) => inputs.has(name)));
  const outputsEarly = model.outputs.some(({ name }) => made.has(name));
  if (crossing.length === 0 || readsInput || outputsEarly) return null;
  const part = (nodes: readonly ModelNode[]) => {
    const needed = withConstants(model, nodes);
    const read = new Set(needed.flatMap((node) => node.inputs));
    return {
      opset: model.opset,
      nodes: needed,
      initialisers: new Map([...model.initialisers].filter(([name]) => read.has(name))),
    };
  };
  // Shapes are those that import infers.
  const port = (name: string) => ({ name, dtype: 'float32' as const, shape: [''] });
  return {
    frozen: { ...part(frozen), inputs: model.inputs, outputs: crossing.map(port) },
    trained: { ...part(trained), inputs: crossing.map(port), outputs: model.outputs },
    crossing,
  };
}

/** The nodes, with those that compute constants they read, in the model's order. */
function withConstants(model: Model, nodes: readonly ModelNode[]): ModelNode[] {
  const chosen = new Set(nodes);
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const wanted = new Set(nodes.flatMap(({ inputs }) => inputs).filter((name) => !made.has(name)));
  const constant = constantNodes(model);
  for (const node of model.nodes.toReversed()) {
    if (!constant.has(node) || !node.outputs.some((name) => wanted.has(name))) continue;
    chosen.add(node);
    for (const name of node.inputs) wanted.add(name);
  }
  return model.nodes.filter((node) => chosen.has(node));
}

/** Nodes that depend on initialisers alone. */
function constantNodes(model: Model): Set<ModelNode> {
  const varying = new Set(model.inputs.map(({ name }) => name));
  const constant = new Set<ModelNode>();
  for (const node of model.nodes) {
    if (node.inputs.some((name) => varying.has(name))) for (const name of node.outputs) varying.add(name);
    else constant.add(node);
  }
  return constant;
}
