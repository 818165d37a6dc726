/** A short message that appears at the edge of the page for a while and is announced to screen readers. */
import { byId } from './dom.js';

const SHOWN_MS = 8_000;

let timer = 0;

/** Announces a text to screen readers. */
export function announce(words: string): void {
  byId('status', HTMLElement).textContent = words;
}

export function showHint(words: string): void {
  const box = byId('hint', HTMLElement);
  box.textContent = words;
  box.hidden = false;
  announce(words);
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    box.hidden = true;
  }, SHOWN_MS);
}
