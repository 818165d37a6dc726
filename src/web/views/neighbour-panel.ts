/** The neighbours below an answer: listed, explained on request, and refined by marking some of them. */
import type { Neighbour } from '../../engine/engine.js';
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
  readonly #refinements = new WeakMap<Entry, Refinement>();
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

  /** Discards the marks of a question that is asked again. */
  discard(entry: Entry): void {
    this.#refinements.delete(entry);
    this.clear();
  }

  /** Shows the neighbours of an answer, with the marks that were made before. */
  show(entry: Entry, errorText = ''): void {
    const answer = entry.answer!;
    const refinement = this.#refinements.get(entry) ?? new Refinement(entry);
    this.#refinements.set(entry, refinement);
    this.#entry = entry;
    const { picture } = this.#preview;
    const explaining = picture && {
      on: this.explaining,
      toggle: () => void this.#toggleWhy(entry),
      photo: { ...picture, seen: answer.region },
      errorText,
    };
    const marking = {
      refinement,
      mark: (neighbour: Neighbour, mark: Mark) => void this.#refine(refinement, neighbour, mark),
      clear: () => {
        refinement.clear();
        this.show(entry);
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
  async #refine(refinement: Refinement, neighbour: Neighbour, mark: Mark): Promise<void> {
    this.explaining = false;
    await attempt(async () => {
      const isNewest = await refinement.toggle(neighbour, mark);
      if (isNewest && this.#entry === refinement.entry) {
        this.show(refinement.entry);
        byId('neighbours-title', HTMLElement).focus();
        announce(refinement.results === null ? texts.refine.cleared : texts.refine.updated);
      }
    });
  }

  /** Shows or hides the explanations, which are requested the first time they are shown. */
  async #toggleWhy(entry: Entry): Promise<void> {
    this.#running.abort();
    const running = new AbortController();
    this.#running = running;
    this.explaining = !this.explaining;
    let errorText = '';
    const answer = entry.answer!;
    if (this.explaining && answer.neighbours[0]?.explanation === undefined) {
      byId('why', HTMLButtonElement).setAttribute('aria-busy', 'true');
      try {
        const { collection, region } = entry;
        const question = { collection, region, explain: true };
        const { neighbours } = await identify(entry.photo, question, running.signal);
        entry.answer = { ...answer, neighbours };
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
    this.show(entry, errorText);
    byId('why', HTMLButtonElement).focus({ preventScroll: true });
    announce(errorText || (this.explaining ? texts.why.choose : ''));
  }
}
