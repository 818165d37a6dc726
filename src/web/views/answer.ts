/** The answer panel: verdict, votes, candidates, and how it was found. */
import type { Identification } from '../../engine/engine.js';
import { cssVariable, el, icon } from '../dom.js';
import { duration } from '../format.js';
import { confidenceName, places, type ShownShare, shownShares, verdict } from '../verdict.js';

const ICONS = { match: 'check', ambiguous: 'split', unknown: 'question' } as const;

/** A tick is for answers whose trustworthiness has been measured. */
const iconOf = ({ decision, calibrated }: Identification) =>
  decision === 'match' && !calibrated ? 'paw-small' : ICONS[decision];

const MEANING = {
  calibration:
    'Fitted on photos whose breed is known and that are not in the collection: of 100 answers given with a confidence of 80%, about 80 are right. What is left over is for other breeds and for no cat or dog at all.',
  statistics:
    'What the model knows of collections in general: it has not been measured on this one, and may be wrong by more than it says. Calibrating the collection measures it. What is left over is for what the collection does not hold.',
  vote: 'The most similar photos vote for their breed, and closer ones count more. A share of the vote says how much they agree. It is not the probability that the answer is right, and a photo of something else gets votes, too.',
};

/** One mark a neighbour, nearest first, in the colour of its breed: the vote at a glance. */
function ballots(answer: Identification, place: Map<string, number>): HTMLElement {
  const marks = answer.neighbours.map(({ label }) =>
    el('span', { class: 'ballot', 'data-place': place.get(label ?? '') ?? 'other' }),
  );
  return el('div', { class: 'ballots', 'aria-hidden': 'true' }, ...marks);
}

function candidate({ name, share, text, place }: ShownShare): HTMLElement {
  const bar = cssVariable(el('span', { class: 'bar', 'aria-hidden': 'true' }), '--share', `${share * 100}%`);
  return el(
    'li',
    { 'data-place': place },
    el('span', { class: 'name' }, name),
    el('span', { class: 'value' }, text),
    bar,
  );
}

function facts(answer: Identification): HTMLElement {
  const { decodeMs, embedMs, searchMs, totalMs } = answer.timing;
  return el(
    'p',
    { class: 'facts' },
    `Answered in ${duration(totalMs)}`,
    el(
      'span',
      {},
      `decode ${duration(decodeMs)} · embed ${duration(embedMs)} · search ${duration(searchMs)}`,
    ),
    el(
      'span',
      {},
      `model ${answer.model.name}, `,
      el('code', { title: answer.model.fingerprint }, answer.model.fingerprint.slice(0, 8)),
    ),
  );
}

/** The panel for an answer. */
export function answerView(answer: Identification): HTMLElement {
  const { kicker, headline, share, tally, advice } = verdict(answer);
  const shares = shownShares(answer);
  const parts: HTMLElement[] = [
    el('p', { class: 'kicker' }, icon(iconOf(answer)), kicker),
    el('h2', { id: 'answer-title' }, headline),
  ];
  if (share !== null) {
    parts.push(el('p', { class: 'share' }, el('strong', {}, shares[0]!.text), ` ${confidenceName(answer)}`));
  }
  if (answer.neighbours.length > 0) {
    parts.push(ballots(answer, places(answer)));
  }
  parts.push(el('p', { class: 'tally' }, tally));
  if (advice) {
    parts.push(el('p', { class: 'advice' }, advice));
  }
  if (shares.length > 0) {
    const calibrated = answer.basis !== 'vote';
    parts.push(
      el('h3', {}, calibrated ? 'Confidence' : 'How the vote went'),
      el('ul', { class: 'candidates' }, ...shares.map(candidate)),
      el(
        'details',
        {},
        el('summary', {}, calibrated ? 'What the confidence means' : 'What the share of the vote means'),
        el('p', {}, MEANING[answer.basis]),
      ),
    );
  }
  parts.push(facts(answer));
  return el(
    'div',
    { class: 'verdict', 'data-decision': answer.decision, 'data-mark': iconOf(answer) },
    ...parts,
  );
}
