/**
 * The page's main flow: photos are given, sent, and answered or refused. A new photo replaces a request in progress, whose
 * answer is never shown. Every question is an entry of the browser's history.
 */
import type { Identification } from '../engine/engine.js';
import type { Rectangle } from '../image/regions.js';
import { identify } from './api.js';
import type { CollectionChooser } from './collection-chooser.js';
import { byId, fill } from './dom.js';
import { announce, showHint } from './hint.js';
import { askForKey } from './key-form.js';
import { createSmallerCopy, findProblem } from './photo.js';
import { expectProblem, type Problem } from './problem.js';
import { type Entry, type Question, Session, type Step } from './session.js';
import { texts } from './texts/texts.js';
import { formatSpoken } from './verdict.js';
import { answerView } from './views/answer.js';
import { AnswerPanel } from './views/answer-panel.js';
import { Batch } from './views/batch.js';
import { NeighbourPanel } from './views/neighbour-panel.js';
import { Preview } from './views/preview.js';
import { mayShrink, problemView } from './views/problem-view.js';
import { showSession } from './views/session-strip.js';
import { workingView } from './views/working.js';

export class App {
  readonly #chooser: CollectionChooser;
  readonly #panel = new AnswerPanel();
  readonly #batchPlace = byId('batch', HTMLElement);
  readonly #batches: Batch[] = [];
  readonly #preview = new Preview((part) => this.#askPart(part));
  readonly #neighbours = new NeighbourPanel(this.#preview);
  readonly #session = new Session();
  /** The current question; null at the start and while a list is shown. */
  #entry: Entry | null = null;
  #retries = 0;
  #running: AbortController | null = null;

  constructor(chooser: CollectionChooser) {
    this.#chooser = chooser;
    this.#session.replace({ start: true });
    addEventListener('popstate', ({ state }) => this.#onPopState(state as Step | null));
  }

  /** The list shown now, if any. */
  get #batch(): Batch | undefined {
    return this.#batches.find(({ element }) => element.isConnected);
  }

  /** Takes the user's photos: one is shown and asked about, several become a list. */
  takePhotos(photos: File[]): void {
    const [photo] = photos;
    if (photo === undefined) {
      // What is shown stays, because there is no new question.
      showHint(texts.ask.noPicture);
    } else if (photos.length === 1) {
      this.askNew({ photo });
    } else {
      this.#startBatch(photos.map((each) => ({ photo: each })));
    }
  }

  /** Asks again with the same photos, if any, after a key was entered. */
  askAgain(): void {
    void (this.#entry ? this.#ask(this.#entry) : this.#batch?.run());
  }

  /** Asks the current photos again in another collection; Back leads to the answers before. */
  askInOtherCollection(): void {
    if (this.#entry) {
      this.#askPart(this.#entry.region);
    } else if (this.#batch) {
      this.#batch.stop();
      this.#startBatch(this.#batch.entries);
    } else {
      this.#session.replace({ start: true }, this.#chooser.value);
    }
  }

  /** Draws the page again in the current language. */
  redraw(): void {
    this.#preview.showTexts();
    for (const batch of this.#batches) {
      batch.draw();
    }
    if (this.#entry?.answer || this.#entry?.problem) {
      this.#show(this.#entry);
    }
  }

  /** Esc: removes the frame, cancels a request in progress, or dismisses a problem. */
  dismiss(): void {
    if (!this.#preview.stopCrop() && ['working', 'problem'].includes(this.#panel.state)) {
      this.#cancelRequest();
    }
  }

  /** Adds what will be shown to the history. */
  #pushStep(step: Step, collection: string): void {
    this.#session.push(step, collection, this.#entry?.answer !== null);
    this.#chooser.syncWithUrl();
  }

