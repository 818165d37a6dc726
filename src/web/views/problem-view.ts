/** The panel shown if there is no answer: what happened, and what the user can do about it. */
import { button, el, icon, withCode } from '../dom.js';
import type { Problem } from '../problem.js';
import { texts } from '../texts/texts.js';

/** Automatic retries for a busy server; then the user decides. */
const AUTOMATIC_RETRIES = 3;

/** Actions for the user; one that is absent is not offered. */
export interface ProblemActions {
  retry: () => void;
  /** Offered if this browser can show the picture and the server may accept a smaller JPEG. */
  smaller: (() => void) | null;
  retries: number;
}

/** Problems that a smaller JPEG copy, created by the browser, may avoid. */
const SHRINKABLE = new Set([
  'payload_too_large',
  'image_too_large',
  'image_too_slow',
  'image_heic',
  'image_unsupported',
]);
/** If a connection breaks during a smaller upload, its size is not the reason. */
const HEAVY_BYTES = 2_000_000;

/** Whether the server may accept a smaller copy of a refused photo of this many bytes. */
export function mayShrink(problem: Problem, bytes: number): boolean {
  return SHRINKABLE.has(problem.code) || (problem.code === 'network' && bytes > HEAVY_BYTES);
}

/** A button that counts down some seconds and then presses itself. */
function countdown(seconds: number, retry: () => void): HTMLButtonElement {
  let left = Math.max(1, Math.ceil(seconds));
  const label = () => texts.failure.againIn(left);
  const node = button(label(), 'primary', retry);
  const tick = setInterval(() => {
    left--;
    if (!node.isConnected) {
      clearInterval(tick);
    } else if (left > 0) {
      node.textContent = label();
    } else {
      clearInterval(tick);
      retry();
    }
  }, 1000);
  return node;
}

export function problemView(problem: Problem, actions: ProblemActions): HTMLElement {
  const { title, hint } = problem;
  const isCounting = problem.status === 503 && actions.retries < AUTOMATIC_RETRIES;
  const buttons = [
    isCounting && countdown(problem.retryAfter ?? 2, actions.retry),
    !isCounting && problem.isTransient && button(texts.failure.again, 'primary', actions.retry),
    actions.smaller && button(texts.failure.smaller, 'primary', actions.smaller),
  ];
  return el(
    'div.problem',
    el('p.kicker', icon('alert'), texts.failure.kicker),
    el('h2', { id: 'answer-title', tabindex: -1 }, title),
    problem.detail && problem.detail !== title && el('p', withCode(problem.detail)),
    hint && el('p.advice', withCode(hint)),
    buttons.some(Boolean) && el('p.actions', buttons),
    problem.status > 0 && el('p.facts', el('span', el('code', problem.code), ` · HTTP ${problem.status}`)),
  );
}
