/** The photo with where its similarity to a neighbour comes from laid over it. */
import type { Explanation, Neighbour } from '../../engine/engine.js';
import { el, svg } from '../dom.js';
import { humanise, percent, similarity } from '../format.js';
import { coloursOf, strongest } from '../heat.js';

/** The photo that was asked about, as the browser shows it: upright. */
export interface ShownPhoto {
  url: string;
  /** In pixels. */
  width: number;
  height: number;
}

/** The figure, and a way to change what it shows. */
export interface WhyView {
  figure: HTMLElement;
  /** Shows it for a neighbour and returns that in words. */
  show: (neighbour: Neighbour) => string;
}

/** One pixel a cell, as the address of a picture; the browser smooths it when it draws it larger. */
function pictureOf(explanation: Explanation): string {
  const canvas = document.createElement('canvas');
  canvas.width = explanation.columns;
  canvas.height = explanation.rows;
  const pixels = new ImageData(coloursOf(explanation), explanation.columns);
  canvas.getContext('2d')?.putImageData(pixels, 0, 0);
  return canvas.toDataURL();
}

/** The drawing over a photo: the map on the square that the encoder looked at, a veil over the rest. */
function drawing(explanation: Explanation, { width, height }: ShownPhoto): SVGElement[] {
  const { left, top, width: across, height: down } = explanation.region;
  const side = Math.min(width, height);
  const [x, y] = [(width - side) / 2, (height - side) / 2];
  const veil = (box: Record<string, number>) => svg('rect', { class: 'veil', ...box });
  return [
    veil({ x: 0, y: 0, width: x || width, height: y || (x ? height : 0) }),
    veil({ x: x ? x + side : 0, y: y ? y + side : 0, width: x || width, height: y || (x ? height : 0) }),
    // The cells reach a little past the square; what is outside it is cut off.
    svg(
      'svg',
      { x, y, width: side, height: side, viewBox: `${x} ${y} ${side} ${side}` },
      svg('image', {
        href: pictureOf(explanation),
        x: left * width,
        y: top * height,
        width: across * width,
        height: down * height,
        preserveAspectRatio: 'none',
      }),
    ),
  ];
}

function inWords({ label, similarity: value, explanation }: Neighbour): string {
  const other = `this ${label === null ? 'photo' : humanise(label)}, similarity ${similarity(value)}`;
  if (explanation === undefined) return `What speaks for ${other}, is not known: it was deleted meanwhile.`;
  const most = strongest(explanation);
  if (most === null) return `No part of the photo speaks for ${other}.`;
  return `${most.zone} brings the most: ${percent(most.part)} of what speaks for ${other}.`;
}

/** The figure for a photo. */
export function whyView(photo: ShownPhoto): WhyView {
  const map = svg('svg', { viewBox: `0 0 ${photo.width} ${photo.height}`, 'aria-hidden': 'true' });
  const words = el('p', {});
  const figure = el(
    'figure',
    { class: 'why' },
    el('div', { class: 'why-photo' }, el('img', { src: photo.url, alt: 'Your photo' }), map),
    el(
      'figcaption',
      {},
      words,
      el(
        'p',
        { class: 'scale', 'aria-hidden': 'true' },
        'nothing',
        el('span', { class: 'ramp' }),
        'most',
        el('span', { class: 'against' }),
        'against',
      ),
    ),
  );
  const show = (neighbour: Neighbour) => {
    const { explanation } = neighbour;
    map.replaceChildren(...(explanation === undefined ? [] : drawing(explanation, photo)));
    words.textContent = inWords(neighbour);
    return words.textContent;
  };
  return { figure, show };
}
