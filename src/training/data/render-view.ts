/**
 * Renders views: photos for training, changed at random without changing the animal. A view is one native pipeline, so all
 * of it happens on other threads while a training step blocks this one.
 */
import type { Matrix3x3, Sharp } from 'sharp';
import { decodePrepared, type Photo, type ResizeRule, renderPrepared } from '../../image/decode.js';
import { PLAIN_VIEW, type RelativeBox, type ViewParameters } from './view-parameters.js';

/** Erased parts get the mean colour of ImageNet's photos. */
const ERASE_COLOUR = [124, 116, 104] as const;

/**
 * Renders a view of a photo. `PLAIN_VIEW` gives the same bytes as `decode`.
 *
 * The photo is mirrored, scaled, rotated and cropped, then blurred, recoloured and partly erased. Cropping also scales: a
 * quarter of the area shows the animal at twice the size. A crop that reaches beyond the photo, as rotated ones may, is
 * made smaller, so nothing has to be filled in.
 *
 * @param photo from `openPhoto`
 * @param rule of the encoder
 * @returns uint8 [size, size, 3], interleaved RGB
 * @throws PawdexError image_corrupt
 */
export async function renderView(photo: Photo, rule: ResizeRule, view: ViewParameters): Promise<Uint8Array> {
  // Small photos take several pipelines. Plain views for evaluations must equal what a server sees.
  if (view === PLAIN_VIEW) {
    return decodePrepared(photo, rule);
  }
  const frame = (image: Sharp) => {
    const placed = applyFrame(image, photo, rule, view);
    return applyColour(view.blur > 0 ? placed.blur(view.blur) : placed, view);
  };
  const { data: pixels } = await renderPrepared(photo, frame);
  if (view.erase !== null) {
    erase(pixels, rule.size, view.erase);
  }
  return pixels;
}

function erase(pixels: Uint8Array, size: number, { area, ratio, x, y }: RelativeBox): void {
  const width = Math.min(size, Math.max(1, Math.round(size * Math.sqrt(area * ratio))));
  const height = Math.min(size, Math.max(1, Math.round(size * Math.sqrt(area / ratio))));
  const left = Math.round(x * (size - width));
  const top = Math.round(y * (size - height));
  const row = new Uint8Array(width * 3).map((_, i) => ERASE_COLOUR[i % 3]!);
  for (let line = top; line < top + height; line++) {
    pixels.set(row, (line * size + left) * 3);
  }
}

/** Pixels between a rotated crop and the edge, where the corners of a rotated picture are interpolated. */
const MARGIN = 2;

/** A photo's size when upright, in pixels. */
interface Size {
  width: number;
  height: number;
}

/** The whole photo, scaled to `width` x `height` and rotated. The view is the square at `left`, `top`. */
interface Frame extends Size {
  left: number;
  top: number;
}

const roundWithin = (value: number, max: number) => Math.min(Math.max(Math.round(value), 0), max);

/**
 * Computes the scale and position of a view. A rotated crop is made small enough for its corners to be inside the photo, so
 * that there are no black corners.
 *
 * @param size side of the view in pixels
 */
function computeFrame(photo: Size, size: number, { crop, degrees }: ViewParameters): Frame {
  const angle = (degrees * Math.PI) / 180;
  const sin = Math.sin(angle);
  const cos = Math.cos(angle);
  // The side of the box around the square, rotated back.
  const side = size * (Math.abs(cos) + Math.abs(sin)) + (degrees === 0 ? 0 : 2 * MARGIN);
  const area = crop.area * photo.width * photo.height;
  const cropWidth = Math.sqrt(area * crop.ratio);
  const cropHeight = Math.sqrt(area / crop.ratio);
  const room = size / side;
  const fit = Math.min(1, (photo.width / cropWidth) * room, (photo.height / cropHeight) * room);
  const width = Math.max(Math.ceil(side), Math.round((photo.width * size) / (cropWidth * fit)));
  const height = Math.max(Math.ceil(side), Math.round((photo.height * size) / (cropHeight * fit)));
  // From the middle of the photo to the middle of the crop, before and after the rotation.
  const dx = (crop.x - 0.5) * (width - side);
  const dy = (crop.y - 0.5) * (height - side);
  const turnedWidth = Math.round(width * Math.abs(cos) + height * Math.abs(sin));
  const turnedHeight = Math.round(width * Math.abs(sin) + height * Math.abs(cos));
  return {
    width,
    height,
    left: roundWithin(turnedWidth / 2 + dx * cos - dy * sin - size / 2, turnedWidth - size),
    top: roundWithin(turnedHeight / 2 + dx * sin + dy * cos - size / 2, turnedHeight - size),
  };
}

function applyFrame(image: Sharp, photo: Size, rule: ResizeRule, view: ViewParameters): Sharp {
  const { width, height, left, top } = computeFrame(photo, rule.size, view);
  const scaled = image.resize(width, height, { fit: 'fill', kernel: rule.kernel }).flop(view.flip);
  const turned = view.degrees === 0 ? scaled : scaled.rotate(view.degrees);
  return turned.extract({ left, top, width: rule.size, height: rule.size });
}

/**
 * Shares of red, green and blue in the brightness of a pixel. This and the hue matrix are from W3C Filter Effects
 * Level 1.
 */
const LUMA = [0.213, 0.715, 0.072] as const;
const HUE_SINE = [
  [-0.213, -0.715, 0.928],
  [0.143, 0.14, -0.283],
  [-0.787, 0.715, 0.072],
] as const;

/** Contrast changes around the mean brightness of ImageNet's photos, so that it does not also brighten. */
const MEAN_BRIGHTNESS = 115;

type Matrix = readonly (readonly [number, number, number])[];

const multiply = (a: Matrix, b: Matrix): Matrix3x3 =>
  a.map((row) =>
    [0, 1, 2].map((j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)),
  ) as Matrix3x3;

const createMatrix = (value: (row: number, column: number) => number): Matrix3x3 =>
  [0, 1, 2].map((row) => [0, 1, 2].map((column) => value(row, column))) as Matrix3x3;

/** Computes the colour change of a view: out = matrix x in + offset, on 0..255. */
function computeColourChange(view: ViewParameters): { matrix: Matrix3x3; offset: number } {
  const { brightness, contrast, saturation, hue } = view;
  const identity = (row: number, column: number) => (row === column ? 1 : 0);
  const cos = Math.cos((hue * Math.PI) / 180);
  const sin = Math.sin((hue * Math.PI) / 180);
  const saturate = createMatrix(
    (row, column) => saturation * identity(row, column) + (1 - saturation) * LUMA[column]!,
  );
  const rotateHue = createMatrix(
    (row, column) =>
      LUMA[column]! + cos * (identity(row, column) - LUMA[column]!) + sin * HUE_SINE[row]![column]!,
  );
  const gain = brightness * contrast;
  const matrix = multiply(rotateHue, saturate);
  return {
    matrix: createMatrix((row, column) => gain * matrix[row]![column]!),
    offset: (1 - contrast) * MEAN_BRIGHTNESS,
  };
}

function applyColour(image: Sharp, view: ViewParameters): Sharp {
  const { brightness, contrast, saturation, hue } = view;
  if (brightness === 1 && contrast === 1 && saturation === 1 && hue === 0) {
    return image;
  }
  const { matrix, offset } = computeColourChange(view);
  // libvips computes in floats and truncates, so adding a half rounds.
  return image.recomb(matrix).linear(1, offset + 0.5);
}
