/** The answer panel: verdict, votes, candidates, and how it was found. */
import type { Identification, Neighbour } from '../../engine/engine.js';
import type { Rectangle } from '../../image/heat-colours.js';
import { button, cssVariable, el, icon } from '../dom.js';
import { duration, humanise, percent, similarity } from '../format.js';
import type { Entry } from '../session.js';
import { texts } from '../texts/texts.js';
import { confidenceName, places, rivals, type ShownShare, shownShares, verdict } from '../verdict.js';
import { answerActions } from './answer-actions.js';
import { knownNote } from './known-note.js';
import { pictureButton } from './neighbour.js';

const ICONS = { match: 'check', ambiguous: 'split', unknown: 'question' } as const;

/** Only answers of a measured collection get a tick. */
const iconOf = ({ decision, calibrated }: Identification) =>
  decision === 'match' && !calibrated ? 'paw-small' : ICONS[decision];

/** One mark for each neighbour, nearest first, in the colour of its breed. */
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
    el('bdi', { class: 'name' }, name),
    el('span', { class: 'value' }, text),
    bar,
  );
}

function facts(answer: Identification): HTMLElement {
  const { decodeMs, embedMs, searchMs, totalMs } = answer.timing;
  return el(
    'p',
    { class: 'facts' },
    texts.answer.took(duration(totalMs)),
    el('span', {}, texts.answer.steps(duration(decodeMs), duration(embedMs), duration(searchMs))),
    el(
      'span',
      {},
      texts.answer.model(answer.model.name),
      el('code', { title: answer.model.fingerprint }, answer.model.fingerprint.slice(0, 8)),
    ),
  );
}

/** Breeds found in other parts of the photo, each of which can be asked about. */
function animalsView({ animals }: Identification, askPart: (part: Rectangle) => void): HTMLElement {
  const rows = animals.map(({ breed, confidence, region }) =>
    el(
      'li',
      {},
      button(texts.animals.ask(humanise(breed), percent(confidence)), 'plain', () => askPart(region)),
    ),
  );
  return el(
    'div',
    { class: 'animals' },
    el('h3', {}, texts.animals.title),
    el('p', { class: 'small' }, texts.animals.hint),
    el('ul', { class: 'actions' }, ...rows),
  );
}

/** The likely breeds, with a picture each. */
function rivalsView(shown: Neighbour[], { collection }: Entry, open: (neighbour: Neighbour) => void) {
  const items = shown.map((neighbour) =>
    el(
      'li',
      {},
      pictureButton(neighbour, collection, () => open(neighbour)),
      el('strong', {}, el('bdi', {}, humanise(neighbour.label))),
      el('span', { class: 'value' }, similarity(neighbour.similarity)),
    ),
  );
  return el('ul', { class: 'rivals', 'aria-label': texts.answer.rivals }, ...items);
}

/** Actions of the panel. */
interface Ways {
  /** Asks about another part of the photo. */
  askPart: (part: Rectangle) => void;
  /** Enlarges a neighbour. */
  open: (neighbour: Neighbour) => void;
  /** The photo; null if this browser cannot show it. */
  picture: () => HTMLImageElement | null;
  canShare: boolean;
}

/** The panel for an answer. */
export function answerView(entry: Entry, answer: Identification, ways: Ways): HTMLElement {
  const { kicker, headline, share, tally, advice } = verdict(answer);
  const shares = shownShares(answer);
  const parts: HTMLElement[] = [
    el('p', { class: 'kicker' }, icon(iconOf(answer)), kicker),
    el('h2', { id: 'answer-title', tabindex: -1 }, el('bdi', {}, headline)),
  ];
  if (share !== null) {
    parts.push(el('p', { class: 'share' }, el('strong', {}, shares[0]!.text), ` ${confidenceName(answer)}`));
  }
  if (answer.neighbours.length > 0) {
    parts.push(ballots(answer, places(answer)));
  }
  const said = el('p', { class: 'tally' }, tally);
  parts.push(said);
  void knownNote(entry, answer).then((note) => note && said.after(note));
  if (advice) {
    parts.push(el('p', { class: 'advice' }, advice));
  }
  const shown = rivals(answer);
  if (shown.length > 0) {
    parts.push(rivalsView(shown, entry, ways.open));
  }
  if (shares.length > 0) {
    const calibrated = answer.basis !== 'vote';
    parts.push(
      el('h3', {}, calibrated ? texts.answer.confidenceTitle : texts.answer.voteTitle),
      el('ul', { class: 'candidates' }, ...shares.map(candidate)),
      el(
        'details',
        {},
        el('summary', {}, calibrated ? texts.answer.confidenceMeans : texts.answer.voteMeans),
        el('p', {}, texts.answer.meaning[answer.basis]),
      ),
    );
  }
  if (answer.animals.length > 0) {
    parts.push(animalsView(answer, ways.askPart));
  }
  parts.push(answerActions(entry, answer, ways.picture, ways.canShare), facts(answer));
  return el(
    'div',
    { class: 'verdict', 'data-decision': answer.decision, 'data-mark': iconOf(answer) },
    ...parts,
  );
}
