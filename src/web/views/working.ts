/** The panel shown while an answer is on its way. */
import { button, el } from '../dom.js';
import { formatPercent } from '../format.js';
import { texts } from '../texts/texts.js';

/** The panel, and a function that sets how much of the photo has been sent. */
export interface WorkingView {
  panel: HTMLElement;
  /** @param share 0..1 of the upload */
  sent: (share: number) => void;
}

/** The panel for a request in progress. */
export function workingView(cancel: () => void): WorkingView {
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
