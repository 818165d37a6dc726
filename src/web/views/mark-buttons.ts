/** The buttons "more like this" and "not like this" of a neighbour, and the list of marks. */
import type { Neighbour } from '../../engine/engine.js';
import { button, el, icon } from '../dom.js';
import { humanise } from '../format.js';
import type { Mark, Refinement } from '../refinement.js';
import { texts } from '../texts/texts.js';
import { hangPicture } from './neighbour.js';

/** The refined search and its actions. */
export interface Marking {
  refinement: Refinement;
  /** Marks a neighbour, or removes the same mark. */
  mark: (neighbour: Neighbour, mark: Mark) => void;
  /** Removes all marks. */
  clear: () => void;
}

const ICONS: Record<Mark, string> = { more: 'plus', less: 'minus' };
const MARKS: Mark[] = ['more', 'less'];

/** Two buttons: small, or with words where pressing one closes their dialog. */
export function markButtons(
  neighbour: Neighbour,
  { refinement, mark }: Marking,
  onMark?: () => void,
): HTMLElement {
  const buttons = MARKS.map((each) => {
    const title = texts.refine.titles[each];
    const node = el(
      'button',
      {
        type: 'button',
        class: onMark === undefined ? 'mark' : 'button plain',
        title,
        'aria-label': texts.refine[each](humanise(neighbour.label)),
        'aria-pressed': String(refinement.markOf(neighbour.id) === each),
      },
      icon(ICONS[each]),
      ...(onMark === undefined ? [] : [title]),
    );
    node.addEventListener('click', () => {
      onMark?.();
      mark(neighbour, each);
    });
    return node;
  });
  return el('span', { class: 'marks' }, ...buttons);
}

/** The marks, each removed by a click; null if there are none. */
export function markedView({ refinement, mark, clear }: Marking, collection: string): HTMLElement | null {
  const { marked } = refinement;
  if (marked.length === 0) {
    return null;
  }
  const chips = marked.map(({ neighbour, mark: each }) => {
    const frame = el('span', { class: 'chip-picture' }, icon(ICONS[each]));
    if (neighbour.hasThumbnail) {
      void hangPicture(frame, collection, neighbour.id);
    }
    const name = humanise(neighbour.label);
    const node = el(
      'button',
      { type: 'button', class: 'chip', 'data-mark': each, title: texts.refine.takeBack },
      frame,
      el('span', {}, `${texts.refine.titles[each]}: `, el('bdi', {}, name)),
      el('span', { 'aria-hidden': 'true' }, '\u00d7'),
    );
    node.addEventListener('click', () => mark(neighbour, each));
    return el('li', {}, node);
  });
  return el(
    'div',
    { class: 'marked' },
    el('ul', { 'aria-label': texts.refine.marked }, ...chips),
    button(texts.refine.clear, 'plain', clear),
  );
}
