/** The neighbours of an answer: pictures where the collection has them, drawn tiles where it has none. */
import type { Identification, Neighbour } from '../../engine/engine.js';
import { thumbnailUrl } from '../api.js';
import { cssVariable, el, icon } from '../dom.js';
import { humanise, similarity } from '../format.js';
import { places } from '../verdict.js';

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
  if (/^https?:\/\//.test(source))
    return el(
      'a',
      { class: 'source', href: source, rel: 'noreferrer noopener', target: '_blank', title: source },
      new URL(source).hostname,
    );
  return el('span', { class: 'source', title: source }, source.split(/[\\/]/).at(-1) || source);
}

function tile(neighbour: Neighbour, collection: string, place: number | 'other'): HTMLElement {
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

/** The section below an answer, or null when there are no neighbours. */
export function neighboursView(answer: Identification, collection: string): HTMLElement | null {
  if (answer.neighbours.length === 0) return null;
  const place = places(answer);
  const pictures = answer.neighbours.some(({ hasThumbnail }) => hasThumbnail);
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
    ),
    el(
      'ol',
      { class: pictures ? 'grid pictures' : 'grid' },
      ...answer.neighbours.map((n) => tile(n, collection, place.get(n.label ?? '') ?? 'other')),
    ),
  );
}
