/**
 * Cuts a network where training begins. The part before never changes, so it can be computed once for each view and kept,
 * instead of in every epoch.
 */
import { PawdexError } from '../../errors.js';
import type { Model, ModelNode } from '../../onnx/onnx-model.js';
import type { Value } from '../../onnx/onnx-values.js';
import { countElements, type Tensor } from '../../onnx/tensor.js';
import { findDependents, findProducers, selectUsedConstants } from '../../onnx/walk-model.js';
import { GraphBuilder } from '../autodiff/graph-builder.js';
import { GraphSession, type SessionOptions } from '../autodiff/graph-session.js';
import { importModel } from '../autodiff/import/import-model.js';
import { appendUnitRows } from '../losses/contrast.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import { selectTrainableWeights } from './layers.js';
import { appendPixels, type Network, requireImageInput } from './network.js';

/** A value that crosses the cut, and is kept. */
export interface KeptPort {
  /** Name in the backbone. */
  readonly name: string;
  /** Shape for one view, without the batch. */
  readonly shape: readonly number[];
}

/** A backbone in two parts. */
export interface NetworkCut extends Split {
  /** The values that cross the cut. */
  readonly ports: readonly KeptPort[];
}

/** The name of a kept value as an input of the training step. */
const nameKeptInput = (name: string): string => `kept ${name}`;

/**
 * Cuts a network where a recipe's training begins.
 *
 * @throws PawdexError config_invalid when nothing before the first trained layer is frozen
 */
export async function cutNetwork(network: Network, recipe: Recipe): Promise<NetworkCut> {
  const trainable = selectTrainableWeights(network.backbone, recipe);
  const split = splitModel(network.backbone, new Set(trainable.keys()));
  if (split === null) {
    throw new PawdexError('config_invalid', {
      detail: 'keptViews needs frozen layers before the first trained layer.',
      hint: 'Freeze the lower layers (freeze.layers, freeze.names), or set keptViews to 0.',
    });
  }
  const g = new GraphBuilder();
  const outputs = await appendFrozenPart(g, split.frozen, network, 1);
  return { ...split, ports: [...outputs].map(([name, { shape }]) => ({ name, shape: shape.slice(1) })) };
}

/** Opens the part before the cut: pixels uint8 [batch, S, S, 3] -> each port as float16 [batch, ...shape]. */
export async function openFrozenPart(
  { frozen }: NetworkCut,
  network: Network,
  batch: number,
  session?: SessionOptions,
): Promise<GraphSession> {
  const g = new GraphBuilder();
  for (const [name, value] of await appendFrozenPart(g, frozen, network, batch)) {
    g.output(nameKeptInput(name), g.cast(value, 'float16'));
  }
  return GraphSession.open(g.toBytes(), session);
}

function appendFrozenPart(
  g: GraphBuilder,
  frozen: Model,
  network: Network,
  batch: number,
): Promise<ReadonlyMap<string, Value>> {
  const inputs = { [requireImageInput(network.backbone).name]: appendPixels(g, batch, network) };
  return importModel(g, frozen, { inputs });
}

/** Appends what comes after the cut. @returns float32 [batch, F], at unit length, like appendBackbone */
export async function appendTrainedPart(
  g: GraphBuilder,
  { trained, ports }: NetworkCut,
  batch: number,
  trainable: ReadonlySet<string>,
): Promise<Value> {
  const inputs = Object.fromEntries(
    ports.map(({ name, shape }) => [
      name,
      g.cast(g.input(nameKeptInput(name), 'float16', [batch, ...shape]), 'float32'),
    ]),
  );
  const outputs = await importModel(g, trained, { inputs, trainable });
  // The first output exists and has the right shape: appendBackbone has checked the whole backbone before.
  const [features] = outputs.values();
  return appendUnitRows(g, features as Value);
}

/** Counts the numbers of a row, which consists of the concatenated ports of a view. */
export function countRowElements({ ports }: NetworkCut): number {
  return ports.reduce((sum, { shape }) => sum + countElements(shape), 0);
}

/** Joins the ports of the first `count` views to rows. @returns float16 [count, row elements], as bits */
export function joinPorts(
  cut: NetworkCut,
  results: Readonly<Record<string, Tensor>>,
  count: number,
): Uint16Array {
  const width = countRowElements(cut);
  const rows = new Uint16Array(count * width);
  let at = 0;
  for (const { name, shape } of cut.ports) {
    const size = countElements(shape);
    const data = results[nameKeptInput(name)]?.data as Uint16Array;
    for (let i = 0; i < count; i++) {
      rows.set(data.subarray(i * size, (i + 1) * size), i * width + at);
    }
    at += size;
  }
  return rows;
}

/** Creates the feeds of a step from rows. */
export function createKeptFeeds({ ports }: NetworkCut, rows: readonly Uint16Array[]): Record<string, Tensor> {
  let at = 0;
  return Object.fromEntries(
    ports.map(({ name, shape }) => {
      const size = countElements(shape);
      const data = new Uint16Array(rows.length * size);
      rows.forEach((row, i) => {
        data.set(row.subarray(at, at + size), i * size);
      });
      at += size;
      return [nameKeptInput(name), { dtype: 'float16', shape: [rows.length, ...shape], data }];
    }),
  );
}

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
  const fromWeights = findDependents(model.nodes, trainable).nodes;
  const trained = model.nodes.filter((node) => fromWeights.has(node));
  const fromInput = findDependents(model.nodes, inputs).nodes;
  const frozen = model.nodes.filter((node) => fromInput.has(node) && !fromWeights.has(node));
  const constant = model.nodes.filter((node) => !fromInput.has(node));
  const frozenValues = new Set(frozen.flatMap(({ outputs }) => outputs));
  const crossing = [...new Set(trained.flatMap((node) => node.inputs))].filter((name) =>
    frozenValues.has(name),
  );
  const readsInput = trained.some((node) => node.inputs.some((name) => inputs.includes(name)));
  const hasFrozenOutput = model.outputs.some(({ name }) => frozenValues.has(name));
  if (crossing.length === 0 || readsInput || hasFrozenOutput) {
    return null;
  }
  const part = (varying: readonly ModelNode[]) => {
    const read = varying.flatMap((node) => node.inputs);
    const needed = new Set([...varying, ...findProducers(constant, read)]);
    const nodes = model.nodes.filter((node) => needed.has(node));
    return { opset: model.opset, nodes, initialisers: selectUsedConstants(nodes, model.initialisers) };
  };
  // Import infers the shapes.
  const port = (name: string) => ({ name, dtype: 'float32' as const, shape: [''] });
  return {
    frozen: { ...part(frozen), inputs: model.inputs, outputs: crossing.map(port) },
    trained: { ...part(trained), inputs: crossing.map(port), outputs: model.outputs },
  };
}
