/** The graphs of a training step, each made from an encoder and a loss. */
import { PawdexError } from '../../../errors.js';
import { sizeOf } from '../../../onnx/tensor.js';
import { gradients } from '../backward.js';
import { GraphBuilder } from '../builder.js';
import type { Value } from '../graph.js';
import { type AdamWOptions, adamW } from './adamw.js';
import { inputName, outputName } from './state.js';

/** What is trained. Both functions may be called several times, for several graphs. */
export interface Objective {
  /**
   * Appends the encoder: declares its inputs, each with the batch as its first axis, and its trainable weights.
   *
   * @returns the embeddings, float32 [batch, D]
   */
  encoder(g: GraphBuilder, batch: number): Promise<Value>;
  /**
   * Appends the loss of a whole batch; may declare inputs (labels, a queue) and weights (class proxies, a
   * temperature) of its own.
   *
   * @param embeddings float32 [batch, D]
   * @returns a float32 scalar
   */
  loss(g: GraphBuilder, embeddings: Value): Value;
}

const UPSTREAM = 'd embeddings';

/** Name of a gradient as an output, or as an input that is added to it. */
export const gradientName = (weight: string): string => `d ${weight}`;
const sumName = (weight: string): string => `sum of d ${weight}`;

/** The whole step in one graph: outputs `loss`, `norm`, `embeddings` and the new state. */
export async function fusedGraph(
  objective: Objective,
  batch: number,
  optimiser: AdamWOptions,
): Promise<GraphBuilder> {
  const g = new GraphBuilder();
  const embeddings = await objective.encoder(g, batch);
  const loss = scalarLoss(objective, g, embeddings);
  const found = gradients(g, new Map([[loss, g.scalar(1)]]), [...g.parameters.keys()]);
  g.output('loss', loss);
  g.output('embeddings', embeddings);
  update(g, found, optimiser);
  return g;
}

/** Graph 1, forward: outputs `embeddings` of one chunk. */
export async function forwardGraph(objective: Objective, chunk: number): Promise<GraphBuilder> {
  const g = new GraphBuilder();
  g.output('embeddings', await objective.encoder(g, chunk));
  return g;
}

/**
 * Graph 2, loss: input `embeddings` of the whole batch; outputs `loss`, `d embeddings` and the gradients of the
 * loss's own weights.
 */
export function lossGraph(objective: Objective, shape: readonly number[]): GraphBuilder {
  const g = new GraphBuilder();
  const embeddings = g.input('embeddings', 'float32', shape);
  const loss = scalarLoss(objective, g, embeddings);
  const wanted = [embeddings, ...g.parameters.keys()];
  const found = gradients(g, new Map([[loss, g.scalar(1)]]), wanted);
  g.output('loss', loss);
  for (const [value, gradient] of found) {
    g.output(value === embeddings ? UPSTREAM : gradientName(value.name), gradient);
  }
  return g;
}

/**
 * Graph 3, backward: computes a chunk again and adds its share to the gradients. Inputs `d embeddings` of the
 * chunk and the sums so far; outputs the new sums.
 */
export async function backwardGraph(objective: Objective, chunk: number): Promise<GraphBuilder> {
  const g = new GraphBuilder();
  const embeddings = await objective.encoder(g, chunk);
  const upstream = g.input(UPSTREAM, 'float32', embeddings.shape);
  for (const [weight, gradient] of gradients(g, new Map([[embeddings, upstream]]), [
    ...g.parameters.keys(),
  ])) {
    const sum = g.input(sumName(weight.name), 'float32', weight.shape);
    g.output(gradientName(weight.name), g.add(sum, gradient));
  }
  return g;
}

/** Graph 4, update: inputs the gradients and the state; outputs `norm` and the new state. */
export function updateGraph(parameters: readonly Value[], optimiser: AdamWOptions): GraphBuilder {
  const g = new GraphBuilder();
  const found = parameters.map(({ name, shape }): [Value, Value] => [
    g.input(name, 'float32', shape),
    g.input(gradientName(name), 'float32', shape),
  ]);
  update(g, new Map(found), optimiser);
  return g;
}

/** The feeds that carry gradient sums from one chunk to the next. */
export function asSums<T>(
  gradients: Readonly<Record<string, T>>,
  weights: readonly string[],
): Record<string, T> {
  return Object.fromEntries(weights.map((weight) => [sumName(weight), gradients[gradientName(weight)] as T]));
}

function scalarLoss(objective: Objective, g: GraphBuilder, embeddings: Value): Value {
  const loss = objective.loss(g, embeddings);
  if (loss.shape.length === 0) return loss;
  throw new PawdexError('internal', {
    detail: `The loss has the shape [${loss.shape}] instead of a scalar's.`,
  });
}

function update(g: GraphBuilder, found: ReadonlyMap<Value, Value>, optimiser: AdamWOptions): void {
  const slots = [...found].map(([weight, gradient]) => ({
    name: weight.name,
    weight,
    gradient,
    m: g.input(inputName('m', weight.name), 'float32', [sizeOf(weight.shape)]),
    v: g.input(inputName('v', weight.name), 'float32', [sizeOf(weight.shape)]),
  }));
  const result = g.scope('adamw', () => adamW(g, slots, optimiser));
  g.output('norm', result.norm);
  slots.forEach(({ name }, i) => {
    g.output(outputName('weights', name), result.weights[i] as Value);
    g.output(outputName('m', name), result.m[i] as Value);
    g.output(outputName('v', name), result.v[i] as Value);
  });
}
