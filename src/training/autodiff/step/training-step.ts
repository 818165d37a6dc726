/** Takes training steps: forward, loss, backward and update, in one graph or in four. */
import { PawdexError } from '../../../errors.js';
import type { Value } from '../../../onnx/onnx-values.js';
import { createZeros, type Tensor } from '../../../onnx/tensor.js';
import type { GraphBuilder } from '../graph-builder.js';
import { GraphSession, type SessionOptions } from '../graph-session.js';
import { type AdamWOptions, createAdamWFeeds } from './adamw.js';
import {
  buildBackwardGraph,
  buildForwardGraph,
  buildFusedGraph,
  buildLossGraph,
  buildUpdateGraph,
  nameGradient,
  type Objective,
  renameToSums,
  UPSTREAM,
} from './step-graphs.js';
import { StateBuffers, type TrainingState } from './training-state.js';

export interface StepOptions {
  /** Examples per step. */
  readonly batch: number;
  /**
   * Examples that go through the network at once: a divisor of `batch`. Default: the whole batch. A smaller chunk
   * needs less memory and computes the forward pass twice (gradient caching, Gao et al., arXiv 2101.06983). The
   * gradient is that of the whole batch.
   */
  readonly chunk?: number;
  readonly optimiser?: AdamWOptions;
  readonly session?: SessionOptions;
}

export interface StepResult {
  /** The loss before the update. */
  loss: number;
  /** The norm of all gradients before clipping. */
  gradientNorm: number;
  /** float32 [batch, D], before the update. */
  embeddings: Tensor;
}

/**
 * A training step with its state. On one machine with the same number of threads, the same feeds give the same bits.
 *
 * @example
 *   const step = await TrainingStep.create(objective, { batch: 64 });
 *   const { loss } = await step.run({ pixels, labels }, 1e-4);
 */
export class TrainingStep {
  readonly #buffers: StateBuffers;
  readonly #options: StepOptions;
  readonly #sessions: GraphSession[];
  readonly #compute: (feeds: Record<string, Tensor>) => Promise<Record<string, Tensor>>;

  private constructor(
    buffers: StateBuffers,
    options: StepOptions,
    sessions: GraphSession[],
    compute: (feeds: Record<string, Tensor>) => Promise<Record<string, Tensor>>,
  ) {
    this.#buffers = buffers;
    this.#options = options;
    this.#sessions = sessions;
    this.#compute = compute;
  }

  /**
   * Builds and loads the graphs.
   *
   * @throws PawdexError operator_not_differentiable where a gradient rule is missing; config_invalid when `chunk` does
   *   not divide `batch`
   */
  static async create(objective: Objective, options: StepOptions): Promise<TrainingStep> {
    const { batch, chunk = batch } = options;
    if (batch % chunk !== 0) {
      throw new PawdexError('config_invalid', {
        detail: `A chunk of ${chunk} does not divide a batch of ${batch}.`,
      });
    }
    return chunk === batch
      ? TrainingStep.#openFused(objective, options)
      : TrainingStep.#openChunked(objective, options, chunk);
  }

