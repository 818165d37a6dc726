/** Evaluates weights on val and keeps the best in a file. */
import path from 'node:path';
import type { EmbeddedSet } from '../../evaluation/embed-set.js';
import { readPhoto } from '../../image/read-photo.js';
import { takeFirstRows } from '../../math/matrix.js';
import type { SessionOptions } from '../autodiff/graph-session.js';
import type { Weights } from '../autodiff/step/training-state.js';
import { projectFeatures } from '../head/projection.js';
import { type Network, replaceWeights } from '../network/network.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import type { Progress } from './checkpoint.js';
import { completeHead, createFeatureNetwork } from './complete-head.js';
import { computeFeatures, type FeaturesOptions } from './compute-features.js';
import { evaluateEmbedding } from './evaluate-embedding.js';
import { readTensors, writeTensors } from './safetensors.js';
import type { Quality } from './training-log.js';
import type { TrainingSet } from './training-set.js';

/** A network with its quality on val. */
export interface JudgedNetwork {
  network: Network;
  quality: Quality;
  val: EmbeddedSet;
}

export interface BestWeightsOptions {
  recipe: Recipe;
  set: TrainingSet;
  /** Folder of the run. */
  out: string;
  start: Network;
  features: FeaturesOptions;
  session?: SessionOptions;
  /** Called before photos are embedded. */
  onPhase(text: string, total: number): void;
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

  /** Evaluates weights in the network that they started from, with the head that an encoder would get. */
  async judge(weights: Weights, text: string): Promise<JudgedNetwork> {
    const { set, recipe, session, start, features, onPhase } = this.#options;
    const { general } = recipe.head;
    const network = createFeatureNetwork(replaceWeights(start, weights), start, general);
    let { head } = network;
    const evaluated = await evaluateEmbedding(set, recipe, async (photos, gallery) => {
      onPhase(text, photos.length);
      const read = (i: number) => readPhoto(photos[i]!.file);
      const computed = await computeFeatures(network, photos.length, read, features);
      head = await completeHead(network.head, takeFirstRows(computed, gallery), general, session);
      return projectFeatures(computed, head);
    });
    return { ...evaluated, network: { ...network, head } };
  }

  /**
   * Keeps weights that are better than the best so far.
   *
   * @param share of the trained weights, if they are averaged with the initial ones
   * @returns whether they are better
   */
  async offer(weights: Weights, quality: Quality, step: number, share: number): Promise<boolean> {
    const { top1, recallAt1 } = quality;
    if (this.#best !== null && !isBetter(quality, this.#best)) {
      return false;
    }
    await writeTensors(path.join(this.#options.out, FILE), {
      tensors: weights,
      metadata: {
        step: String(step),
        top1: String(top1),
        recallAt1: String(recallAt1),
        share: String(share),
      },
    });
    this.#best = { step, top1, recallAt1 };
    return true;
  }

  async read(): Promise<{ weights: Weights; share: number }> {
    const { tensors, metadata } = await readTensors(path.join(this.#options.out, FILE));
    return { weights: tensors, share: Number(metadata.share) };
  }
}

function isBetter(a: Pick<Quality, 'top1' | 'recallAt1'>, b: typeof a): boolean {
  return a.top1 !== b.top1 ? a.top1 > b.top1 : a.recallAt1 > b.recallAt1;
}
