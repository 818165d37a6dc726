/** The panel beside the photo: the wait for an answer, the answer, or a problem. */
import { byId } from '../dom.js';
import { announce } from '../hint.js';

/** State of the page, which the style sheet uses. */
export const PAGE_STATES = ['start', 'working', 'answer', 'problem', 'batch'] as const;
export type PageState = (typeof PAGE_STATES)[number];

export class AnswerPanel {
  readonly #main = byId('main', HTMLElement);
  readonly #panel = byId('answer', HTMLElement);

  get state(): PageState {
    return this.#main.dataset.state as PageState;
  }

  set state(state: PageState) {
    this.#main.dataset.state = state;
  }

  /** Nothing is asked. */
  clear(): void {
    this.#panel.replaceChildren();
    this.#panel.hidden = true;
    this.state = 'start';
  }

  /** @param spoken for screen readers */
  show(state: 'working' | 'answer' | 'problem', view: HTMLElement, spoken: string): void {
    const hadFocus = this.#panel.contains(document.activeElement);
    this.state = state;
    this.#panel.hidden = false;
    this.#panel.replaceChildren(view);
    announce(spoken);
    if (hadFocus) {
      byId('answer-title', HTMLElement).focus();
    }
    // On a phone, the panel is below the photo: scroll to it once there is something to read.
    if (state !== 'working' && this.#panel.getBoundingClientRect().top > innerHeight * 0.7) {
      this.#panel.scrollIntoView({ block: 'start' });
    }
  }
}
