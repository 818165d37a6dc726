/** Several photos at once: identified a few at a time, and listed with answers that can be opened. */
import { identify, wait } from '../api.js';
import { button, el, fill } from '../dom.js';
import { formatNumber } from '../format.js';
import { announce } from '../hint.js';
import { askForKey } from '../key-form.js';
import { findProblem } from '../photo.js';
import { expectProblem } from '../problem.js';
import type { Entry } from '../session.js';
import { texts } from '../texts/texts.js';
import { describeAnswer, listShares } from '../verdict.js';

/** Photos sent at the same time: enough to keep the server busy, few enough to leave room for other users. */
const CONCURRENCY = 3;
/** Retries for a photo while the server is busy. */
const RETRIES = 20;

/** The list of several photos, and the work on it. */
export class Batch {
  readonly #open: (entry: Entry) => void;
  readonly element = el('section.batch', { 'aria-labelledby': 'batch-title' });
  readonly #progress = el('progress');
  readonly #status = el('p.small', { role: 'status' });
  readonly #stopButton = button('', 'plain', () => this.stop());
  readonly #continueButton = button('', 'plain', () => void this.run());
  readonly #rows = new Map<Entry, { button: HTMLButtonElement; result: HTMLElement; value: HTMLElement }>();
  #stop = new AbortController();
  #isRunning = false;

  /** @param open called to show the answer of a photo */
  constructor(
    readonly entries: readonly Entry[],
    open: (entry: Entry) => void,
  ) {
    this.#open = open;
    this.draw();
  }

  /** Draws the list again in the current language. */
  draw(): void {
    this.#rows.clear();
    const title = el('h1', { id: 'batch-title', tabindex: -1 }, texts.batch.title(this.entries.length));
    const list = el(
      'ol.batch-rows',
      this.entries.map((entry) => this.#row(entry)),
    );
    this.#progress.setAttribute('aria-labelledby', 'batch-title');
    this.#progress.max = this.entries.length;
    this.#stopButton.textContent = texts.batch.stop;
    this.#continueButton.textContent = texts.continue;
    const actions = el('p.actions', this.#stopButton, this.#continueButton);
    fill(this.element, title, this.#progress, this.#status, actions, list);
    for (const entry of this.entries) {
      this.#showState(entry);
    }
    this.#showProgress();
  }

  /** Asks about every photo without an answer; does nothing while the list is at work. */
  async run(): Promise<void> {
    if (this.#isRunning) {
      return;
    }
    this.#isRunning = true;
    this.#stop = new AbortController();
    this.#showProgress();
    const waiting = this.entries.filter(({ answer }) => answer === null).values();
    const work = async () => {
      for (const entry of waiting) {
        if (this.#stop.signal.aborted) {
          return;
        }
        await this.#ask(entry);
        this.#showState(entry);
        this.#showProgress();
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    this.#isRunning = false;
    this.#showProgress();
    announce(this.#status.textContent ?? '');
  }

  stop(): void {
    this.#stop.abort();
  }

  async #ask(entry: Entry): Promise<void> {
    entry.problem = findProblem(entry.photo);
    for (let tries = 0; entry.problem === null && tries <= RETRIES; tries++) {
      try {
        const { collection, region } = entry;
        entry.answer = await identify(entry.photo, { collection, region }, this.#stop.signal);
        return;
      } catch (error) {
        if (this.#stop.signal.aborted) {
          return;
        }
        const problem = expectProblem(error);
        if (problem.status !== 503 || tries === RETRIES) {
          entry.problem = problem;
        } else {
          await wait(1000 * (problem.retryAfter ?? 2));
        }
      }
    }
    if (entry.problem?.code === 'unauthorized') {
      this.#stop.abort();
      askForKey();
    }
  }

  #row(entry: Entry): HTMLLIElement {
    const result = el('span.batch-result');
    const value = el('span.value');
    const onerror = () => picture.remove();
    const picture = el('img', { src: entry.url, alt: '', loading: 'lazy', decoding: 'async', onerror });
    const node = el(
      'button.batch-row.surface',
      { onclick: () => this.#open(entry) },
      el('span.batch-picture', picture),
      el('bdi.batch-name', entry.photo.name),
      result,
      value,
    );
    this.#rows.set(entry, { button: node, result, value });
    return el('li', node);
  }

  #showState(entry: Entry): void {
    const { answer, problem } = entry;
    const { button: node, result, value } = this.#rows.get(entry)!;
    node.disabled = answer === null && problem === null;
    if (answer !== null) {
      const { kicker, headline, share } = describeAnswer(answer);
      result.replaceChildren(el('small', kicker), el('bdi', headline));
      value.textContent = share === null ? '' : listShares(answer)[0]!.text;
      node.dataset.decision = answer.decision;
    } else {
      result.textContent = problem?.title ?? texts.batch.waiting;
      node.dataset.decision = problem === null ? '' : 'problem';
    }
  }

  #showProgress(): void {
    const answered = this.entries.filter(({ answer }) => answer !== null).length;
    const failed = this.entries.filter(({ problem }) => problem !== null).length;
    this.#progress.value = answered + failed;
    const counts = texts.batch.progress(formatNumber(answered), formatNumber(this.entries.length));
    this.#status.textContent = failed > 0 ? `${counts}, ${texts.batch.failed(failed)}` : counts;
    const mayBeAnswered = ({ answer, problem }: Entry) =>
      answer === null && (problem === null || problem.status === 401 || problem.isTransient);
    this.#stopButton.hidden = !this.#isRunning;
    this.#continueButton.hidden = this.#isRunning || !this.entries.some(mayBeAnswered);
  }
}
