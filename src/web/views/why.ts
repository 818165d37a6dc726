/** The photo with where its similarity to a neighbour comes from laid over it. */
import type { Explanation, Neighbour } from '../../engine/engine.js';
import { computeHeatColours } from '../../image/heat-colours.js';
import { el, svg } from '../dom.js';
import { humanise, percent, similarity } from '../format.js';
import { strongest } from '../heat.js';
import { texts } from '../texts/texts.js';

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

/** The map over the square that the encoder looked at, as the address of a picture; the browser smooths it. */
function pictureOf(explanation: Explanation, photo: ShownPhoto): string {
  const { width, height, data } = computeHeatColours(explanation, photo);
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.putImageData(new ImageData(data, width), 0, 0);
  return canvas.toDataURL();
}

/** The drawing over a photo: the map on the square that the encoder looked at, a veil over the rest. */
function drawing(explanation: Explanation, photo: ShownPhoto): SVGElement[] {
  const { width, height } = photo;
  const side = Math.min(width, height);
  const [x, y] = [(width - side) / 2, (height - side) / 2];
  const veil = (box: Record<string, number>) => svg('rect', { class: 'veil', ...box });
  return [
    veil({ x: 0, y: 0, width: x || width, height: y || (x ? height : 0) }),
    veil({ x: x ? x + side : 0, y: y ? y + side : 0, width: x || width, height: y || (x ? height : 0) }),
    svg('image', {
      href: pictureOf(explanation, photo),
      x,
      y,
      width: side,
      height: side,
      preserveAspectRatio: 'none',
    }),
  ];
}

function inWords({ label, similarity: value, explanation }: Neighbour, photo: ShownPhoto): string {
  const { why } = texts;
  const other = why.other(label === null ? why.thisPhoto : why.thisLabel(humanise(label)), similarity(value));
  if (explanation === undefined) {
    return why.deleted(other);
  }
  const most = strongest(explanation, photo);
  if (most === null) {
    return why.nothingSpeaks(other);
  }
  return why.most(most.zone, percent(most.part), other);
}

/** The figure for a photo. */
export function whyView(photo: ShownPhoto): WhyView {
  const map = svg('svg', { viewBox: `0 0 ${photo.width} ${photo.height}`, 'aria-hidden': 'true' });
  const words = el('p', {});
  const figure = el(
    'figure',
    { class: 'why' },
    el('div', { class: 'why-photo' }, el('img', { src: photo.url, alt: texts.yourPhoto }), map),
    el(
      'figcaption',
      {},
      words,
      el(
        'p',
        { class: 'scale', 'aria-hidden': 'true' },
        texts.why.scaleNone,
        el('span', { class: 'ramp' }),
        texts.why.scaleMost,
        el('span', { class: 'against' }),
        texts.why.scaleAgainst,
      ),
    ),
  );
  const show = (neighbour: Neighbour) => {
    const { explanation } = neighbour;
    map.replaceChildren(...(explanation === undefined ? [] : drawing(explanation, photo)));
    words.textContent = inWords(neighbour, photo);
    return words.textContent;
  };
  return { figure, show };
}
