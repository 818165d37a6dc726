/** Draws the random parameters of a view, before its photo is opened. */
import type { ViewSettings } from './view-settings.js';

/** A rectangle within another, relative to its size. */
export interface RelativeBox {
  /** Share of the whole's area. */
  area: number;
  /** Width / height. */
  ratio: number;
  /** Its position: 0 at the left (top), 1 at the right (bottom). */
  x: number;
  y: number;
}

/** One view. Nothing depends on the size of the photo, so views can be drawn without opening photos. */
export interface ViewParameters {
  /** The part that becomes the square. It is made smaller if it does not fit into the photo. */
  crop: RelativeBox;
  flip: boolean;
  /** Clockwise. */
  degrees: number;
  /** Factors. 1 changes nothing. */
  brightness: number;
  contrast: number;
  saturation: number;
  /** Rotation of hues in degrees. */
  hue: number;
  /** Standard deviation in pixels of the view. 0 does not blur. */
  blur: number;
  /** The part of the view that is painted over. */
  erase: RelativeBox | null;
}

/** The view that a server sees: the largest square in the middle. */
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

/** Proportions of the erased rectangle, as in Random Erasing (Zhong et al., arXiv 1708.04896). */
const ERASE_RATIO = [0.3, 1 / 0.3] as const;

/**
 * Draws a view. It draws the same number of random numbers whatever the settings, so that changing one probability
 * changes nothing else.
 *
 * @param random floats in [0, 1)
 * @example drawView(settings, createRandom(mixSeed(seed, photo)))
 */
export function drawView(settings: ViewSettings, random: () => number): ViewParameters {
  const { rotate, jitter, blur, erase } = settings;
  const happens = (probability: number) => random() < probability;
  const between = (low: number, high: number) => low + (high - low) * random();
  /** Draws proportions: 1/2 is as likely as 2. */
  const proportion = ([low, high]: readonly [number, number]) =>
    Math.exp(between(Math.log(low), Math.log(high)));
  const box = (area: readonly [number, number], ratio: readonly [number, number]): RelativeBox => ({
    area: between(...area),
    ratio: proportion(ratio),
    x: random(),
    y: random(),
  });
  const orElse = <T>(drawn: boolean, value: T, otherwise: T) => (drawn ? value : otherwise);

  const crop = box(settings.crop.area, settings.crop.ratio);
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
    crop,
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
