/** A whole run: start, epochs with evaluations and checkpoints, the choice of the weights that are kept. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { PawdexError } from '../../errors.js';
import type { EmbeddedSet } from '../../evaluation/embed-set.js';
import { readPhoto } from '../../image/read-photo.js';
import { takeFirstRows } from '../../math/matrix.js';
import type { SessionOptions } from '../autodiff/graph-session.js';
import { projectFeatures } from '../head/projection.js';
import { type Network, replaceWeights } from '../network/network.js';
import { cutNetwork } from '../network/network-cut.js';
import { countPhotosPerStep, formatRecipe, getResizeRule } from '../recipe/load-recipe.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import { interpolateWeights, type Weights } from './average-weights.js';
import { hasCheckpoint, type Progress, readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { completeHead, createFeatureNetwork } from './complete-head.js';
import { computeFeatures, type FeaturesOptions } from './compute-features.js';
import { DivergenceGuard } from './divergence-guard.js';
import { type Evaluated, evaluateEmbedding } from './evaluate-embedding.js';
import { KeptViews } from './kept-views.js';
import { computeRate } from './learning-rate.js';
import { type Batches, createLoadOptions, type KeptSource, planBatches } from './plan-batches.js';
import { prepareStart } from './prepare-start.js';
import { readTensors, writeTensors } from './safetensors.js';
import { Trainer } from './trainer.js';
import {
  type EvaluationEntry,
  type LogEntry,
  type Quality,
  type StepEntry,
  TrainingLog,
} from './training-log.js';
import type { TrainingSet } from './training-set.js';

/** Settings of {@link runTraining}. */
export interface RunOptions {
  recipe: Recipe;
  set: TrainingSet;
  /** Folder of the run: recipe, log, checkpoint and the best weights. */
  out: string;
  /** Whether to go on with the run in `out`. */
  resume: boolean;
  maxPixels: number;
  session?: SessionOptions;
  /** Stops after the step under way, with a checkpoint. */
  signal?: AbortSignal;
  report?: RunReport;
}

/** What a run says while it goes on. */
export interface RunReport {
  /** A stretch of other work begins: features before, evaluations. What is counted in it are photos unless `noun` says otherwise. */
  phase(text: string, total: number, noun?: string): void;
  phaseProgress(done: number): void;
  step(entry: StepEntry, total: number): void;
  evaluated(entry: EvaluationEntry): void;
  /** A photo that cannot be read; another of its label stands in. */
  skipped(file: string, error: PawdexError): void;
}

/** What a run ends with: its best network, or a stop with a checkpoint to go on from. */
export type RunResult = { finished: false; steps: number } | ({ finished: true; steps: number } & Trained);

/** A trained network. */
export interface Trained {
  /** The network with the weights that were best on val. */
  network: Network;
  quality: Quality;
  /** Share of the trained weights in it; the rest are the start's. */
  share: number;
  /** Val photos as it embeds them. */
  val: EmbeddedSet;
  log: readonly LogEntry[];
}

/** A network with its quality. */
type Judged = Evaluated & { network: Network };

const BEST = 'best.safetensors';
/** The recipe in a run's folder. */
export const RECIPE = 'recipe.yaml';

/**
 * Trains a network.
 *
 * @throws PawdexError `training_diverged`, `operator_not_differentiable`, `model_invalid`, `config_invalid`,
 *   `storage_failed`
 */
export async function runTraining(options: RunOptions): Promise<RunResult> {
  return new Run(options).go();
}

class Run {
  readonly #options: RunOptions;
  readonly #features: FeaturesOptions;
  #steps = 0;
  #progress: Progress = { evaluatedAt: 0, best: null, seconds: 0 };

