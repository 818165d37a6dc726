/** A training run from its recipe to its last step. */
import { PawdexError } from '../../errors.js';
import { createZeros, type Tensor } from '../../onnx/tensor.js';
import type { SessionOptions } from '../autodiff/graph-session.js';
import { type StepResult, TrainingStep } from '../autodiff/step/index.js';
import type { TrainingState } from '../autodiff/step/training-state.js';
import { LOSS_INPUTS } from '../network/append-losses.js';
import type { Network } from '../network/network.js';
import type { NetworkCut } from '../network/network-cut.js';
import { createObjective, createOptimiser } from '../network/objective.js';
import { countPhotosPerStep, countViewsPerStep } from '../recipe/load-recipe.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import { copyWeights, moveAverage, moveTowards, type Weights } from './average-weights.js';
import type { Checkpoint } from './checkpoint.js';
import { MomentumEncoder } from './momentum-encoder.js';

/** What a step is fed. */
export interface StepBatch {
  /** The views: `pixels` uint8 [views, S, S, 3], or what is kept of them; and `labels` int64 [views] for labelled losses. */
  feeds: Record<string, Tensor>;
  /** Second views, for MoCo's keys: uint8 [views, S, S, 3]. */
  second?: Tensor;
}

/**
 * The trained weights with everything that moves along with them. Given equal batches it takes equal steps, bit for
 * bit, also after {@link Trainer.load}.
 */
export class Trainer {
  /** The weights training started from. */
  readonly start: Weights;
  readonly #recipe: Recipe;
  readonly #step: TrainingStep;
  readonly #average: Weights | null;
  readonly #momentum: MomentumEncoder | null;
  /** Mean of what the runs so far ended with, where the recipe asks for several; meaningless before the first has. */
  readonly #soup: Weights;
  /** How many those are, and the steps that they took. */
  #ended = { runs: 0, steps: 0 };

  private constructor(recipe: Recipe, step: TrainingStep, momentum: MomentumEncoder | null) {
    this.#recipe = recipe;
    this.#step = step;
    this.#momentum = momentum;
    this.start = copyWeights(step.state.weights);
    this.#average = recipe.ema > 0 ? copyWeights(step.state.weights) : null;
    this.#soup = recipe.soup > 1 ? copyWeights(step.state.weights) : {};
  }

  /**
   * Builds the graphs of a recipe.
   *
   * @param network backbone and head that training starts from
   * @param proxies float32 [labels, D] that training starts from, where a loss has proxies
   * @param cut where steps are fed kept values instead of pixels
   * @throws PawdexError `operator_not_differentiable`, `model_invalid`, `config_invalid`
   */
  static async create(
    network: Network,
    proxies: Tensor | null,
    cut: NetworkCut | null,
    recipe: Recipe,
    session?: SessionOptions,
  ): Promise<Trainer> {
    const objective = createObjective(network, proxies, recipe, cut);
    const { chunk } = recipe.batch;
    const step = await TrainingStep.create(objective, {
      batch: countViewsPerStep(recipe),
      ...(chunk === undefined ? {} : { chunk }),
      optimiser: createOptimiser(network, recipe),
      ...(session === undefined ? {} : { session }),
    });
    const moco = recipe.losses.find((term) => term.kind === 'moco');
    const momentum =
      moco === undefined
        ? null
        : await MomentumEncoder.create(
            objective,
            countPhotosPerStep(recipe),
            step.state.weights,
            { length: moco.queue, momentum: moco.momentum, seed: recipe.seed },
            session,
          );
    return new Trainer(recipe, step, momentum);
  }

  /** Steps taken, over all runs. */
  get steps(): number {
    return this.#ended.steps + this.stepsOfRun;
  }

  /** Steps of the run that is under way. */
  get stepsOfRun(): number {
    return this.#step.state.step;
  }

  /**
   * The weights as they are to be judged and exported: the running average of this run's where there is one; when all
   * of several runs have ended, their mean.
   */
  get weights(): Weights {
    const { soup } = this.#recipe;
    if (soup > 1 && this.#ended.runs === soup) return this.#soup;
    return this.#average ?? this.#step.state.weights;
  }

  /** Ends one of several runs: its weights go into the mean, and the next begins where it did. */
  endRun(): void {
    const { runs } = this.#ended;
    moveTowards(this.#soup, this.weights, runs / (runs + 1));
    this.#ended = { runs: runs + 1, steps: this.steps };
    const none = (moments: Weights) =>
      Object.fromEntries(
        Object.entries(moments).map(([name, { dtype, shape }]) => [name, createZeros(dtype, shape)]),
      );
    const { m, v } = this.#step.state;
    this.#begin({ step: 0, weights: this.start, m: none(m), v: none(v) }, this.start);
  }

  /** Takes one step. @throws PawdexError `internal` when onnxruntime fails; the state is then as before */
  async run(batch: StepBatch, learningRate: number): Promise<StepResult> {
    const keys = this.#momentum === null ? null : await this.#momentum.keys(batch.second as Tensor);
    const feeds = {
      ...batch.feeds,
      ...(keys === null ? {} : { [LOSS_INPUTS.keys]: keys, [LOSS_INPUTS.queue]: this.#momentum!.queue }),
    };
    const result = await this.#step.run(feeds, learningRate);
    const { weights, step } = this.#step.state;
    if (keys !== null) this.#momentum?.advance(keys, weights);
    if (this.#average !== null) moveAverage(this.#average, weights, this.#recipe.ema, step);
    return result;
  }

  /** All but the progress, for a checkpoint; later steps overwrite it. */
  get snapshot(): Omit<Checkpoint, 'progress'> {
    return {
      state: this.#step.state,
      start: this.start,
      average: this.#average,
      queue: this.#momentum?.queue ?? null,
      momentum: this.#momentum?.weights ?? null,
      soup: this.#soup,
      ended: this.#ended,
    };
  }

  /** Continues from a checkpoint. @throws PawdexError `model_invalid` when it is of another network */
  load({ state, start, average, queue, momentum, soup, ended }: Omit<Checkpoint, 'progress'>): void {
    copyInto(this.start, start);
    copyInto(this.#soup, soup);
    this.#ended = ended;
    this.#begin(state, average ?? state.weights, momentum ?? state.weights, queue);
  }

  #begin(
    state: TrainingState,
    average: Weights,
    momentum = state.weights,
    queue: Tensor | null = null,
  ): void {
    this.#step.load(state);
    if (this.#average !== null) copyInto(this.#average, average);
    if (this.#momentum === null) return;
    this.#momentum.load(
      momentum,
      queue ?? this.#momentum.queue,
      state.step,
      countPhotosPerStep(this.#recipe),
    );
  }

  /** Frees the graphs. */
  async close(): Promise<void> {
    await this.#step.close();
    await this.#momentum?.close();
  }
}

/** @throws PawdexError `model_invalid` when a weight is missing */
function copyInto(into: Weights, from: Readonly<Weights>): void {
  for (const [name, tensor] of Object.entries(into)) {
    const stored = from[name];
    if (stored?.data.length !== tensor.data.length)
      throw new PawdexError('model_invalid', { detail: `The checkpoint does not fit the weight "${name}".` });
    (tensor.data as Float32Array).set(stored.data as Float32Array);
  }
}
