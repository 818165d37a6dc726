/**
 * Renders views: photos for training, changed at random without changing the animal. A view is one native pipeline, so all
 * of it happens on other threads while a training step blocks this one.
 */
import type { Sharp } from 'sharp';
import { decodePrepared, type Photo, type ResizeRule, renderPrepared } from '../../image/decode.js';
import { applyColour } from './view-colour.js';
import { applyFrame } from './view-frame.js';
import { PLAIN_VIEW, type RelativeBox, type ViewParameters } from './view-parameters.js';

/** Erased parts get the mean colour of ImageNet's photos. */
const ERASED = [124, 116, 104] as const;

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

/** Paints over a rectangle. */
function erase(pixels: Uint8Array, size: number, { area, ratio, x, y }: RelativeBox): void {
  const width = Math.min(size, Math.max(1, Math.round(size * Math.sqrt(area * ratio))));
  const height = Math.min(size, Math.max(1, Math.round(size * Math.sqrt(area / ratio))));
  const left = Math.round(x * (size - width));
  const top = Math.round(y * (size - height));
  const row = new Uint8Array(width * 3).map((_, i) => ERASED[i % 3]!);
  for (let line = top; line < top + height; line++) {
    pixels.set(row, (line * size + left) * 3);
  }
}
