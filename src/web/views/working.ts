/** The panel shown while an answer is on its way. */
import { button, el } from '../dom.js';
import { formatPercent } from '../format.js';
import { texts } from '../texts/texts.js';

/** @returns the panel, and a function that sets the share of the photo that has been sent, 0..1 */
export function workingView(cancel: () => void) {
  const line = el('h2', { id: 'answer-title', tabindex: -1 }, texts.working.sending);
  const progress = el('progress', { max: 1, 'aria-labelledby': 'answer-title' });
  const panel = el(
    'div.working',
    el('p.kicker', texts.working.kicker),
    line,
    progress,
    el('p.actions', button(texts.cancel, 'plain', cancel)),
    el(
      'div.skeleton',
      { 'aria-hidden': 'true' },
      Array.from({ length: 3 }, () => el('span')),
    ),
  );
  const sent = (share: number) => {
    if (share < 1) {
      progress.value = share;
      line.textContent = texts.working.sent(formatPercent(share));
    } else {
      progress.removeAttribute('value');
      line.textContent = texts.working.comparing;
    }
  };
  return { panel, sent };
}
