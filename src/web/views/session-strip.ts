/** Small pictures of this session's photos that lead back to their answers. */
import { byId, el, fill } from '../dom.js';
import { formatLabel } from '../format.js';
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
      const result = entry.answer?.breed ? formatLabel(entry.answer.breed) : texts.answer.notSure;
      const title = `${entry.photo.name}: ${result}`;
      return el(
        'li',
        el(
          'button.session-photo',
          {
            'aria-label': title,
            title,
            'aria-current': String(entry === current),
            onclick: () => open(entry),
          },
          el('img', { src: entry.url, alt: '', loading: 'lazy', decoding: 'async' }),
        ),
      );
    });
  const hadFocus = place.contains(document.activeElement);
  fill(place, el('h2.small', texts.session.title), el('ul', items));
  if (hadFocus) {
    place.querySelector<HTMLElement>('[aria-current=true]')?.focus();
  }
}
