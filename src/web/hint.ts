/** A few words that appear at the edge of the page for a while, and are said to people who listen to it. */
import { byId } from './dom.js';

const SHOWN_MS = 8_000;

let timer = 0;

/** Says something to people who listen to the page. */
export function tell(words: string): void {
  byId('status', HTMLElement).textContent = words;
}

/** Shows a hint in place of the one before. */
export function hint(words: string): void {
  const box = byId('hint', HTMLElement);
  box.textContent = words;
  box.hidden = false;
  tell(words);
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    box.hidden = true;
  }, SHOWN_MS);
}
