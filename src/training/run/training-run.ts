/** Runs a whole training: start, epochs with evaluations and checkpoints, and the choice of the best weights. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PawdexError } from '../../errors.js';
import { createFolder } from '../../files/create-folder.js';
import type { SessionOptions } from '../autodiff/graph-session.js';
import { checkComponents, countComponents } from '../head/general-part.js';
import type { Network } from '../network/network.js';
import { cutNetwork } from '../network/network-cut.js';
import type { PhaseReport } from '../phase-report.js';
import { countPhotosPerStep, formatRecipe, getResizeRule, RECIPE_FILE } from '../recipe/load-recipe.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import { BestWeights, type EvaluatedNetwork } from './best-weights.js';
import {
  type Checkpoint,
  hasCheckpoint,
  type Progress,
  readCheckpoint,
  writeCheckpoint,
} from './checkpoint.js';
import { createFeatureNetwork } from './complete-head.js';
import type { FeaturesOptions } from './compute-features.js';
import { DivergenceGuard } from './divergence-guard.js';
import { KeptViews } from './kept-views.js';
import { computeRate } from './learning-rate.js';
import { type Batches, createLoadOptions, type KeptSource, planBatches } from './plan-batches.js';
import { prepareStart } from './prepare-start.js';
import { Trainer } from './trainer.js';
import { type EvaluationEntry, type LogEntry, type StepEntry, TrainingLog } from './training-log.js';
import type { TrainingSet } from './training-set.js';

export interface RunOptions {
  recipe: Recipe;
  set: TrainingSet;
  /** Folder of the run: recipe, log, checkpoint and the best weights. */
  out: string;
  /** Whether to resume the run in `out`. */
  resume: boolean;
  maxPixels: number;
  session?: SessionOptions;
  /** Stops the run after the current step, with a checkpoint. */
  signal?: AbortSignal;
  report?: RunReport;
}

export interface RunReport extends PhaseReport {
  reportStep(entry: StepEntry, total: number): void;
  reportEvaluation(entry: EvaluationEntry): void;
  /** Called if a photo cannot be read and another of its label is used instead. */
  reportSkipped(file: string, error: PawdexError): void;
}

/** The result of a run: its best network, or a checkpoint to resume from if it was stopped. */
export type RunResult =
  | { finished: false; steps: number }
  | ({ finished: true; steps: number } & TrainedNetwork);

export interface TrainedNetwork extends EvaluatedNetwork {
  /** Share of the trained weights in it. The rest are the initial weights. */
  share: number;
  log: readonly LogEntry[];
}

/** What the steps of a run work on. */
interface RunParts {
  trainer: Trainer;
  best: BestWeights;
  log: TrainingLog;
  batches: Batches;
}

/**
 * Trains a network.
 *
 * @throws PawdexError training_diverged, operator_not_differentiable, model_invalid, config_invalid, storage_failed
 */
export async function runTraining(options: RunOptions): Promise<RunResult> {
  const run = new TrainingRun(options);
  try {
    return await run.execute();
  } catch (error) {
    // Interrupted work is repeated after resuming.
    if (options.signal?.aborted && error === options.signal.reason) {
      return { finished: false, steps: run.steps };
    }
    throw error;
  }
}

