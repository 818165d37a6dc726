/** The photo, overlaid with a map of where its similarity to a neighbour comes from. */
import type { Explanation, Neighbour } from '../../engine/engine.js';
import { computeHeatColours } from '../../image/heat-colours.js';
import type { Rectangle } from '../../image/regions.js';
import { el, svg } from '../dom.js';
import { formatLabel, formatPercent, formatSimilarity } from '../format.js';
import { findStrongestZone } from '../strongest-zone.js';
import { texts } from '../texts/texts.js';

/** The photo that was asked about, as the browser shows it: upright. */
export interface ShownPhoto {
  url: string;
  /** In pixels. */
  width: number;
  height: number;
  /** The square that the encoder saw, in fractions of the photo. */
  seen: Rectangle;
}

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

/** Draws the map of the square that the encoder looked at, as a picture that the browser smooths. @returns its URL */
function createMapUrl(explanation: Explanation, { seen }: ShownPhoto): string {
  const { width, height, data } = computeHeatColours(explanation, seen);
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.putImageData(new ImageData(data, width), 0, 0);
  return canvas.toDataURL();
}

/** The drawing over a photo: the map on the square that the encoder looked at, a veil over the rest. */
function drawing(explanation: Explanation, photo: ShownPhoto): SVGElement[] {
  const { box, veil } = veilAround(photo.seen, photo);
  const href = createMapUrl(explanation, photo);
  return [veil, svg('image', { href, ...box, preserveAspectRatio: 'none' })];
}

function describeHeat({ label, similarity: value, explanation }: Neighbour, { seen }: ShownPhoto): string {
  const { why } = texts;
  const other = texts.neighbours.named(
    label === null ? why.thisPhoto : why.thisLabel(formatLabel(label)),
    formatSimilarity(value),
  );
  if (explanation === undefined) {
    return why.deleted(other);
  }
  const strongest = findStrongestZone(explanation, seen);
  if (strongest === null) {
    return why.noEvidence(other);
  }
  return why.strongest(strongest.zone, formatPercent(strongest.part), other);
}

/** @returns the figure, and a function that shows the map for a neighbour in it and returns it in words */
export function whyView(photo: ShownPhoto) {
  const map = svg('svg', { viewBox: `0 0 ${photo.width} ${photo.height}`, 'aria-hidden': 'true' });
  const description = el('p');
  const figure = el(
    'figure.why.surface',
    el('div.why-photo', el('img', { src: photo.url, alt: texts.yourPhoto }), map),
    el(
      'figcaption',
      description,
      el(
        'p.scale',
        { 'aria-hidden': 'true' },
        texts.why.scaleNone,
        el('span.ramp'),
        texts.why.scaleMost,
        el('span.against'),
        texts.why.scaleAgainst,
      ),
    ),
  );
  const show = (neighbour: Neighbour) => {
    const { explanation } = neighbour;
    map.replaceChildren(...(explanation === undefined ? [] : drawing(explanation, photo)));
    description.textContent = describeHeat(neighbour, photo);
    return description.textContent;
  };
  return { figure, show };
}
