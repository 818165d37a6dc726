/** The neighbours of an answer: pictures where the collection has them, drawn tiles where it has none. */
import type { Identification, Neighbour } from '../../engine/engine.js';
import { thumbnailUrl } from '../api.js';
import { button, cssVariable, el, icon } from '../dom.js';
import { humanise, similarity, webAddress } from '../format.js';
import { places } from '../verdict.js';
import { type ShownPhoto, whyView } from './why.js';

/** Fills in the picture when it arrives; without one (deleted meanwhile, say) the drawing stays. */
async function hang(frame: HTMLElement, collection: string, neighbour: Neighbour): Promise<void> {
  const url = await thumbnailUrl(collection, neighbour.id);
  const picture = el('img', { alt: '', src: url });
  const done = () => URL.revokeObjectURL(url);
  picture.addEventListener('error', done);
  picture.addEventListener('load', () => {
    done();
    frame.replaceChildren(picture);
  });
}

/** Where an item came from: a link when it is a web address, the end of a path, or the name of a source. */
function sourceLine(source: string | null): HTMLElement {
  if (source === null) return el('span', { class: 'source' });
  const address = webAddress(source);
  if (address !== null)
    return el(
      'a',
      { class: 'source', href: address.href, rel: 'noreferrer noopener', target: '_blank', title: source },
      address.hostname,
    );
  return el('span', { class: 'source', title: source }, source.split(/[\\/]/).at(-1) || source);
}

function tile(neighbour: Neighbour, collection: string, place: number | 'other'): HTMLLIElement {
  const frame = el('div', { class: 'frame' }, icon('paw'));
  if (neighbour.hasThumbnail)
    hang(frame, collection, neighbour).catch((error: unknown) => {
      console.warn('A thumbnail could not be loaded.', error);
    });
  const score = cssVariable(
    el('span', { class: 'bar', 'aria-hidden': 'true' }),
    '--share',
    `${Math.max(0, neighbour.similarity) * 100}%`,
  );
  return el(
    'li',
    { class: 'tile', 'data-place': place },
    frame,
    el(
      'div',
      { class: 'caption' },
      el('strong', {}, humanise(neighbour.label)),
      sourceLine(neighbour.source),
      el(
        'span',
        { class: 'similarity', title: 'Cosine similarity of the embeddings; 1 is the same picture' },
        el('span', { class: 'sr-only' }, 'similarity '),
        similarity(neighbour.similarity),
      ),
      score,
    ),
  );
}

/** Explaining the neighbours: whether it is on, what switches it, and what it needs. */
export interface Explaining {
  on: boolean;
  toggle: () => void;
  photo: ShownPhoto;
  /** Tells people who listen to the page. */
  say: (words: string) => void;
  /** Why it could not be switched on, or nothing. */
  trouble: string;
}

/**
 * Lets a tile choose what the figure shows: by pointing at it, and to stay by a click, a tap or the keyboard, for which
 * all tiles are one group of radio buttons.
 */
function choosing(tiles: HTMLLIElement[], neighbours: Neighbour[], { photo, say }: Explaining): HTMLElement {
  const why = whyView(photo);
  let chosen = neighbours[0] as Neighbour;
  neighbours.forEach((neighbour, i) => {
    const id = `why-${i}`;
    const radio = el('input', { type: 'radio', name: 'why', id, class: 'sr-only', checked: i === 0 });
    const name = `${humanise(neighbour.label)}, similarity ${similarity(neighbour.similarity)}`;
    radio.addEventListener('change', () => {
      chosen = neighbour;
      say(why.show(neighbour));
    });
    const node = tiles[i] as HTMLLIElement;
    node.prepend(radio, el('label', { class: 'cover', for: id }, el('span', { class: 'sr-only' }, name)));
    node.addEventListener('pointerenter', () => why.show(neighbour));
    node.addEventListener('pointerleave', () => why.show(chosen));
  });
  why.show(chosen);
  return why.figure;
}

function toggleButton({ on, toggle }: Explaining): HTMLButtonElement {
  const node = button('Show why', 'plain', toggle);
  node.append(el('span', { class: 'sr-only' }, 'these photos are similar'));
  node.id = 'why';
  node.setAttribute('aria-pressed', String(on));
  return node;
}

/**
 * The section below an answer, or null when there are no neighbours.
 *
 * @param explaining null where this browser cannot show the photo
 */
export function neighboursView(
  answer: Identification,
  collection: string,
  explaining: Explaining | null,
): HTMLElement | null {
  const { neighbours } = answer;
  if (neighbours.length === 0) return null;
  const place = places(answer);
  const pictures = neighbours.some(({ hasThumbnail }) => hasThumbnail);
  const tiles = neighbours.map((n) => tile(n, collection, place.get(n.label ?? '') ?? 'other'));
  const explained = explaining?.on === true && neighbours[0]?.explanation !== undefined;
  const list = el('ol', { class: pictures ? 'grid pictures' : 'grid' }, ...tiles);
  return el(
    'section',
    { class: 'neighbours', 'aria-labelledby': 'neighbours-title' },
    el(
      'div',
      { class: 'section-head' },
      el('h2', { id: 'neighbours-title' }, 'Most similar photos'),
      el(
        'p',
        {},
        pictures
          ? `in “${collection}”, nearest first`
          : `in “${collection}”, nearest first; this collection keeps no pictures`,
      ),
      ...(explaining === null ? [] : [toggleButton(explaining)]),
    ),
    ...(explaining?.trouble ? [el('p', { class: 'trouble' }, explaining.trouble)] : []),
    explained
      ? el(
          'fieldset',
          { class: 'explained' },
          el('legend', { class: 'sr-only' }, 'Neighbour to explain'),
          choosing(tiles, neighbours, explaining),
          list,
        )
      : list,
  );
}
