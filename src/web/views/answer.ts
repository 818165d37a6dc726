/** The answer panel: verdict, votes, candidates, and how it was found. */
import type { Identification, Neighbour } from '../../engine/engine.js';
import type { Rectangle } from '../../image/regions.js';
import { button, el, icon, shareBar } from '../dom.js';
import { formatDuration, formatLabel, formatPercent, formatSimilarity } from '../format.js';
import type { Entry } from '../session.js';
import { texts } from '../texts/texts.js';
import {
  chooseLabelColours,
  describeAnswer,
  findRivals,
  listShares,
  nameConfidence,
  type ShownShare,
} from '../verdict.js';
import { answerActions } from './answer-actions.js';
import { knownNote } from './known-note.js';
import { pictureButton } from './neighbour.js';

const ICONS = { match: 'check', ambiguous: 'split', unknown: 'question' } as const;

/** Only answers of a measured collection get a tick. */
const chooseIcon = ({ decision, calibrated }: Identification) =>
  decision === 'match' && !calibrated ? 'paw-small' : ICONS[decision];

/** One mark for each neighbour, nearest first, in the colour of its breed. */
function ballots(answer: Identification): HTMLElement {
  const colourOf = chooseLabelColours(answer);
  const marks = answer.neighbours.map(({ label }) => el('span.ballot', { '--place': colourOf(label) }));
  return el('div.ballots', { 'aria-hidden': 'true' }, marks);
}

function candidate({ name, share, text, colour }: ShownShare): HTMLElement {
  return el('li', { '--place': colour }, el('bdi.name', name), el('span.value', text), shareBar(share));
}

function facts(answer: Identification): HTMLElement {
  const { decodeMs, embedMs, searchMs, totalMs } = answer.timing;
  return el(
    'p.facts',
    texts.answer.took(formatDuration(totalMs)),
    el(
      'span',
      texts.answer.steps(formatDuration(decodeMs), formatDuration(embedMs), formatDuration(searchMs)),
    ),
    el(
      'span',
      texts.answer.model(answer.model.name),
      el('code', { title: answer.model.fingerprint }, answer.model.fingerprint.slice(0, 8)),
    ),
  );
}

/** Breeds found in other parts of the photo, each of which can be asked about. */
function animalsView({ animals }: Identification, askPart: (part: Rectangle) => void): HTMLElement {
  const { title, hint, identify } = texts.animals;
  const rows = animals.map(({ breed, confidence, region }) =>
    el(
      'li',
      button(identify(formatLabel(breed), formatPercent(confidence)), 'plain', () => askPart(region)),
    ),
  );
  return el('div.animals', el('h3', title), el('p.small', hint), el('ul.actions', rows));
}

/** The likely breeds, with a picture each. */
function rivalsView(shown: Neighbour[], { collection }: Entry, open: (neighbour: Neighbour) => void) {
  const items = shown.map((neighbour) =>
    el(
      'li',
      pictureButton(neighbour, collection, () => open(neighbour)),
      el('strong', el('bdi', formatLabel(neighbour.label))),
      el('span.value', formatSimilarity(neighbour.similarity)),
    ),
  );
  return el('ul.rivals', { 'aria-label': texts.answer.rivals }, items);
}

/** The bars of an answer, and what they mean. */
function sharesView(answer: Identification, shares: ShownShare[]): HTMLElement[] {
  const t = texts.answer;
  const [title, means] =
    answer.basis === 'vote' ? [t.voteTitle, t.voteMeans] : [t.confidenceTitle, t.confidenceMeans];
  return [
    el('h3', title),
    el('ul.candidates', shares.map(candidate)),
    el('details', el('summary', means), el('p', t.meaning[answer.basis])),
  ];
}

interface AnswerActions {
  /** Asks about another part of the photo. */
  askPart: (part: Rectangle) => void;
  open: (neighbour: Neighbour) => void;
  /** The photo; null if this browser cannot show it. */
  picture: () => HTMLImageElement | null;
}

export function answerView(entry: Entry, answer: Identification, actions: AnswerActions): HTMLElement {
  const { kicker, headline, share, tally, advice } = describeAnswer(answer);
  const shares = listShares(answer);
  const shown = findRivals(answer);
  const tallyLine = el('p.tally', tally);
  void knownNote(entry, answer).then((note) => note && tallyLine.after(note));
  return el(
    'div.verdict',
    { 'data-decision': answer.decision, 'data-mark': chooseIcon(answer) },
    el('p.kicker', icon(chooseIcon(answer)), kicker),
    el('h2', { id: 'answer-title', tabindex: -1 }, el('bdi', headline)),
    share !== null && el('p.share', el('strong', shares[0]!.text), ` ${nameConfidence(answer)}`),
    answer.neighbours.length > 0 && ballots(answer),
    tallyLine,
    advice && el('p.advice', advice),
    shown.length > 0 && rivalsView(shown, entry, actions.open),
    shares.length > 0 && sharesView(answer, shares),
    answer.animals.length > 0 && animalsView(answer, actions.askPart),
    answerActions(entry, answer, actions.picture),
    facts(answer),
  );
}
