/** Offers to undo a change: a text, a button and a little time. */
import { button, byId, el, fill } from '../dom.js';
import { announce } from '../hint.js';
import { texts } from '../texts/texts.js';

const UNDO_MS = 10_000;

let commitPending: (() => void) | null = null;

/** Ends the current offer, if any, which makes its change final. */
export function commitPendingChange(): void {
  commitPending?.();
}

/**
 * Offers to undo a change.
 *
 * @param undo called when the user undoes it
 * @param done called when the time is over, or when another change follows
 * @param focusBack called when the offer ends while it has the focus
 */
export function offerUndo(
  message: string,
  undo: () => void,
  done?: () => void,
  focusBack?: () => void,
): void {
  commitPendingChange();
  const box = byId('undo', HTMLElement);
  const close = () => {
    clearTimeout(timer);
    commitPending = null;
    const hadFocus = box.contains(document.activeElement);
    box.hidden = true;
    fill(box);
    if (hadFocus) {
      focusBack?.();
    }
  };
  const timer = setTimeout(() => commitPending?.(), UNDO_MS);
  commitPending = () => {
    close();
    done?.();
  };
  const back = button(texts.manage.undo.undo, 'plain', () => {
    close();
    undo();
  });
  fill(box, el('span', message), back);
  box.hidden = false;
  // The button that was pressed may be gone.
  if (!document.activeElement?.checkVisibility() || document.activeElement === document.body) {
    back.focus();
  }
  announce(texts.manage.undo.offered(message));
}
