/** Places a view in its photo: crop, scale, mirror and rotation, as instructions for sharp. */
import type { Sharp } from 'sharp';
import type { ResizeRule } from '../../image/decode.js';
import type { ViewParameters } from './view-parameters.js';

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

/** Applies the position, size and rotation of a view. */
export function applyFrame(image: Sharp, photo: Size, rule: ResizeRule, view: ViewParameters): Sharp {
  const { width, height, left, top } = computeFrame(photo, rule.size, view);
  const scaled = image.resize(width, height, { fit: 'fill', kernel: rule.kernel }).flop(view.flip);
  const turned = view.degrees === 0 ? scaled : scaled.rotate(view.degrees);
  return turned.extract({ left, top, width: rule.size, height: rule.size });
}
