/** Darkens a photo except for one part of it. */
import type { Rectangle } from '../../image/regions.js';
import { svg } from '../dom.js';

/**
 * The veil over everything but `part`, and the box of the part, both in the photo's pixels.
 *
 * @param part in fractions of the photo
 */
export function veilAround(part: Rectangle, { width, height }: { width: number; height: number }) {
  const box = {
    x: part.left * width,
    y: part.top * height,
    width: part.width * width,
    height: part.height * height,
  };
  // The inner outline runs the other way round, so that the part stays empty.
  const d = `M0 0H${width}V${height}H0zM${box.x} ${box.y}v${box.height}h${box.width}v${-box.height}z`;
  return { box, veil: svg('path', { class: 'veil', d }) };
}
