/** Small pictures of this session's photos that lead back to their answers. */
import { byId, el } from '../dom.js';
import { humanise } from '../format.js';
import type { Entry } from '../session.js';
import { texts } from '../texts/texts.js';

/** Number of latest photos shown; the browser's history has all of them. */
const SHOWN = 12;

/**
 * Shows them, the latest first; nothing if there is only one.
 *
 * @param current the question shown now
 */
export function showSession(
  entries: readonly Entry[],
  current: Entry | null,
  open: (entry: Entry) => void,
): void {
  const answered = entries.filter(({ answer }) => answer !== null);
  const place = byId('session', HTMLElement);
  place.hidden = answered.length < (current === null ? 1 : 2);
  const items = answered
    .slice(-SHOWN)
    .reverse()
    .map((entry) => {
      const said = entry.answer?.breed ? humanise(entry.answer.breed) : texts.answer.notSure;
      const node = el(
        'button',
        {
          type: 'button',
          class: 'session-photo',
          'aria-label': `${entry.photo.name}: ${said}`,
          title: `${entry.photo.name}: ${said}`,
          'aria-current': String(entry === current),
        },
        el('img', { src: entry.url, alt: '', loading: 'lazy', decoding: 'async' }),
      );
      node.addEventListener('click', () => open(entry));
      return el('li', {}, node);
    });
  const hadFocus = place.contains(document.activeElement);
  place.replaceChildren(el('h2', { class: 'small' }, texts.session.title), el('ul', {}, ...items));
  if (hadFocus) {
    place.querySelector<HTMLElement>('[aria-current=true]')?.focus();
  }
}
