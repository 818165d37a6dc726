/** The settings of views in a recipe: how strongly training photos are changed. */
import { z } from 'zod';

const probability = z
  .number()
  .min(0, 'A probability is from 0 to 1.')
  .max(1, 'A probability is from 0 to 1.');

/** Two numbers within bounds, in ascending order. */
const createRangeSchema = (min: number, max: number) =>
  z
    .tuple([z.number().min(min).max(max), z.number().min(min).max(max)])
    .refine(([low, high]) => low <= high, 'The smaller number comes first.');

const crop = z.strictObject({
  /** Share of the photo's area that a view shows. */
  area: createRangeSchema(0.01, 1).default([0.5, 1]),
  /** Width / height of the part that becomes the square. */
  ratio: createRangeSchema(0.1, 10).default([3 / 4, 4 / 3]),
});

const rotate = z.strictObject({
  probability: probability.default(0.3),
  /** Largest rotation in degrees, in either direction. */
  degrees: z.number().min(0).max(180).default(10),
});

const jitter = z.strictObject({
  probability: probability.default(0.8),
  /** Brightness is multiplied by a factor between 1 - this and 1 + this. Contrast and saturation work the same way. */
  brightness: z.number().min(0).max(1).default(0.2),
  contrast: z.number().min(0).max(1).default(0.2),
  saturation: z.number().min(0).max(1).default(0.2),
  /**
   * Largest rotation of hues in degrees, in either direction. Keep it small, because breeds differ in the colour of their
   * coats.
   */
  hue: z.number().min(0).max(180).default(5),
});

const blur = z.strictObject({
  probability: probability.default(0.1),
  /** Standard deviation of the Gaussian in pixels of the view. */
  sigma: createRangeSchema(0.3, 20).default([0.3, 1.5]),
});

const erase = z.strictObject({
  probability: probability.default(0.2),
  /** Share of the view's area. */
  area: createRangeSchema(0.001, 0.9).default([0.02, 0.15]),
});

/**
 * Schema of view settings. The defaults are for fine-tuning: people still recognise the breed in each view.
 * Training without labels from scratch needs stronger views: crops from 0.2, jitter 0.4, grey 0.2, blur 0.5.
 */
export const viewSettings = z.strictObject({
  crop: crop.prefault({}),
  /** Probability of mirroring. */
  flip: probability.default(0.5),
  rotate: rotate.prefault({}),
  jitter: jitter.prefault({}),
  /** Probability of losing all colour. */
  grey: probability.default(0.05),
  blur: blur.prefault({}),
  erase: erase.prefault({}),
});

/** How strongly training photos are changed. */
export type ViewSettings = z.infer<typeof viewSettings>;