  static async #openFused(objective: Objective, options: StepOptions): Promise<TrainingStep> {
    const g = await buildFusedGraph(objective, options.batch, options.optimiser ?? {});
    const buffers = new StateBuffers(g.parameters);
    const session = await GraphSession.open(g.toBytes(), options.session);
    return new TrainingStep(buffers, options, [session], (feeds) => session.run(feeds, buffers.getTargets()));
  }

  static async #openChunked(
    objective: Objective,
    options: StepOptions,
    chunk: number,
  ): Promise<TrainingStep> {
    const { batch, session, optimiser = {} } = options;
    const forward = await buildForwardGraph(objective, chunk);
    const [, width = 1] = forward.outputs.get('embeddings')?.shape ?? [];
    const loss = buildLossGraph(objective, [batch, width]);
    const backward = await buildBackwardGraph(objective, chunk);
    const parameters = new Map([...backward.parameters, ...loss.parameters]);
    const update = buildUpdateGraph([...parameters.keys()], optimiser);
    const open = (graph: GraphBuilder) => GraphSession.open(graph.toBytes(), session);
    const sessions: ChunkSessions = {
      forward: await open(forward),
      loss: await open(loss),
      backward: await open(backward),
      update: await open(update),
    };
    const buffers = new StateBuffers(parameters);
    const plan: ChunkPlan = {
      batch,
      chunk,
      width,
      inputs: forward.inputs.filter((value) => !forward.parameters.has(value)),
      weights: [...backward.parameters.keys()],
    };
    return new TrainingStep(buffers, options, Object.values(sessions), (feeds) =>
      runInChunks(sessions, plan, feeds, buffers.getTargets()),
    );
  }

  /**
   * Takes one step.
   *
   * @param feeds a tensor for each input that encoder and loss declare; those of the encoder have the batch as their
   *   first axis
   * @throws PawdexError internal if ONNX Runtime fails; the state is then unchanged
   */
  async run(feeds: Readonly<Record<string, Tensor>>, learningRate: number): Promise<StepResult> {
    const scalars = createAdamWFeeds(this.#buffers.current.step + 1, learningRate, this.#options.optimiser);
    const results = await this.#compute({ ...this.#buffers.createFeeds(), ...feeds, ...scalars });
    this.#buffers.advance();
    return {
      loss: Number(results.loss?.data[0]),
      gradientNorm: Number(results.norm?.data[0]),
      embeddings: results.embeddings as Tensor,
    };
  }

  /** The current weights and moments. Later steps overwrite them, so copy what you keep. */
  get state(): TrainingState {
    return this.#buffers.current;
  }

  /** Continues from a stored state. @throws PawdexError model_invalid if it is from another network */
  load(state: TrainingState): void {
    this.#buffers.load(state);
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) {
      await session.close();
    }
  }
}

/** The four graphs of a step in chunks. */
interface ChunkSessions {
  forward: GraphSession;
  loss: GraphSession;
  backward: GraphSession;
  update: GraphSession;
}

interface ChunkPlan {
  batch: number;
  chunk: number;
  /** D, of an embedding. */
  width: number;
  /** Inputs of the encoder that are not weights, with the batch as their first axis. */
  inputs: readonly Value[];
  /** Trained weights of the encoder. */
  weights: readonly Value[];
}

/**
 * Embeds chunk by chunk, computes the loss of the whole batch, then goes through the chunks again to sum their gradients.
 *
 * @param targets the buffers of the new state
 */
async function runInChunks(
  { forward, loss, backward, update }: ChunkSessions,
  { batch, chunk, width, inputs, weights }: ChunkPlan,
  feeds: Record<string, Tensor>,
  targets: Record<string, Tensor>,
): Promise<Record<string, Tensor>> {
  const chunks = Array.from({ length: batch / chunk }, (_, i) => ({
    ...feeds,
    ...mapByName(inputs, ({ name }) => sliceRows(feeds[name] as Tensor, i * chunk, chunk)),
  }));
  const embeddings = createZeros('float32', [batch, width]);
  for (const [i, part] of chunks.entries()) {
    await forward.run(part, { embeddings: sliceRows(embeddings, i * chunk, chunk) });
  }
  const whole = await loss.run({ ...feeds, embeddings });
  let sums = mapByName(weights, ({ shape }) => createZeros('float32', shape), nameGradient);
  for (const [i, part] of chunks.entries()) {
    const upstream = sliceRows(whole[UPSTREAM] as Tensor, i * chunk, chunk);
    const before = renameToSums(sums, weights);
    sums = await backward.run({ ...part, ...before, [UPSTREAM]: upstream });
  }
  const updated = await update.run({ ...feeds, ...whole, ...sums }, targets);
  return { ...whole, ...updated, embeddings };
}

/** Creates a tensor for each value. @param toKey its key, from the value's name; by default the name */
function mapByName(
  values: readonly Value[],
  create: (value: Value) => Tensor,
  toKey = (name: string) => name,
): Record<string, Tensor> {
  return Object.fromEntries(values.map((value) => [toKey(value.name), create(value)]));
}

/** Takes rows `start` to `start + count` of a tensor, in the same memory. */
function sliceRows(tensor: Tensor, start: number, count: number): Tensor {
  const [total = 1, ...rest] = tensor.shape;
  const width = tensor.data.length / total;
  return {
    ...tensor,
    shape: [count, ...rest],
    data: tensor.data.subarray(start * width, (start + count) * width),
  };
}
