/** Evaluates weights on val and keeps the best in a file. */
import path from 'node:path';
import { takeFirstRows } from '../../math/matrix.js';
import type { SessionOptions } from '../autodiff/graph-session.js';
import type { Weights } from '../autodiff/step/training-state.js';
import { projectFeatures } from '../head/projection.js';
import { type Network, replaceWeights } from '../network/network.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import { interpolateWeights } from './average-weights.js';
import type { Progress } from './checkpoint.js';
import { completeHead, createFeatureNetwork } from './complete-head.js';
import { computeFeatures, type FeaturesOptions } from './compute-features.js';
import { type Evaluation, evaluateEmbedding } from './evaluate-embedding.js';
import { readTensors, writeTensors } from './safetensors.js';
import type { EvaluationEntry, Quality } from './training-log.js';
import type { TrainingSet } from './training-set.js';

/** A network with its quality on val. */
export interface EvaluatedNetwork extends Evaluation {
  network: Network;
}

export interface BestWeightsOptions {
  recipe: Recipe;
  set: TrainingSet;
  /** Folder of the run. */
  out: string;
  start: Network;
  features: FeaturesOptions;
  session?: SessionOptions;
  /** Called after each evaluation. */
  onEvaluation(entry: EvaluationEntry): Promise<void>;
}

const FILE = 'best.safetensors';

/** The best weights so far, by accuracy of the vote on val, then by recall at 1. */
export class BestWeights {
  readonly #options: BestWeightsOptions;
  #best: Progress['best'];

  /** @param best the best result so far of a resumed run */
  constructor(options: BestWeightsOptions, best: Progress['best']) {
    this.#options = options;
    this.#best = best;
  }

  /** Their step and quality; null before the first evaluation. */
  get progress(): Progress['best'] {
    return this.#best;
  }

  /**
   * Evaluates weights, and keeps them in the file if they are the best so far.
   *
   * @param entry the line of the log, without the result
   * @param text names the phase in reports
   * @returns the evaluated network, or null if others were better
   */
  async consider(
    weights: Weights,
    entry: Omit<EvaluationEntry, 'val'>,
    text: string,
  ): Promise<EvaluatedNetwork | null> {
    const evaluated = await this.#evaluate(weights, text);
    const { top1, recallAt1 } = evaluated.quality;
    await this.#options.onEvaluation({ ...entry, val: evaluated.quality });
    if (this.#best !== null && !isBetter(evaluated.quality, this.#best)) {
      return null;
    }
    const { step, share = 1 } = entry;
    await writeTensors(this.#file, {
      tensors: weights,
      metadata: {
        step: String(step),
        top1: String(top1),
        recallAt1: String(recallAt1),
        share: String(share),
      },
    });
    this.#best = { step, top1, recallAt1 };
    return evaluated;
  }

  /**
   * Tries averages of final and initial weights, and chooses the best of them and of the evaluations during the run.
   *
   * @param entry the line of the log, without the result
   * @returns the best network, and the share of the trained weights in it
   */
  async choose(
    initial: Weights,
    final: Weights,
    entry: Pick<EvaluationEntry, 'step' | 'epoch'>,
  ): Promise<EvaluatedNetwork & { share: number }> {
    let best: EvaluatedNetwork | null = null;
    for (const share of this.#options.recipe.average) {
      const weights = share === 1 ? final : interpolateWeights(initial, final, share);
      const text =
        share === 1
          ? 'Evaluating the final weights'
          : `Evaluating ${share} of the final weights averaged with the initial ones`;
      best = (await this.consider(weights, { ...entry, share }, text)) ?? best;
    }
    const { tensors, metadata } = await readTensors(this.#file);
    // An evaluation during the run was better than all of them. Its embeddings were not kept.
    best ??= await this.#evaluate(tensors, 'Evaluating the best weights');
    return { share: Number(metadata.share), ...best };
  }

  get #file(): string {
    return path.join(this.#options.out, FILE);
  }

  /** Evaluates weights in the network that they started from, with the head that an encoder would get. */
  async #evaluate(weights: Weights, text: string): Promise<EvaluatedNetwork> {
    const { set, recipe, session, start, features } = this.#options;
    const { general } = recipe.head;
    const network = createFeatureNetwork(replaceWeights(start, weights), start, general);
    let { head } = network;
    const evaluated = await evaluateEmbedding(set, recipe, async (photos, gallery) => {
      features.report?.beginPhase(text, photos.length);
      const computed = await computeFeatures(network, photos, features);
      head = await completeHead(network.head, takeFirstRows(computed, gallery), general, session);
      return projectFeatures(computed, head);
    });
    return { ...evaluated, network: { ...network, head } };
  }
}

function isBetter(a: Pick<Quality, 'top1' | 'recallAt1'>, b: typeof a): boolean {
  return a.top1 !== b.top1 ? a.top1 > b.top1 : a.recallAt1 > b.recallAt1;
}
