/** Puts an answer into words that are honest about what kind of answer it is. Pure functions. */
import type { Identification, Neighbour } from '../engine/engine.js';
import { countBy } from '../math/group-by.js';
import { formatLabel, formatPercentages } from './format.js';
import { texts } from './texts/texts.js';

export interface Verdict {
  /** Above the headline: what kind of answer this is. */
  kicker: string;
  headline: string;
  /** The confidence to show with the headline, 0..1; null where it names no single breed. */
  share: number | null;
  /** How the neighbours voted. */
  tally: string;
  /** Advice, where the meaning is not obvious. */
  advice: string | null;
}

/** How many of the neighbours have each label, most first. */
function countLabels(neighbours: Neighbour[]): [label: string, votes: number][] {
  const labels = neighbours.flatMap(({ label }) => label ?? []);
  return [...countBy(labels, (label) => label)].sort((a, b) => b[1] - a[1]);
}

/** The labels of the neighbours, all of them. */
function describeVotes(neighbours: Neighbour[]): string {
  const { tally } = texts.answer;
  const votes = countLabels(neighbours);
  const [first] = votes;
  const unlabelled = neighbours.filter(({ label }) => label === null).length;
  if (first === undefined) {
    return tally.unlabelled(neighbours.length);
  }
  if (neighbours.length === 1) {
    return tally.only(formatLabel(first[0]));
  }
  if (first[1] === neighbours.length) {
    return tally.all(neighbours.length, formatLabel(first[0]));
  }
  const parts = votes.map(([label, n], i) => tally.part(n, formatLabel(label), i === 0));
  if (unlabelled > 0) {
    parts.push(tally.withoutLabel(unlabelled));
  }
  return tally.some(neighbours.length, parts);
}

function describeMatch(answer: Identification, breed: string): Verdict {
  return {
    kicker: answer.calibrated ? texts.answer.looksLike : texts.answer.mostSimilarTo,
    headline: formatLabel(breed),
    share: answer.confidence,
    tally: describeVotes(answer.neighbours),
    advice: answer.calibrated ? null : texts.answer.uncalibrated,
  };
}

/** The likely breeds: of the first three candidates, those with at least half the share of the first. */
function listLikelyBreeds({ candidates }: Identification): string[] {
  const enough = (candidates[0]?.confidence ?? 0) / 2;
  return candidates.slice(0, 3).flatMap(({ label, confidence }) => (confidence >= enough ? label : []));
}

/**
 * The nearest neighbour with a picture for each likely breed, to compare side by side. Empty where an answer names one
 * breed, or where there are fewer than two pictures.
 */
export function findRivals(answer: Identification): Neighbour[] {
  const labels = answer.decision === 'ambiguous' ? listLikelyBreeds(answer) : [];
  const shown = labels.flatMap(
    (wanted) => answer.neighbours.find(({ label, hasThumbnail }) => label === wanted && hasThumbnail) ?? [],
  );
  return shown.length > 1 ? shown : [];
}

function describeAmbiguous(answer: Identification): Verdict {
  const labels = listLikelyBreeds(answer);
  const names = labels.map(formatLabel);
  const tally = describeVotes(answer.neighbours);
  if (names.length === 1) {
    return {
      kicker: texts.answer.notCertain,
      headline: texts.answer.perhaps(names[0]!),
      share: answer.confidence,
      tally,
      advice: `${texts.answer.notEnough} ${texts.answer.unsettled}`,
    };
  }
  return {
    kicker: names.length === 2 ? texts.answer.either : texts.answer.anyOf,
    headline: texts.or(names),
    share: null,
    tally,
    advice: `${texts.answer.tooClose} ${texts.answer.unsettled}`,
  };
}

function describeUnknown(answer: Identification): Verdict {
  const { neighbours } = answer;
  if (neighbours.length === 0) {
    return {
      kicker: texts.failure.kicker,
      headline: texts.answer.nothingToCompare,
      share: null,
      tally: texts.answer.isEmpty,
      advice: texts.answer.fillIt,
    };
  }
  return {
    kicker: texts.answer.noClear,
    headline: texts.answer.notSure,
    share: null,
    tally: describeVotes(neighbours),
    advice: texts.answer.unknown,
  };
}

export function describeAnswer(answer: Identification): Verdict {
  if (answer.decision === 'match' && answer.breed !== null) {
    return describeMatch(answer, answer.breed);
  }
  if (answer.decision === 'ambiguous' && answer.candidates.length > 0) {
    return describeAmbiguous(answer);
  }
  return describeUnknown(answer);
}

/** What `confidence` is: a share of the vote where the server has no calibration that turns it into a probability. */
export function nameConfidence(answer: Identification): string {
  return answer.basis !== 'vote' ? texts.answer.confidence : texts.answer.voteShare;
}

/** A row of the list of candidates. */
export interface ShownShare {
  /** In words. */
  name: string;
  share: number;
  text: string;
  /** As a value in CSS. */
  colour: string;
}

/**
 * The rows of candidates and of the rest; the percentages sum to 100. Empty for an answer that names no breed: bars would
 * suggest that one is likely.
 */
export function listShares(answer: Identification): ShownShare[] {
  if (answer.decision === 'unknown' || answer.candidates.length === 0) {
    return [];
  }
  const listed = answer.candidates.slice(0, 5).filter(({ confidence }, i) => i === 0 || confidence >= 0.005);
  const rest = 1 - listed.reduce((sum, { confidence }) => sum + confidence, 0);
  const rows: Omit<ShownShare, 'text'>[] = listed.map(({ label, confidence }, place) => ({
    name: formatLabel(label),
    share: confidence,
    colour: getPlaceColour(place),
  }));
  // Shares of a vote sum to 1; calibrated ones leave room for what the collection does not contain.
  if (rest >= 0.005) {
    rows.push({
      name: answer.basis !== 'vote' ? texts.answer.somethingElse : texts.answer.otherBreeds,
      share: rest,
      colour: getPlaceColour(-1),
    });
  }
  const written = formatPercentages(rows.map(({ share }) => share));
  return rows.map((row, i) => ({ ...row, text: written[i]! }));
}

/** One sentence for screen readers. */
export function formatSpoken(answer: Identification): string {
  const { kicker, headline, share, tally } = describeAnswer(answer);
  const sure = share === null ? '' : ` ${listShares(answer)[0]!.text} ${nameConfidence(answer)}.`;
  return `${kicker}: ${headline}.${sure} ${tally}`;
}

/** The colour of a place among the candidates, 0 first, as a value in CSS. Later places share one. */
const getPlaceColour = (place: number) => `var(--place-${place >= 0 && place < 5 ? place : 'other'})`;

/** The colour of each label of an answer, as a value in CSS, so that a breed has the same one everywhere. */
export function chooseLabelColours({ candidates }: Identification): (label: string | null) => string {
  const labels = candidates.map(({ label }) => label);
  return (label) => getPlaceColour(labels.indexOf(label ?? ''));
}
