/** What is shown when there is no answer: what happened, and what the person can do about it. */
import { button, el, icon, withCode } from '../dom.js';
import type { Problem } from '../problem.js';
import { texts } from '../texts/texts.js';

/** A busy server is asked again by itself this many times; then it is for the person to say. */
const AUTOMATIC_RETRIES = 3;

/** What the person can do; an action that is absent is not offered. */
export interface Ways {
  retry: () => void;
  /** Offered when this browser can show the picture and a smaller JPEG might be accepted. */
  smaller: (() => void) | null;
  /** How often it was tried again. */
  retries: number;
}

/** Problems for which asking again, with the same photo, can help. */
const PASSING = new Set(['overloaded', 'shutting_down', 'offline', 'network', 'internal', 'unexpected']);
/** Problems that a smaller JPEG copy, made by the browser, may get around. */
const SHRINKABLE = new Set([
  'payload_too_large',
  'image_too_large',
  'image_too_slow',
  'image_heic',
  'image_unsupported',
]);
/** A connection that breaks under an upload of fewer bytes breaks for another reason. */
const HEAVY_BYTES = 2_000_000;

/** Whether a smaller copy might be accepted where a photo of so many bytes was not. */
export function mayShrink(problem: Problem, bytes: number): boolean {
  return SHRINKABLE.has(problem.code) || (problem.code === 'network' && bytes > HEAVY_BYTES);
}

/** A button that presses itself after some seconds and counts down to it. */
function countdown(seconds: number, retry: () => void): HTMLButtonElement {
  let left = Math.max(1, Math.ceil(seconds));
  const label = () => texts.trouble.againIn(left);
  const node = button(label(), 'primary', retry);
  const tick = setInterval(() => {
    left -= 1;
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

/** The panel for a problem. */
export function problemView(problem: Problem, ways: Ways): HTMLElement {
  const { title, hint } = problem;
  const actions: HTMLElement[] = [];
  if (problem.status === 503 && ways.retries < AUTOMATIC_RETRIES) {
    actions.push(countdown(problem.retryAfter ?? 2, ways.retry));
  } else if (PASSING.has(problem.code)) {
    actions.push(button(texts.trouble.again, 'primary', ways.retry));
  }
  if (ways.smaller) {
    actions.push(button(texts.trouble.smaller, 'primary', ways.smaller));
  }
  return el(
    'div',
    { class: 'problem' },
    el('p', { class: 'kicker' }, icon('alert'), texts.trouble.kicker),
    el('h2', { id: 'answer-title', tabindex: -1 }, title),
    ...(problem.detail && problem.detail !== title ? [el('p', {}, ...withCode(problem.detail))] : []),
    ...(hint ? [el('p', { class: 'advice' }, ...withCode(hint))] : []),
    ...(actions.length > 0 ? [el('p', { class: 'actions' }, ...actions)] : []),
    ...(problem.status > 0
      ? [
          el(
            'p',
            { class: 'facts' },
            el('span', {}, el('code', {}, problem.code), ` · HTTP ${problem.status}`),
          ),
        ]
      : []),
  );
}
