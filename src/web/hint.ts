/** A few words that appear at the edge of the page for a while, and are said to people who listen to it. */
import { byId } from './dom.js';

const SHOWN_MS = 8_000;

let timer = 0;

/** Shows a hint in place of the one before. */
export function hint(words: string): void {
  const box = byId('hint', HTMLElement);
  box.textContent = words;
  box.hidden = false;
  byId('status', HTMLElement).textContent = words;
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    box.hidden = true;
  }, SHOWN_MS);
}
