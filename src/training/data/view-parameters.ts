/** What one view does to its photo, drawn before the photo is looked at. */
import { mixSeed } from '../../math/random.js';
import type { ViewSettings } from './view-settings.js';

/** A rectangle within another, whatever the size of that. */
export interface RelativeBox {
  /** Share of the whole's area. */
  area: number;
  /** Width / height. */
  ratio: number;
  /** Where it lies in the room that it leaves: 0 at the left (top), 1 at the right (bottom). */
  x: number;
  y: number;
}

/** One view. No number depends on the photo's size, so views can be drawn without opening photos. */
export interface ViewParameters {
  /** Becomes the square; made smaller, in its proportions, when the photo has no room for it. */
  crop: RelativeBox;
  flip: boolean;
  /** Clockwise. */
  degrees: number;
  /** Factors; 1 changes nothing. */
  brightness: number;
  contrast: number;
  saturation: number;
  /** Degrees by which hues are turned. */
  hue: number;
  /** Standard deviation in pixels of the view; 0: not blurred. */
  blur: number;
  /** Part of the view that is painted over. */
  erase: RelativeBox | null;
}

/** The view that an encoder is given when it serves: the largest square in the middle. */
export const PLAIN_VIEW: ViewParameters = {
  crop: { area: 1, ratio: 1, x: 0.5, y: 0.5 },
  flip: false,
  degrees: 0,
  brightness: 1,
  contrast: 1,
  saturation: 1,
  hue: 0,
  blur: 0,
  erase: null,
};

/** Proportions of what is erased, as in Random Erasing (Zhong et al., arXiv 1708.04896). */
const ERASE_RATIO = [0.3, 1 / 0.3] as const;

/**
 * The seed of one view: unrelated to that of any other, and independent of the order in which they are made.
 *
 * @param photo its index in the training set
 * @param number counts the views of the photo in the epoch, from 0
 * @param standsFor the photo that this one stands in for
 */
export function computeViewSeed(
  seed: number,
  epoch: number,
  photo: number,
  number: number,
  standsFor = photo,
): number {
  return mixSeed(seed, epoch, photo, number, standsFor);
}

/**
 * Draws a view. The same count of numbers is drawn whatever the settings, so that raising one probability leaves
 * all else as it was.
 *
 * @param random floats in [0, 1)
 * @example drawView(settings, randomFloats(viewSeed(seed, epoch, photo, number)))
 */
export function drawView(settings: ViewSettings, random: () => number): ViewParameters {
  const { crop, rotate, jitter, blur, erase } = settings;
  const happens = (probability: number) => random() < probability;
  const between = (low: number, high: number) => low + (high - low) * random();
  /** Proportions: 1/2 is as likely as 2. */
  const proportion = ([low, high]: readonly [number, number]) =>
    Math.exp(between(Math.log(low), Math.log(high)));
  const box = (area: readonly [number, number], ratio: readonly [number, number]): RelativeBox => ({
    area: between(...area),
    ratio: proportion(ratio),
    x: random(),
    y: random(),
  });
  const orElse = <T>(drawn: boolean, value: T, otherwise: T) => (drawn ? value : otherwise);

  const shown = box(crop.area, crop.ratio);
  const flip = happens(settings.flip);
  const degrees = orElse(happens(rotate.probability), between(-rotate.degrees, rotate.degrees), 0);
  const jittered = happens(jitter.probability);
  const factor = (strength: number) => orElse(jittered, between(1 - strength, 1 + strength), 1);
  const brightness = factor(jitter.brightness);
  const contrast = factor(jitter.contrast);
  const saturation = factor(jitter.saturation);
  const hue = orElse(jittered, between(-jitter.hue, jitter.hue), 0);
  const grey = happens(settings.grey);
  return {
    crop: shown,
    flip,
    degrees,
    brightness,
    contrast,
    saturation: grey ? 0 : saturation,
    hue,
    blur: orElse(happens(blur.probability), between(...blur.sigma), 0),
    erase: orElse<RelativeBox | null>(happens(erase.probability), box(erase.area, ERASE_RATIO), null),
  };
}
