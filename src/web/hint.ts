/** Tells users what happened: a short message at the edge of the page, which screen readers announce. */
import { byId } from './dom.js';
import { expectProblem } from './problem.js';

const SHOWN_MS = 8_000;

let timer = 0;

/** Announces a message to screen readers. */
export function announce(message: string): void {
  byId('status', HTMLElement).textContent = message;
}

export function showHint(message: string): void {
  const box = byId('hint', HTMLElement);
  box.textContent = message;
  box.hidden = false;
  announce(message);
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    box.hidden = true;
  }, SHOWN_MS);
}

/** Does something that a problem may prevent, and shows that. @returns whether it was done */
export async function attempt(
  work: () => unknown,
  showMessage: (message: string) => void = showHint,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    showMessage(expectProblem(error).message);
    return false;
  }
}
