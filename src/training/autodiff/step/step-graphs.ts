/** Builds the graphs of a training step from an encoder and a loss. */
import type { Value } from '../../../onnx/onnx-values.js';
import { countElements } from '../../../onnx/tensor.js';
import { appendGradients } from '../append-gradients.js';
import { GraphBuilder } from '../graph-builder.js';
import { type AdamWOptions, appendAdamW } from './adamw.js';
import { nameInput, nameOutput } from './training-state.js';

/** What is trained. Both functions may be called several times, for different graphs. */
export interface Objective {
  /**
   * Appends the encoder: declares its inputs, each with the batch as its first axis, and its trainable weights.
   *
   * @returns the embeddings, float32 [batch, D]
   */
  encoder(g: GraphBuilder, batch: number): Promise<Value>;
  /**
   * Appends the loss of a whole batch. May declare its own inputs (labels, a queue) and weights (class proxies, a
   * temperature).
   *
   * @param embeddings float32 [batch, D]
   * @returns a float32 scalar
   */
  loss(g: GraphBuilder, embeddings: Value): Value;
}

/** The gradient of the loss with respect to the embeddings. */
export const UPSTREAM = 'd embeddings';

export const nameGradient = (weight: string): string => `d ${weight}`;
const nameSum = (weight: string): string => `sum of d ${weight}`;

/** Builds the whole step as one graph: outputs `loss`, `norm`, `embeddings` and the new state. */
export async function buildFusedGraph(
  objective: Objective,
  batch: number,
  optimiser: AdamWOptions,
): Promise<GraphBuilder> {
  const g = new GraphBuilder();
  const embeddings = await objective.encoder(g, batch);
  const loss = objective.loss(g, embeddings);
  const gradients = appendGradients(g, new Map([[loss, g.scalar(1)]]), [...g.parameters.keys()]);
  g.output('loss', loss);
  g.output('embeddings', embeddings);
  appendUpdate(g, gradients, optimiser);
  return g;
}

/** Builds graph 1 of 4, forward: outputs `embeddings` of one chunk. */
export async function buildForwardGraph(objective: Objective, chunk: number): Promise<GraphBuilder> {
  const g = new GraphBuilder();
  g.output('embeddings', await objective.encoder(g, chunk));
  return g;
}

/**
 * Builds graph 2 of 4, the loss: input `embeddings` of the whole batch; outputs `loss`, `d embeddings` and the
 * gradients of the loss's own weights.
 */
export function buildLossGraph(objective: Objective, shape: readonly number[]): GraphBuilder {
  const g = new GraphBuilder();
  const embeddings = g.input('embeddings', 'float32', shape);
  const loss = objective.loss(g, embeddings);
  const wrt = [embeddings, ...g.parameters.keys()];
  const gradients = appendGradients(g, new Map([[loss, g.scalar(1)]]), wrt);
  g.output('loss', loss);
  for (const [value, gradient] of gradients) {
    g.output(value === embeddings ? UPSTREAM : nameGradient(value.name), gradient);
  }
  return g;
}

/**
 * Builds graph 3 of 4, backward: computes a chunk again and adds its share to the gradients. Inputs `d embeddings` of
 * the chunk and the sums so far; outputs the new sums.
 */
export async function buildBackwardGraph(objective: Objective, chunk: number): Promise<GraphBuilder> {
  const g = new GraphBuilder();
  const embeddings = await objective.encoder(g, chunk);
  const upstream = g.input(UPSTREAM, 'float32', embeddings.shape);
  const weights = [...g.parameters.keys()];
  for (const [weight, gradient] of appendGradients(g, new Map([[embeddings, upstream]]), weights)) {
    const sum = g.input(nameSum(weight.name), 'float32', weight.shape);
    g.output(nameGradient(weight.name), g.add(sum, gradient));
  }
  return g;
}

/** Builds graph 4 of 4, the update: inputs the gradients and the state; outputs `norm` and the new state. */
export function buildUpdateGraph(parameters: readonly Value[], optimiser: AdamWOptions): GraphBuilder {
  const g = new GraphBuilder();
  const gradients = parameters.map(({ name, shape }): [Value, Value] => [
    g.input(name, 'float32', shape),
    g.input(nameGradient(name), 'float32', shape),
  ]);
  appendUpdate(g, new Map(gradients), optimiser);
  return g;
}

/** Renames gradients to the inputs that carry their sums to the next chunk. */
export function renameToSums<T>(
  gradients: Readonly<Record<string, T>>,
  weights: readonly Value[],
): Record<string, T> {
  return Object.fromEntries(weights.map(({ name }) => [nameSum(name), gradients[nameGradient(name)] as T]));
}

function appendUpdate(g: GraphBuilder, gradients: ReadonlyMap<Value, Value>, optimiser: AdamWOptions): void {
  const slots = [...gradients].map(([weight, gradient]) => ({
    name: weight.name,
    weight,
    gradient,
    m: g.input(nameInput('m', weight.name), 'float32', [countElements(weight.shape)]),
    v: g.input(nameInput('v', weight.name), 'float32', [countElements(weight.shape)]),
  }));
  const result = g.scope('adamw', () => appendAdamW(g, slots, optimiser));
  g.output('norm', result.norm);
  slots.forEach(({ name }, i) => {
    g.output(nameOutput('weights', name), result.weights[i] as Value);
    g.output(nameOutput('m', name), result.m[i] as Value);
    g.output(nameOutput('v', name), result.v[i] as Value);
  });
}