class TrainingRun {
  readonly #options: RunOptions;
  readonly #features: FeaturesOptions;
  /** Steps taken, once the run has ended. */
  steps = 0;
  #evaluatedAt = 0;
  #seconds = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    const { recipe, session, maxPixels, report, signal } = options;
    this.#features = {
      rule: getResizeRule(recipe),
      maxPixels,
      session,
      signal,
      report,
    };
  }

  async execute(): Promise<RunResult> {
    const { recipe, out, resume, set, session, report } = this.#options;
    createFolder(out);
    const checkpoint = resume && hasCheckpoint(out) ? await readCheckpoint(out, recipe) : null;
    if (checkpoint === null) {
      await writeFile(path.join(out, RECIPE_FILE), formatRecipe(recipe));
    }
    const stored = checkpoint?.start ?? null;
    const { network, proxies } = await prepareStart(recipe, set, stored, this.#features);
    this.#checkBeforehand(network);
    const kept = recipe.keptViews > 0 ? await this.#keepViews(network) : null;
    const trainer = await Trainer.create({ recipe, network, proxies, cut: kept?.cut ?? null }, session);
    try {
      const progress = this.#restore(trainer, checkpoint);
      const log = await TrainingLog.open(out, trainer.steps);
      const onEvaluation = async (entry: EvaluationEntry) => {
        await log.add(entry);
        report?.reportEvaluation(entry);
      };
      const best = new BestWeights(
        { recipe, set, out, start: network, features: this.#features, session, onEvaluation },
        progress?.best ?? null,
      );
      const batches = planBatches(recipe, set, this.#createLoadOptions(set.train), kept);
      await this.#train({ trainer, best, log, batches });
      const end = { step: trainer.steps, epoch: recipe.epochs * recipe.soup };
      const result = await best.choose(trainer.start, trainer.weights, end);
      return { finished: true, steps: end.step, log: log.entries, ...result };
    } finally {
      this.steps = trainer.steps;
      await trainer.close();
      await kept?.views.close();
    }
  }

  /** Throws errors early that would otherwise appear after minutes or hours of work. */
  #checkBeforehand(network: Network): void {
    const { recipe, set } = this.#options;
    const { general } = recipe.head;
    planBatches(recipe, set, this.#createLoadOptions(set.train), null);
    createFeatureNetwork(network, network, general);
    if (general !== undefined) {
      const rows = set.selectGallery(recipe.evaluation.galleryPerLabel).length;
      checkComponents(countComponents(general), { rows, dimension: network.head.matrix.shape[0] ?? 0 });
    }
  }

  #restore(trainer: Trainer, checkpoint: Checkpoint | null): Progress | undefined {
    if (checkpoint === null) {
      return undefined;
    }
    trainer.load(checkpoint);
    this.#evaluatedAt = checkpoint.progress.evaluatedAt;
    this.#seconds = checkpoint.progress.seconds;
    return checkpoint.progress;
  }

  #createLoadOptions(photos: TrainingSet['photos']) {
    const { recipe, maxPixels, report } = this.#options;
    return createLoadOptions(recipe, photos, maxPixels, (file, error) => report?.reportSkipped(file, error));
  }

  /** Computes the frozen layers of the recipe's kept views. */
  async #keepViews(network: Network): Promise<KeptSource> {
    const { recipe, set, out, session, signal, report } = this.#options;
    const cut = await cutNetwork(network, recipe);
    report?.beginPhase(
      `Frozen layers of ${recipe.keptViews} views of each photo`,
      recipe.keptViews * set.photos.length,
    );
    const views = await KeptViews.open(network, cut, {
      dir: out,
      views: recipe.keptViews,
      photos: set.photos,
      load: { ...this.#createLoadOptions(set.photos), signal },
      session,
      report,
    });
    return { views, cut };
  }

  /** @throws the signal's reason when stopped, after a checkpoint */
  async #train({ trainer, log, batches, best }: RunParts): Promise<void> {
    const { recipe, report, signal } = this.#options;
    const total = batches.perEpoch * recipe.epochs * recipe.soup;
    const interval = Math.max(1, Math.round(recipe.evaluation.every * batches.perEpoch));
    let savedAt = performance.now();
    for await (const entry of this.#takeSteps(trainer, batches, total)) {
      await log.add(entry);
      report?.reportStep(entry, total);
      const isDue = entry.step - this.#evaluatedAt >= interval && entry.step < total;
      if (signal?.aborted || isDue || performance.now() - savedAt > recipe.checkpointMinutes * 60_000) {
        await this.#save(trainer, best);
        savedAt = performance.now();
      }
      signal?.throwIfAborted();
      if (isDue) {
        const { step, epoch } = entry;
        await best.consider(trainer.weights, { step, epoch }, `Evaluating step ${step}`);
        this.#evaluatedAt = step;
      }
    }
    if (recipe.soup > 1 && trainer.stepsOfRound > 0) {
      trainer.finishRound();
    }
    await this.#save(trainer, best);
  }

  async *#takeSteps(trainer: Trainer, batches: Batches, total: number): AsyncGenerator<StepEntry> {
    const { optimiser, soup } = this.#options.recipe;
    const { learningRate: peak, warmUp } = optimiser;
    const stepsPerRound = total / soup;
    let guard = new DivergenceGuard();
    for await (const batch of batches.startAt(trainer.steps)) {
      if (trainer.stepsOfRound === stepsPerRound) {
        trainer.finishRound();
        guard = new DivergenceGuard();
      }
      const startedAt = performance.now();
      const learningRate = peak * computeRate(trainer.stepsOfRound, stepsPerRound, warmUp);
      const { loss, gradientNorm } = await trainer.takeStep(batch, learningRate);
      const step = trainer.steps;
      guard.check(step, loss, gradientNorm);
      const seconds = (performance.now() - startedAt + batch.waitedMs) / 1000;
      this.#seconds += seconds;
      yield {
        step,
        epoch: step / batches.perEpoch,
        loss,
        gradientNorm,
        learningRate,
        imagesPerSecond: countPhotosPerStep(this.#options.recipe) / seconds,
        waitShare: batch.waitedMs / 1000 / seconds,
      };
      // session.run() blocks this thread, so let signals such as Ctrl-C run.
      await nextTurn();
    }
  }

  async #save(trainer: Trainer, best: BestWeights): Promise<void> {
    const { out, recipe } = this.#options;
    const progress = { evaluatedAt: this.#evaluatedAt, best: best.progress, seconds: this.#seconds };
    await writeCheckpoint(out, { ...trainer.snapshot, progress }, recipe);
  }
}