  constructor(options: RunOptions) {
    this.#options = options;
    const { recipe, session, maxPixels, report, signal } = options;
    this.#features = {
      rule: getResizeRule(recipe),
      maxPixels,
      ...(session === undefined ? {} : { session }),
      ...(signal === undefined ? {} : { signal }),
      onProgress: (done) => report?.phaseProgress(done),
    };
  }

  async go(): Promise<RunResult> {
    const { signal } = this.#options;
    try {
      return await this.#run();
    } catch (error) {
      // What was under way is done again after resuming.
      if (signal?.aborted && error === signal.reason) return { finished: false, steps: this.#steps };
      throw error;
    }
  }

  async #run(): Promise<RunResult> {
    const { recipe, out, resume, set, session } = this.#options;
    await mkdir(out, { recursive: true });
    const checkpoint = resume && hasCheckpoint(out) ? await readCheckpoint(out, recipe) : null;
    if (checkpoint === null) await writeFile(path.join(out, RECIPE), formatRecipe(recipe));
    const { network, proxies } = await prepareStart(
      recipe,
      set,
      checkpoint?.start ?? null,
      this.#features,
      (text, total, noun) => this.#options.report?.phase(text, total, noun),
    );
    // Here rather than at the first evaluation, if it cannot be done.
    createFeatureNetwork(network, network, recipe.head.general);
    const kept = recipe.keptViews > 0 ? await this.#keepViews(network) : null;
    const trainer = await Trainer.create(network, proxies, kept?.cut ?? null, recipe, session);
    try {
      if (checkpoint !== null) {
        trainer.load(checkpoint);
        this.#progress = checkpoint.progress;
      }
      const log = await TrainingLog.open(out, trainer.steps);
      const batches = planBatches(recipe, set, this.#load(set.train), kept);
      await this.#train(trainer, network, log, batches);
      return { finished: true, steps: trainer.steps, ...(await this.#best(trainer, network, log)) };
    } finally {
      this.#steps = trainer.steps;
      await trainer.close();
      await kept?.views.close();
    }
  }

  #load(photos: TrainingSet['photos']) {
    const { recipe, maxPixels, report } = this.#options;
    return createLoadOptions(recipe, photos, { maxPixels }, (file, error) => report?.skipped(file, error));
  }

  /** Computes the frozen layers of as many views as the recipe keeps. */
  async #keepViews(network: Network): Promise<KeptSource> {
    const { recipe, set, out, session, signal, report } = this.#options;
    const cut = await cutNetwork(network, recipe);
    report?.phase(
      `Frozen layers of ${recipe.keptViews} views of each photo`,
      recipe.keptViews * set.photos.length,
    );
    const views = await KeptViews.make(network, cut, {
      dir: out,
      views: recipe.keptViews,
      photos: set.photos.length,
      load: this.#load(set.photos),
      identity: [recipe.backbone, set.photos],
      ...(session === undefined ? {} : { session }),
      ...(signal === undefined ? {} : { signal }),
      onProgress: (done) => report?.phaseProgress(done),
    });
    return { views, cut };
  }

  /** @throws the signal's reason when stopped, after a checkpoint */
  async #train(trainer: Trainer, network: Network, log: TrainingLog, batches: Batches): Promise<void> {
    const { recipe, report, signal } = this.#options;
    const total = batches.perEpoch * recipe.epochs * recipe.soup;
    const interval = Math.max(1, Math.round(recipe.evaluation.every * batches.perEpoch));
    let saved = performance.now();
    for await (const entry of this.#take(trainer, batches, total)) {
      await log.add(entry);
      report?.step(entry, total);
      const due = entry.step - this.#progress.evaluatedAt >= interval && entry.step < total;
      if (signal?.aborted || due || performance.now() - saved > recipe.checkpointMinutes * 60_000) {
        await this.#save(trainer);
        saved = performance.now();
      }
      signal?.throwIfAborted();
      if (due) await this.#evaluate(trainer, network, log, entry);
    }
    if (recipe.soup > 1 && trainer.stepsOfRun > 0) trainer.endRun();
    await this.#save(trainer);
  }

  async *#take(trainer: Trainer, batches: Batches, total: number): AsyncGenerator<StepEntry> {
    const { optimiser, soup } = this.#options.recipe;
    const { learningRate, warmUp } = optimiser;
    const ofRun = total / soup;
    let guard = new DivergenceGuard();
    for await (const batch of batches.from(trainer.steps)) {
      if (trainer.stepsOfRun === ofRun) {
        trainer.endRun();
        guard = new DivergenceGuard();
      }
      const began = performance.now();
      const rate = learningRate * computeRate(trainer.stepsOfRun, ofRun, warmUp);
      const { loss, gradientNorm } = await trainer.run(batch, rate);
      const step = trainer.steps;
      guard.check(step, loss, gradientNorm);
      const seconds = (performance.now() - began + batch.waitedMs) / 1000;
      this.#progress = { ...this.#progress, seconds: this.#progress.seconds + seconds };
      yield {
        step,
        epoch: step / batches.perEpoch,
        loss,
        gradientNorm,
        learningRate: rate,
        imagesPerSecond: countPhotosPerStep(this.#options.recipe) / seconds,
        waitShare: batch.waitedMs / 1000 / seconds,
      };
      // session.run() blocks this thread: Ctrl-C gets its turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #evaluate(trainer: Trainer, network: Network, log: TrainingLog, at: StepEntry): Promise<void> {
    const { quality } = await this.#judge(network, trainer.weights, `Evaluating step ${at.step}`);
    const entry = { step: at.step, epoch: at.epoch, val: quality };
    await log.add(entry);
    this.#options.report?.evaluated(entry);
    const { best } = this.#progress;
    this.#progress = { ...this.#progress, evaluatedAt: at.step };
    if (best !== null && isBetter(best, quality)) return;
    await this.#keep(trainer.weights, at.step, quality, 1);
  }

  /** Measures weights in the network that they started from, with the general part that its head has in the end. */
  async #judge(start: Network, weights: Weights, text: string): Promise<Judged> {
    const { set, recipe, report, session } = this.#options;
    const { general } = recipe.head;
    const network = createFeatureNetwork(replaceWeights(start, weights), start, general);
    let { head } = network;
    const evaluated = await evaluateEmbedding(set, recipe, async (photos, gallery) => {
      report?.phase(text, photos.length);
      const read = (i: number) => readPhoto(photos[i]!.file);
      const features = await computeFeatures(network, photos.length, read, this.#features);
      head = await completeHead(network.head, takeFirstRows(features, gallery), general, session);
      return projectFeatures(features, head);
    });
    return { ...evaluated, network: { ...network, head } };
  }

  async #keep(weights: Weights, step: number, { top1, recallAt1 }: Quality, share: number): Promise<void> {
    await writeTensors(path.join(this.#options.out, BEST), {
      tensors: weights,
      metadata: {
        step: String(step),
        top1: String(top1),
        recallAt1: String(recallAt1),
        share: String(share),
      },
    });
    this.#progress = { ...this.#progress, best: { step, top1, recallAt1 } };
  }

  async #save(trainer: Trainer): Promise<void> {
    await writeCheckpoint(
      this.#options.out,
      { ...trainer.snapshot, progress: this.#progress },
      this.#options.recipe,
    );
  }

  /** Tries the averages with the start, and takes what is best on val, of them and of the evaluations on the way. */
  async #best(trainer: Trainer, network: Network, log: TrainingLog): Promise<Trained> {
    const { recipe, out } = this.#options;
    let judged: Judged | null = null;
    for (const share of recipe.average) {
      const weights =
        share === 1 ? trainer.weights : interpolateWeights(trainer.start, trainer.weights, share);
      const text = share === 1 ? 'Evaluating the end' : `Evaluating ${share} of the end with the start`;
      const evaluated = await this.#judge(network, weights, text);
      const { quality } = evaluated;
      const entry = { step: trainer.steps, epoch: recipe.epochs * recipe.soup, share, val: quality };
      await log.add(entry);
      this.#options.report?.evaluated(entry);
      const { best } = this.#progress;
      if (best !== null && isBetter(best, quality)) continue;
      await this.#keep(weights, trainer.steps, quality, share);
      judged = evaluated;
    }
    const { tensors, metadata } = await readTensors(path.join(out, BEST));
    // None of them was better than an evaluation on the way, whose embeddings are gone.
    judged ??= await this.#judge(network, tensors, 'Evaluating the best');
    return { share: Number(metadata.share), log: log.entries, ...judged };
  }
}

/** Whether the first is the better: by the vote, and by recall where the votes are equal. */
function isBetter(a: { top1: number; recallAt1: number }, b: { top1: number; recallAt1: number }): boolean {
  return a.top1 !== b.top1 ? a.top1 > b.top1 : a.recallAt1 >= b.recallAt1;
}
