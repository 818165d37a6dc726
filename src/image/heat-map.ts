/** A photo with a map of shares laid over it, for people. */
import sharp, { type OverlayOptions } from 'sharp';
import { centreSquare } from './decode.js';

/** Longest side of the picture in pixels; a smaller photo is not enlarged. */
export const HEAT_MAP_SIDE = 1024;

/** Shares of a whole over the cells of a grid. */
export interface ShareMap {
  rows: number;
  columns: number;
  /** What the cells divide into equal parts, in fractions of the photo's width and height. */
  region: { left: number; top: number; width: number; height: number };
  /** One per cell, row by row. */
  shares: readonly number[];
}

/** Colours from a share of 0 to the largest there is, in equal steps: red, green, blue, alpha. */
const FOR = [
  [20, 8, 60, 150],
  [120, 20, 110, 140],
  [220, 60, 60, 120],
  [252, 160, 20, 110],
  [252, 255, 120, 120],
] as const;
/** The colour of a cell that speaks against: a photo without it would be more similar. */
const AGAINST = [40, 120, 255, 170] as const;

export function colourOf(share: number, largest: number): readonly number[] {
  if (largest <= 0) return FOR[0];
  const value = Math.max(-1, share / largest);
  const steps = FOR.length - 1;
  const at = Math.abs(value) * steps;
  const [from, to] =
    value < 0 ? [FOR[0], AGAINST] : [FOR[Math.floor(at)]!, FOR[Math.min(steps, Math.floor(at) + 1)]!];
  const part = value < 0 ? -value : at % 1;
  return from.map((component, i) => Math.round(component + (to[i]! - component) * part));
}

/** Points a cell is coloured at along each side; between them colours are mixed. */
const FINE = 8;

/** The shares at the points of a grid {@link FINE} times as fine, bilinear between the middles of cells. */
function refined({ rows, columns, shares }: ShareMap): number[] {
  const place = (point: number, count: number) => {
    const at = Math.min(count - 1, Math.max(0, (point + 0.5) / FINE - 0.5));
    const low = Math.floor(at);
    return { low, high: Math.min(count - 1, low + 1), part: at - low };
  };
  return Array.from({ length: rows * columns * FINE ** 2 }, (_, i) => {
    const y = place(Math.floor(i / (columns * FINE)), rows);
    const x = place(i % (columns * FINE), columns);
    const row = (r: number) =>
      shares[r * columns + x.low]! * (1 - x.part) + shares[r * columns + x.high]! * x.part;
    return row(y.low) * (1 - y.part) + row(y.high) * y.part;
  });
}

/**
 * Draws a map over its photo: dark where the share is small, through red to yellow where it is largest, blue where it
 * is negative. What lies outside the centre square, which no encoder looks at, is veiled in grey.
 *
 * @param bytes the photo's file; it must have been decoded before, by `decode`
 * @param maxPixels largest width x height that is decoded
 * @returns a PNG, upright, its longest side {@link HEAT_MAP_SIDE} at most
 */
export async function heatMap(bytes: Uint8Array, map: ShareMap, maxPixels: number): Promise<Buffer> {
  const photo = await sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels, autoOrient: true })
    .resize({ width: HEAT_MAP_SIDE, height: HEAT_MAP_SIDE, fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = photo.info;
  return sharp(photo.data, { raw: { width, height, channels } })
    .composite([await overlay(map, width, height), ...veils(width, height)])
    .removeAlpha()
    .png()
    .toBuffer();
}

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** A rectangle of fractions in whole pixels. */
function pixels({ left, top, width, height }: Box, photoWidth: number, photoHeight: number): Box {
  const [x, y] = [Math.round(left * photoWidth), Math.round(top * photoHeight)];
  return {
    left: x,
    top: y,
    width: Math.max(1, Math.round((left + width) * photoWidth) - x),
    height: Math.max(1, Math.round((top + height) * photoHeight) - y),
  };
}

async function overlay(map: ShareMap, width: number, height: number): Promise<OverlayOptions> {
  const { rows, columns, region, shares } = map;
  const largest = Math.max(...shares);
  const colours = Buffer.from(refined(map).flatMap((share) => [...colourOf(share, largest)]));
  const whole = pixels(region, width, height);
  const square = pixels(centreSquare({ width, height }), width, height);
  const stretched = await sharp(colours, { raw: { width: columns * FINE, height: rows * FINE, channels: 4 } })
    .resize(whole.width, whole.height, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer();
  // The cells reach past the photo where the network pads; only what lies on the photo is drawn. What sharp says of
  // its own raw pixels is not passed on: it calls them premultiplied, and they are not.
  const input = await sharp(stretched, { raw: { width: whole.width, height: whole.height, channels: 4 } })
    .extract({ ...square, left: square.left - whole.left, top: square.top - whole.top })
    .raw()
    .toBuffer();
  const raw = { width: square.width, height: square.height, channels: 4 } as const;
  return { input, raw, left: square.left, top: square.top };
}

/** What lies on both sides of the centre square. */
function veils(width: number, height: number): OverlayOptions[] {
  const square = pixels(centreSquare({ width, height }), width, height);
  const right = square.left + square.width;
  const bottom = square.top + square.height;
  const boxes: Box[] = [
    { left: 0, top: 0, width: square.left, height },
    { left: right, top: 0, width: width - right, height },
    { left: 0, top: 0, width, height: square.top },
    { left: 0, top: bottom, width, height: height - bottom },
  ];
  return boxes
    .filter((box) => box.width > 0 && box.height > 0)
    .map(({ left, top, width: w, height: h }) => ({
      input: {
        create: { width: w, height: h, channels: 4, background: { r: 128, g: 128, b: 128, alpha: 0.6 } },
      },
      left,
      top,
    }));
}
