/** Rectangles in photos. Browsers use them too, so this file imports nothing that they lack. */

/** A rectangle in fractions of a picture's width and height, from the upper left corner. */
export interface Rectangle {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** All of a photo. */
export const WHOLE_PHOTO: Rectangle = { left: 0, top: 0, width: 1, height: 1 };

/** Width and height of an upright photo, in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** Computes the centre square of a photo, which is what an encoder sees, in fractions of the upright photo. */
export function computeCentreSquare({ width, height }: Size): Rectangle {
  const side = Math.min(width, height);
  return {
    left: (width - side) / 2 / width,
    top: (height - side) / 2 / height,
    width: side / width,
    height: side / height,
  };
}

/** Maps a rectangle inside a part of a photo to fractions of the whole photo. */
export function mapToPhoto(inner: Rectangle, part: Rectangle): Rectangle {
  return {
    left: part.left + inner.left * part.width,
    top: part.top + inner.top * part.height,
    width: inner.width * part.width,
    height: inner.height * part.height,
  };
}

/**
 * Computes the region of a map in fractions of the square that the encoder saw. Depending on the network's padding it may
 * be smaller than the square, or reach past it.
 *
 * @param seen the square, in fractions of the upright photo
 */
export function computeRegionInSquare({ region }: { region: Rectangle }, seen: Rectangle): Rectangle {
  return {
    left: (region.left - seen.left) / seen.width,
    top: (region.top - seen.top) / seen.height,
    width: region.width / seen.width,
    height: region.height / seen.height,
  };
}