  readonly #open = (entry: Entry): void => {
    this.#pushStep({ entry: entry.id }, entry.collection);
    this.#show(entry);
  };

  /** Adds a question to the history, and asks it if it has no answer. */
  askNew(question: Omit<Question, 'collection'> & Partial<Question>, url?: string): void {
    this.#retries = 0;
    this.#open(this.#session.add({ collection: this.#chooser.value, ...question }, url));
  }

  /** @param part of the current photo; null: the whole photo */
  #askPart(part: Rectangle | null): void {
    if (this.#entry) {
      const { photo, note, url } = this.#entry;
      this.askNew({ photo, note, region: part }, url);
    }
  }

  #startBatch(photos: readonly { photo: File; url?: string }[]): void {
    const collection = this.#chooser.value;
    const entries = photos.map(({ photo, url }) => this.#session.add({ photo, collection }, url));
    const batch = new Batch(entries, this.#open);
    this.#pushStep({ batch: this.#batches.push(batch) - 1 }, collection);
    this.#showBatch(batch);
    void batch.run();
  }

  #showBatch({ element }: Batch): void {
    this.#leave();
    this.#preview.hide();
    this.#panel.state = 'batch';
    fill(this.#batchPlace, element);
    element.querySelector('h1')?.focus();
  }

  /** Back and Forward. An entry of an earlier visit, about which nothing is known, leads to the start. */
  #onPopState(step: Step | null): void {
    if (step === null || location.hash.startsWith('#/collections')) {
      return;
    }
    this.#chooser.syncWithUrl();
    this.#showStep(this.#session.isOfThisVisit(step) ? step : { start: true });
  }

  #showStep(step: Step): void {
    this.#session.step = step;
    const entry = this.#session.entryOf(step);
    if ('batch' in step) {
      this.#showBatch(this.#batches[step.batch]!);
    } else if (entry === undefined) {
      this.#reset();
    } else if (entry !== this.#entry) {
      this.#show(entry);
    }
  }

  /** Shows a question with its outcome; one without an answer is asked. */
  #show(entry: Entry): void {
    this.#leave();
    this.#entry = entry;
    this.#preview.show(entry);
    entry.problem ??= entry.answer === null ? findProblem(entry.photo) : null;
    if (entry.problem !== null) {
      const showFailure = () =>
        this.#entry === entry && entry.problem !== null && this.#fail(entry.problem, entry);
      showFailure();
      // Only then is it known whether a smaller copy is possible.
      void this.#preview.whenReady().then(showFailure);
    } else if (entry.answer !== null) {
      void this.#drawAnswer(entry, entry.answer);
    } else {
      void this.#ask(entry);
    }
  }

  /** Cancels a request in progress, and removes what belongs to the question before. */
  #leave(): void {
    this.#running?.abort();
    this.#running = null;
    this.#entry = null;
    this.#neighbours.clear();
    fill(this.#batchPlace);
  }

  async #ask(entry: Entry): Promise<void> {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    entry.answer = null;
    entry.problem = null;
    const working = workingView(() => this.#cancelRequest());
    this.#neighbours.discard(entry);
    this.#panel.show('working', working.panel, texts.working.looking);
    try {
      const question = { ...entry, explain: this.#neighbours.explaining, animals: true };
      entry.answer = await identify(entry.photo, question, running.signal, working.sent);
      this.#retries = 0;
      await this.#drawAnswer(entry, entry.answer);
    } catch (error) {
      if (running.signal.aborted) {
        return;
      }
      const problem = expectProblem(error);
      if (problem.code === 'explain_unavailable') {
        // The model changed in between: the answer matters more than its explanation.
        this.#neighbours.explaining = false;
        void this.#ask(entry);
      } else {
        entry.problem = problem;
        this.#fail(problem, entry);
      }
    }
  }

  async #drawAnswer(entry: Entry, answer: Identification): Promise<void> {
    const panel = answerView(entry, answer, {
      askPart: (part) => this.#askPart(part),
      open: (neighbour) => this.#neighbours.open(neighbour),
      picture: () => this.#preview.picture?.image ?? null,
    });
    this.#panel.show('answer', panel, formatSpoken(answer));
    showSession(this.#session.entries, this.#entry, this.#open);
    // Nothing can be laid over it before its size is known, and nothing at all if it cannot be shown.
    await this.#preview.whenReady();
    if (this.#entry === entry && entry.answer === answer) {
      this.#preview.markLooked();
      this.#neighbours.show(entry);
    }
  }

  /** Shows a problem that came before a question; `retry` leads to the question. */
  showProblem(problem: Problem, retry: () => void): void {
    this.#session.before = this.#session.step;
    this.#leave();
    this.#preview.hide();
    this.#fail(problem, null, retry);
  }

  #fail(problem: Problem, entry: Entry | null, retry = () => this.askAgain()): void {
    const canShrink =
      entry !== null && this.#preview.picture !== null && mayShrink(problem, entry.photo.size);
    const panel = problemView(problem, {
      retry: () => {
        this.#retries++;
        retry();
      },
      retries: this.#retries,
      smaller: canShrink ? () => void this.#shrink(entry) : null,
    });
    this.#neighbours.clear();
    this.#panel.show('problem', panel, panel.querySelector('h2')?.textContent ?? '');
    if (problem.code === 'unauthorized') {
      askForKey();
    }
  }

  async #shrink({ photo, region }: Entry): Promise<void> {
    try {
      const copy = await createSmallerCopy(this.#preview.picture!.image, photo.name);
      this.askNew({ photo: copy, note: ` · ${texts.ask.smallerCopy}`, region });
    } catch (error) {
      this.#fail(expectProblem(error), this.#entry);
    }
  }

  #cancelRequest(): void {
    const { before } = this.#session;
    this.#session.replace(before, this.#session.entryOf(before)?.collection);
    this.#chooser.syncWithUrl();
    this.#showStep(before);
    byId('choose', HTMLElement).focus();
  }

  #reset(): void {
    this.#leave();
    this.#preview.hide();
    this.#panel.clear();
    showSession(this.#session.entries, this.#entry, this.#open);
    announce(texts.ask.ready);
    byId('choose', HTMLElement).focus();
  }
}
