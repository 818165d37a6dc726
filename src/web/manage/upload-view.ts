/** Shows an upload: its progress, what was added, known and failed with reasons, and buttons to pause and continue. */
import { button, el, fill } from '../dom.js';
import { formatNumber } from '../format.js';
import { texts } from '../texts/texts.js';
import type { FinishedPhoto, Outcome, Uploader, UploadWatcher } from './uploader.js';

/** Maximum names in one list; the rest is counted. */
const MAX_NAMES = 500;
const OUTCOMES = ['added', 'known', 'failed'] as const satisfies Outcome[];

function outcomeList(outcome: Outcome) {
  const list = el(outcome === 'failed' ? 'ul.failures' : 'ul');
  const summary = el('summary');
  const box = el('details', { hidden: true, open: outcome === 'failed' }, summary, list);
  return { count: 0, list, box, summary };
}

export class UploadView implements UploadWatcher {
  readonly #uploader: Uploader;
  readonly element = el('div.upload');
  readonly #progress: HTMLProgressElement;
  readonly #status = el('p', { role: 'status' });
  readonly #actions = el('p.actions');
  readonly #outcomes = {
    added: outcomeList('added'),
    known: outcomeList('known'),
    failed: outcomeList('failed'),
  };
  /** Why it was paused, if the user did not pause it. */
  #reason = '';

  constructor(uploader: Uploader) {
    this.#uploader = uploader;
    uploader.watcher = this;
    this.#progress = el('progress', {
      max: Math.max(1, uploader.total),
      value: 0,
      'aria-label': texts.manage.upload.progress,
    });
    const boxes = OUTCOMES.map((outcome) => this.#outcomes[outcome].box);
    this.element.append(this.#progress, this.#status, this.#actions, ...boxes);
    this.onState();
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
      const { count: n, box, summary } = this.#outcomes[outcome];
      box.hidden = n === 0;
      const { outcomes, first } = texts.manage.upload;
      summary.textContent = `${outcomes[outcome]}: ${n}${n > MAX_NAMES ? first(MAX_NAMES) : ''}`;
    }
    this.#progress.value = this.done;
    this.#showStatus();
  }

  onState(reason = ''): void {
    this.#reason = reason;
    this.#showStatus();
    const t = texts.manage.upload;
    const { state } = this.#uploader;
    fill(
      this.#actions,
      state === 'running' && button(t.pause, 'plain', () => this.#uploader.pause()),
      state === 'paused' && button(texts.continue, 'primary', () => this.#uploader.resume()),
      (state === 'running' || state === 'paused') && button(t.stop, 'plain', () => this.#uploader.cancel()),
    );
  }

  #showStatus(): void {
    const t = texts.manage.upload;
    const { added, known, failed } = this.#outcomes;
    const { state, total } = this.#uploader;
    const sum = t.sum(formatNumber(added.count), formatNumber(total), known.count, failed.count);
    this.#status.textContent = [this.#reason, t.states[state], sum].filter(Boolean).join(' ');
  }
}
