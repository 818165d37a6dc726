/**
 * Owns the state of a run: weights, optimiser moments, their running average, the mean over rounds, and MoCo's keys. It
 * advances by one step or one round at a time. training-run.ts plans, logs, evaluates and stores.
 */
import { createZeros, type Tensor } from '../../onnx/tensor.js';
import type { SessionOptions } from '../autodiff/graph-session.js';
import { copyInto, copyWeights, type TrainingState, type Weights } from '../autodiff/step/training-state.js';
import { type StepResult, TrainingStep } from '../autodiff/step/training-step.js';
import { LOSS_INPUTS } from '../network/append-losses.js';
import { createObjective, createOptimiser, type ObjectiveOptions } from '../network/objective.js';
import { countPhotosPerStep, countViewsPerStep } from '../recipe/load-recipe.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import { moveAverage, moveTowards } from './average-weights.js';
import type { TrainerState } from './checkpoint.js';
import { MomentumEncoder } from './momentum-encoder.js';
import type { StepBatch } from './plan-batches.js';

/** Takes the steps of a run. The same batches give the same steps bit for bit, also after {@link Trainer.load}. */
export class Trainer {
  readonly #recipe: Recipe;
  readonly #step: TrainingStep;
  readonly #momentum: MomentumEncoder | null;
  readonly start: Weights;
  readonly #average: Weights | null;
  /** Mean of the final weights of finished rounds, if the recipe has several rounds. */
  readonly #soup: Weights;
  /** Number of finished rounds, and of their steps. */
  #finished = { rounds: 0, steps: 0 };

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
   * @throws PawdexError operator_not_differentiable, model_invalid, config_invalid
   */
  static async create(options: ObjectiveOptions, session?: SessionOptions): Promise<Trainer> {
    const { recipe, network } = options;
    const objective = createObjective(options);
    const { chunk } = recipe.batch;
    const step = await TrainingStep.create(objective, {
      batch: countViewsPerStep(recipe),
      chunk,
      optimiser: createOptimiser(network, recipe),
      session,
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

  /** Steps taken, over all rounds. */
  get steps(): number {
    return this.#finished.steps + this.stepsOfRound;
  }

  /** Steps taken in this round. */
  get stepsOfRound(): number {
    return this.#step.state.step;
  }

  /**
   * Returns the weights to evaluate and export: the mean over the rounds once all of several rounds are finished, else the
   * running average of this round if there is one.
   */
  get weights(): Weights {
    const { soup } = this.#recipe;
    if (soup > 1 && this.#finished.rounds === soup) {
      return this.#soup;
    }
    return this.#average ?? this.#step.state.weights;
  }

  /**
   * Finishes a round: adds its weights to the mean, and goes back to the start, because the mean of weights is only good if
   * all of them began at the same point.
   */
  finishRound(): void {
    const { rounds } = this.#finished;
    moveTowards(this.#soup, this.weights, rounds / (rounds + 1));
    this.#finished = { rounds: rounds + 1, steps: this.steps };
    const clear = (moments: Weights) =>
      Object.fromEntries(
        Object.entries(moments).map(([name, { dtype, shape }]) => [name, createZeros(dtype, shape)]),
      );
    const { m, v } = this.#step.state;
    this.#startFrom({ step: 0, weights: this.start, m: clear(m), v: clear(v) }, this.start);
  }

  /**
   * Takes one step.
   *
   * @throws PawdexError internal when onnxruntime fails; the state is then as before
   */
  async takeStep(batch: StepBatch, learningRate: number): Promise<StepResult> {
    const momentum = this.#momentum;
    const feeds = { ...batch.feeds };
    if (momentum !== null) {
      feeds[LOSS_INPUTS.keys] = await momentum.computeKeys(batch.second as Tensor);
      feeds[LOSS_INPUTS.queue] = momentum.queue;
    }
    const result = await this.#step.run(feeds, learningRate);
    const { weights, step } = this.#step.state;
    momentum?.advance(feeds[LOSS_INPUTS.keys] as Tensor, weights);
    if (this.#average !== null) {
      moveAverage(this.#average, weights, this.#recipe.ema, step);
    }
    return result;
  }

  /** The state to store in a checkpoint. Later steps overwrite it. */
  get snapshot(): TrainerState {
    return {
      state: this.#step.state,
      start: this.start,
      average: this.#average,
      queue: this.#momentum?.queue ?? null,
      momentum: this.#momentum?.weights ?? null,
      soup: this.#soup,
      finished: this.#finished,
    };
  }

  /** Continues from a checkpoint. @throws PawdexError model_invalid when it is of another network */
  load({ state, start, average, queue, momentum, soup, finished }: TrainerState): void {
    copyInto(this.start, start);
    copyInto(this.#soup, soup);
    this.#finished = finished;
    this.#startFrom(state, average ?? state.weights, momentum ?? state.weights, queue);
  }

  #startFrom(
    state: TrainingState,
    average: Weights,
    momentum = state.weights,
    queue: Tensor | null = null,
  ): void {
    this.#step.load(state);
    if (this.#average !== null) {
      copyInto(this.#average, average);
    }
    const batch = countPhotosPerStep(this.#recipe);
    this.#momentum?.load(momentum, queue ?? this.#momentum.queue, state.step, batch);
  }

  async close(): Promise<void> {
    await this.#step.close();
    await this.#momentum?.close();
  }
}
