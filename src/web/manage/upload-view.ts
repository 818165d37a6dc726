/** Shows an upload: its progress, what was added, known and failed with reasons, and buttons to pause and continue. */
import { button, el, fill } from '../dom.js';
import { formatNumber } from '../format.js';
import { texts } from '../texts/texts.js';
import type { FinishedPhoto, Outcome, UploadState, UploadWatcher } from './uploader.js';

/** Maximum names in one list; the rest is counted. */
const MAX_NAMES = 500;
const OUTCOMES = ['added', 'known', 'failed'] as const satisfies Outcome[];

interface OutcomeList {
  count: number;
  list: HTMLElement;
  box: HTMLDetailsElement;
  words: HTMLElement;
}

export interface UploadControls {
  pause: () => void;
  resume: () => void;
  cancel: () => void;
}

export class UploadView implements UploadWatcher {
  readonly #total: number;
  readonly #controls: UploadControls;
  readonly element = el('div.upload');
  readonly #progress: HTMLProgressElement;
  readonly #words = el('p', { role: 'status' });
  readonly #actions = el('p.actions');
  readonly #outcomes: Record<Outcome, OutcomeList>;
  #state: UploadState = 'running';
  /** Why it was paused, if the user did not pause it. */
  #reason = '';

  constructor(total: number, controls: UploadControls) {
    this.#total = total;
    this.#controls = controls;
    const t = texts.manage.upload;
    this.#progress = el('progress', { max: Math.max(1, total), value: 0, 'aria-label': t.progress });
    const counted = (outcome: Outcome): OutcomeList => {
      const list = el('ul', { class: outcome === 'failed' ? 'failures' : 'names' });
      const words = el('summary');
      const box = el('details', { hidden: true, open: outcome === 'failed' }, words, list);
      return { count: 0, list, box, words };
    };
    this.#outcomes = { added: counted('added'), known: counted('known'), failed: counted('failed') };
    this.element.append(
      this.#progress,
      this.#words,
      this.#actions,
      ...OUTCOMES.map((outcome) => this.#outcomes[outcome].box),
    );
    this.#showWords();
    this.#showActions();
  }

  get done(): number {
    return OUTCOMES.reduce((sum, outcome) => sum + this.#outcomes[outcome].count, 0);
  }

  onFinished(finished: readonly FinishedPhoto[]): void {
    for (const { path, outcome, reason } of finished) {
      const counted = this.#outcomes[outcome];
      counted.count++;
      if (counted.count <= MAX_NAMES) {
        const name = el('bdi', path);
        counted.list.append(el('li', name, reason !== undefined && `: ${reason}`));
      }
    }
    for (const outcome of OUTCOMES) {
      const { count: n, box, words } = this.#outcomes[outcome];
      box.hidden = n === 0;
      const { outcomes, first } = texts.manage.upload;
      words.textContent = `${outcomes[outcome]}: ${n}${n > MAX_NAMES ? first(MAX_NAMES) : ''}`;
    }
    this.#progress.value = this.done;
    this.#showWords();
  }

  onState(state: UploadState, reason?: string): void {
    this.#state = state;
    this.#reason = reason ?? '';
    this.#showWords();
    this.#showActions();
  }

  #showWords(): void {
    const t = texts.manage.upload;
    const { added, known, failed } = this.#outcomes;
    const sum = t.sum(formatNumber(added.count), formatNumber(this.#total), known.count, failed.count);
    this.#words.textContent = [this.#reason, t.states[this.#state], sum].filter(Boolean).join(' ');
  }

  #showActions(): void {
    const t = texts.manage.upload;
    const { pause, resume, cancel } = this.#controls;
    const stop = button(t.stop, 'plain', cancel);
    fill(
      this.#actions,
      {
        running: [button(t.pause, 'plain', pause), stop],
        paused: [button(t.resume, 'primary', resume), stop],
        done: [],
        cancelled: [],
      }[this.#state],
    );
  }
}
