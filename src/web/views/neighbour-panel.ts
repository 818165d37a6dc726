/** The neighbours below an answer: listed, explained on request, and refined by marking some of them. */
import type { Identification, Neighbour } from '../../engine/engine.js';
import { identify } from '../api.js';
import { byId, fill } from '../dom.js';
import { announce, attempt } from '../hint.js';
import { expectProblem } from '../problem.js';
import { type Mark, Refinement } from '../refinement.js';
import type { Entry } from '../session.js';
import { texts } from '../texts/texts.js';
import { markButtons } from './mark-buttons.js';
import { openNeighbour } from './neighbour.js';
import { neighboursView } from './neighbours.js';
import type { Preview } from './preview.js';

/** The panel, for one question at a time. */
export class NeighbourPanel {
  readonly #preview: Preview;
  readonly #place = byId('neighbours', HTMLElement);
  #entry: Entry | null = null;
  #refinement: Refinement | null = null;
  #running = new AbortController();
  /** Whether answers come with explanations; kept until the page is closed. */
  explaining = false;

  /** Shows a neighbour enlarged; does nothing while there is no list. */
  open: (neighbour: Neighbour) => void = () => {};

  constructor(preview: Preview) {
    this.#preview = preview;
  }

  clear(): void {
    this.#running.abort();
    this.#entry = null;
    this.open = () => {};
    fill(this.#place);
  }

  /** Shows the neighbours of an answer, and keeps the marks of the same question. */
  show(entry: Entry, answer: Identification, errorText = ''): void {
    if (this.#refinement?.entry !== entry || this.#refinement.answer !== entry.answer) {
      this.#refinement = new Refinement(entry);
    }
    this.#entry = entry;
    const refinement = this.#refinement;
    const { picture } = this.#preview;
    const explaining = picture && {
      on: this.explaining,
      toggle: () => void this.#toggleWhy(entry, answer),
      photo: { ...picture, seen: answer.region },
      errorText,
    };
    const marking = {
      refinement,
      mark: (neighbour: Neighbour, mark: Mark) => void this.#refine(entry, answer, neighbour, mark),
      clear: () => {
        refinement.clear();
        this.show(entry, answer);
        byId('neighbours-title', HTMLElement).focus();
      },
    };
    this.open = (neighbour) =>
      openNeighbour(neighbour, entry.collection, picture?.url ?? null, (shown, close) =>
        markButtons(shown, marking, close),
      );
    const view = neighboursView(answer, entry.collection, explaining, marking, this.open);
    fill(this.#place, view);
  }

  /** Searches with the photo and the marked neighbours. */
  async #refine(entry: Entry, answer: Identification, neighbour: Neighbour, mark: Mark): Promise<void> {
    const refinement = this.#refinement!;
    this.explaining = false;
    await attempt(async () => {
      const isNewest = await refinement.toggle(neighbour, mark);
      if (isNewest && this.#entry === entry) {
        this.show(entry, answer);
        byId('neighbours-title', HTMLElement).focus();
        announce(refinement.found === null ? texts.refine.cleared : texts.refine.updated);
      }
    });
  }

  /** Shows or hides the explanations, which are requested the first time they are shown. */
  async #toggleWhy(entry: Entry, answer: Identification): Promise<void> {
    this.#running.abort();
    const running = new AbortController();
    this.#running = running;
    this.explaining = !this.explaining;
    let shown = answer;
    let errorText = '';
    if (this.explaining && answer.neighbours[0]?.explanation === undefined) {
      byId('why', HTMLButtonElement).setAttribute('aria-busy', 'true');
      try {
        const { collection, region } = entry;
        shown = await identify(entry.photo, { collection, region, explain: true }, running.signal);
      } catch (error) {
        if (running.signal.aborted) {
          return;
        }
        this.explaining = false;
        errorText = expectProblem(error).title;
      }
      if (running.signal.aborted) {
        return;
      }
    }
    this.show(entry, shown, errorText);
    byId('why', HTMLButtonElement).focus({ preventScroll: true });
    announce(errorText || (this.explaining ? texts.why.choose : ''));
  }
}
