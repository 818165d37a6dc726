/** The schema of recipes: every setting of a training run. A run stores its recipe beside its model. */
import { z } from 'zod';
import { resizeSchema } from '../../encoder/model-card.js';
import { viewSettings } from '../data/view-settings.js';

const probability = z.number().min(0).max(1);
const positive = z.number().positive();

/** Divides the cosine similarities: a fixed number, or one that is learned from an initial value. */
const temperature = z.union([positive.max(1), z.strictObject({ learned: positive.max(1) })]).default(0.07);

const contrast = {
  /** Factor of this loss in the sum. */
  weight: positive.default(1),
  temperature,
  /** Concentration on hard negatives (Robinson et al., arXiv 2010.04592). 0: all negatives count the same. */
  hardness: z.number().min(0).max(5).default(0),
};

const lossTerm = z.discriminatedUnion('kind', [
  /** InfoNCE: pairs of one label against the other pairs. Needs two photos per label in a batch. */
  z.strictObject({ kind: z.literal('info-nce'), ...contrast, symmetric: z.boolean().default(true) }),
  /** All photos of a label in the batch are positives. */
  z.strictObject({ kind: z.literal('sup-con'), ...contrast }),
  /** Two views of each photo, no labels. */
  z.strictObject({ kind: z.literal('nt-xent'), ...contrast }),
  /** Two views of each photo, keys of a momentum encoder, negatives from a queue; no labels. */
  z.strictObject({
    kind: z.literal('moco'),
    ...contrast,
    /** Keys kept as negatives; a multiple of the photos in a batch. */
    queue: z.int().min(1).max(65_536).default(4096),
    momentum: probability.default(0.999),
  }),
  /** Photos are compared with a learned vector per label. */
  z.strictObject({ kind: z.literal('proxy-nca'), ...contrast }),
]);

export const LOSS_KINDS = lossTerm.options.map(({ shape }) => shape.kind.value);

const backbone = z.strictObject({
  /** ONNX file: float32 [batch, 3, S, S] in, one vector per image out; or `builtin:small-cnn`, random weights. */
  file: z.string().min(1),
  /** Side of the square input, in pixels. */
  size: z.int().min(16).max(1024),
  kernel: resizeSchema.shape.kernel.default('cubic'),
  /**
   * Padding of convolutions and pooling: as stored in the file, or recomputed for this size as TensorFlow's SAME does.
   * Files from TensorFlow store padding for one size, so at another size they need `same`.
   */
  padding: z.enum(['stored', 'same']).default('stored'),
  /** The input of the network is (pixel - mean) / std, with pixels 0..255. */
  pixels: z.strictObject({
    mean: z.union([z.number(), z.tuple([z.number(), z.number(), z.number()])]),
    std: z.union([positive, z.tuple([positive, positive, positive])]),
  }),
});

const head = z.strictObject({
  /** Numbers in an embedding. */
  dimension: z.int().min(2).max(4096).default(256),
  /**
   * `fitted`: whitening and neighbourhood components on frozen features first, so that training starts from good
   * embeddings and leaves the features less distorted (LP-FT, Kumar et al., arXiv 2202.10054). `random`: from scratch.
   */
  start: z.enum(['fitted', 'random']).default('fitted'),
  /**
   * The general part, which the losses do not train: `dimension` of the embedding's numbers. They are principal components
   * of the features, with `share` of the squared length, and a `constant` relative to a length of 1. Unseen breeds and
   * animals differ in more than what distinguishes the trained labels. Default: none.
   *
   * `features: start` uses the network before training, and the encoder computes the trained layers twice. `trained` uses
   * the trained network.
   */
  general: z
    .strictObject({
      dimension: z.int().min(2),
      features: z.enum(['start', 'trained']).default('start'),
      share: positive.lt(1).default(0.6),
      constant: z.number().min(0).max(10).default(0.7),
    })
    .optional(),
});

const optimiser = z.strictObject({
  /** Peak learning rate of the topmost layer. */
  learningRate: positive.max(1).default(3e-4),
  /**
   * Factor on the rate from each layer to the one below (layer-wise decay; ULMFiT, arXiv 1801.06146). 1: the same for
   * all.
   */
  layerDecay: positive.max(1).default(1),
  /** Factor for head and proxies. */
  headRate: positive.default(1),
  weightDecay: z.number().min(0).default(0.01),
  /** Largest norm of all gradients together. */
  clipNorm: positive.default(1),
  /** Share of the steps in which the rate rises from 0. It then falls to 0 along half a cosine. */
  warmUp: probability.default(0.05),
});

/** Schema of a recipe file. Missing settings get their defaults. */
export const recipeSchema = z.strictObject({
  name: z.string().min(1).max(100),
  description: z.string().default(''),
  licence: z.string().min(1).default('unknown'),
  seed: z.int().min(0).default(1),
  backbone,
  head: head.prefault({}),
  /** What not to train: the first `layers` layers with weights, and weights whose names match a pattern. */
  freeze: z
    .strictObject({ layers: z.int().min(0).default(0), names: z.array(z.string()).default([]) })
    .prefault({}),
  losses: z.array(lossTerm).min(1),
  /** Photos per step: `labels` labels times `photos` photos of each. Losses without labels take labels x photos photos. */
  batch: z
    .strictObject({
      labels: z.int().min(1).max(4096).default(32),
      photos: z.int().min(1).max(1024).default(2),
      /** Views that go through the network at once (gradient caching). Default: all of them. */
      chunk: z.int().min(1).optional(),
    })
    .prefault({}),
  views: viewSettings.prefault({}),
  /**
   * Views of each photo whose frozen layers are computed once and kept on disk, as float16. Every epoch then takes one
   * of them and trains only the layers after them. 0: every epoch draws new views. Only for losses with labels.
   */
  keptViews: z.int().min(0).max(64).default(0),
  epochs: z.int().min(1).max(10_000).default(4),
  /**
   * Rounds of `epochs` from the same start, each with its own order of photos and views. Their final weights are
   * averaged (model soups, Wortsman et al., arXiv 2203.05482).
   */
  soup: z.int().min(1).max(64).default(1),
  optimiser: optimiser.prefault({}),
  /** Decay of a moving average of the weights, which is evaluated and exported. 0: no average. */
  ema: probability.max(0.99999).default(0.998),
  /**
   * Shares of the trained weights to try at the end, averaged with the weights of the start. The best on val is
   * exported (WiSE-FT, Wortsman et al., arXiv 2109.01903). With a random start only 1 makes sense.
   */
  average: z.array(positive.max(1)).min(1).default([1]),
  evaluation: z
    .strictObject({
      /** Epochs between evaluations. Fractions are allowed. */
      every: positive.default(1),
      /** Photos of each label in the gallery that val photos are compared with. */
      galleryPerLabel: z.int().min(1).default(30),
      /** Labels left out of training. Recall among them shows the quality on unseen labels. */
      holdOut: z.array(z.string()).default([]),
    })
    .prefault({}),
  /** Minutes between checkpoints. */
  checkpointMinutes: positive.default(3),
  vote: z
    .strictObject({ k: z.int().min(1).max(1000).default(20), temperature: positive.default(0.07) })
    .prefault({}),
});

export type Recipe = z.infer<typeof recipeSchema>;
export type LossTerm = z.infer<typeof lossTerm>;
