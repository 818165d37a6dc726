/** The momentum encoder of MoCo, which computes the keys, and the queue of keys from earlier batches. */
import type { Tensor } from '../../onnx/tensor.js';
import { GraphBuilder } from '../autodiff/graph-builder.js';
import { GraphSession, type SessionOptions } from '../autodiff/graph-session.js';
import type { Objective } from '../autodiff/step/step-graphs.js';
import { copyInto, copyWeights, type Weights } from '../autodiff/step/training-state.js';
import { appendUnitRows } from '../losses/contrast.js';
import { moveTowards } from './average-weights.js';
import { drawUnitRows } from './prepare-start.js';

/**
 * Computes keys with a slowly moving copy of the encoder, so that the queue stays consistent (He et al., arXiv
 * 1911.05722).
 */
export class MomentumEncoder {
  readonly #session: GraphSession;
  readonly #momentum: number;
  /** The moving copy. */
  readonly weights: Weights;
  /** float32 [queue, D], unit vectors. New keys overwrite the oldest. */
  readonly queue: Tensor;
  #next = 0;

  private constructor(session: GraphSession, weights: Weights, queue: Tensor, momentum: number) {
    this.#session = session;
    this.#momentum = momentum;
    this.weights = weights;
    this.queue = queue;
  }

  /**
   * @param batch views of a step
   * @param weights the weights at the start, which are copied
   * @param settings length of the queue, momentum, and seed of the random keys that fill the queue at the start
   */
  static async create(
    objective: Objective,
    batch: number,
    weights: Readonly<Weights>,
    settings: { length: number; momentum: number; seed: number },
    options?: SessionOptions,
  ): Promise<MomentumEncoder> {
    const g = new GraphBuilder();
    const keys = appendUnitRows(g, await objective.encoder(g, batch));
    g.output('keys', keys);
    const [, width = 0] = keys.shape;
    const queue = drawUnitRows(settings.length, width, settings.seed);
    const session = await GraphSession.open(g.toBytes(), options);
    const encoderWeights = Object.fromEntries(
      [...g.parameters.keys()].map(({ name }) => [name, weights[name] as Tensor]),
    );
    return new MomentumEncoder(session, copyWeights(encoderWeights), queue, settings.momentum);
  }

  /** Continues from a checkpoint taken after `steps` steps of `batch` keys. */
  load(weights: Readonly<Weights>, queue: Tensor, steps: number, batch: number): void {
    copyInto(this.weights, weights);
    copyInto({ queue: this.queue }, { queue });
    this.#next = (steps * batch) % (this.queue.shape[0] ?? 1);
  }

  /** Computes the keys of a batch of views. @returns float32 [batch, D], unit vectors */
  async computeKeys(pixels: Tensor): Promise<Tensor> {
    const { keys } = await this.#session.run({ ...this.weights, pixels });
    return keys as Tensor;
  }

  /** Adds the keys of a step to the queue, and moves towards the trained weights. */
  advance(keys: Tensor, weights: Readonly<Weights>): void {
    const [count = 0, width = 0] = keys.shape;
    (this.queue.data as Float32Array).set(keys.data as Float32Array, this.#next * width);
    this.#next = (this.#next + count) % (this.queue.shape[0] ?? 1);
    moveTowards(this.weights, weights, this.#momentum);
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
