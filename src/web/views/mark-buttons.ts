/** The buttons "more like this" and "not like this" of a neighbour, and the list of marks. */
import type { Neighbour } from '../../engine/engine.js';
import { button, el, icon } from '../dom.js';
import { formatLabel } from '../format.js';
import type { Mark, Refinement } from '../refinement.js';
import { texts } from '../texts/texts.js';
import { loadPictureInto } from './item-picture.js';

/** The refined search and its actions. */
export interface MarkActions {
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
  { refinement, mark }: MarkActions,
  onMark?: () => void,
): HTMLElement {
  const buttons = MARKS.map((kind) => {
    const title = texts.refine.titles[kind];
    const onclick = () => {
      onMark?.();
      mark(neighbour, kind);
    };
    return el(
      onMark ? 'button.button.plain' : 'button.mark',
      {
        title,
        'aria-label': texts.refine[kind](formatLabel(neighbour.label)),
        'aria-pressed': String(refinement.markOf(neighbour.id) === kind),
        onclick,
      },
      icon(ICONS[kind]),
      onMark && title,
    );
  });
  return el('span.marks', buttons);
}

/** The marks, kind removed by a click; null if there are none. */
export function markedView({ refinement, mark, clear }: MarkActions, collection: string): HTMLElement | null {
  const { marked } = refinement;
  if (marked.length === 0) {
    return null;
  }
  const chips = marked.map(({ neighbour, mark: kind }) =>
    el(
      'li',
      el(
        'button.chip',
        { 'data-mark': kind, title: texts.refine.remove, onclick: () => mark(neighbour, kind) },
        loadPictureInto(el('span.chip-picture', icon(ICONS[kind])), collection, neighbour),
        el('span', `${texts.refine.titles[kind]}: `, el('bdi', formatLabel(neighbour.label))),
        el('span', { 'aria-hidden': 'true' }, '\u00d7'),
      ),
    ),
  );
  return el(
    'div.marked.compact',
    el('ul', { 'aria-label': texts.refine.marked }, chips),
    button(texts.refine.clear, 'plain', clear),
  );
}
