/** What an answer says, in words: honest about what kind of answer it is. Pure functions. */
import type { Identification, Neighbour } from '../engine/engine.js';
import { alternatives, count, humanise, percent } from './format.js';

/** An answer in words. */
export interface Verdict {
  /** Above the headline: what kind of answer this is. */
  kicker: string;
  headline: string;
  /** The confidence to show with the headline, 0..1; null where it names no single breed. */
  share: number | null;
  /** What the neighbours had to say. */
  tally: string;
  /** What the person should make of it, where that is not plain. */
  advice: string | null;
}

/** How many of the neighbours carry each label, most first. */
function tallied(neighbours: Neighbour[]): [label: string, votes: number][] {
  const votes = new Map<string, number>();
  for (const { label } of neighbours) if (label !== null) votes.set(label, (votes.get(label) ?? 0) + 1);
  return [...votes].sort((a, b) => b[1] - a[1]);
}

function matched(answer: Identification, breed: string): Verdict {
  const { neighbours } = answer;
  const votes = neighbours.filter(({ label }) => label === breed).length;
  const share = votes === neighbours.length ? 'All' : `${votes} of the`;
  const verb = votes === 1 ? 'is' : 'are';
  return {
    kicker: 'Looks like',
    headline: humanise(breed),
    share: answer.confidence,
    tally:
      neighbours.length === 1
        ? 'There is only one photo to compare with, and it has this label.'
        : `${share} ${neighbours.length} most similar photos ${verb} ${humanise(breed)}.`,
    advice: null,
  };
}

/** Those in the running: of the first three candidates, the ones with at least half of the first one's share. */
function front({ candidates }: Identification): string[] {
  const enough = (candidates[0]?.confidence ?? 0) / 2;
  return candidates.slice(0, 3).flatMap(({ label, confidence }) => (confidence >= enough ? label : []));
}

const UNSETTLED = 'Another photo may settle it; it may also be a mix, or something not known here.';

function undecided(answer: Identification): Verdict {
  const labels = front(answer);
  const names = labels.map(humanise);
  const votes = new Map(tallied(answer.neighbours));
  const parts = labels.map((label) => {
    const n = votes.get(label) ?? 0;
    return `${n} ${n === 1 ? 'is' : 'are'} ${humanise(label)}`;
  });
  const tally = `Of the ${answer.neighbours.length} most similar photos, ${parts.join(', ')}.`;
  if (names.length === 1)
    return {
      kicker: 'Not certain',
      headline: `Perhaps ${names[0]}`,
      share: answer.confidence,
      tally,
      advice: `Not enough to name the breed. ${UNSETTLED}`,
    };
  return {
    kicker: names.length === 2 ? 'Could be either' : 'Could be any of these',
    headline: alternatives(names),
    share: null,
    tally,
    advice: `Too close to call, so no breed is picked. ${UNSETTLED}`,
  };
}

function unknown(answer: Identification): Verdict {
  const { neighbours } = answer;
  if (neighbours.length === 0)
    return {
      kicker: 'No answer',
      headline: 'Nothing to compare with',
      share: null,
      tally: 'This collection has no photos yet.',
      advice: 'Index labelled photos into it, or choose another collection above.',
    };
  const breeds = tallied(neighbours).length;
  const shown =
    breeds === 0
      ? 'carry no label'
      : breeds === 1
        ? 'carry one label, but are not similar enough'
        : `show ${count(breeds, 'different breed')}`;
  return {
    kicker: 'No clear answer',
    headline: 'Not sure',
    share: null,
    tally: `The ${count(neighbours.length, 'most similar photo')} ${shown}.`,
    advice:
      'It may be a breed that this collection does not know, a mix, or no cat or dog at all. The nearest guesses are below.',
  };
}

/** The answer in words. */
export function verdict(answer: Identification): Verdict {
  if (answer.decision === 'match' && answer.breed !== null) return matched(answer, answer.breed);
  if (answer.decision === 'ambiguous' && answer.candidates.length > 0) return undecided(answer);
  return unknown(answer);
}

/** What `confidence` is: a share of the vote until the server has calibrated it into a probability. */
export function confidenceName(answer: Identification): string {
  return answer.calibrated ? 'confidence' : 'share of the vote';
}

/** One sentence for people who listen to the page. */
export function spoken(answer: Identification): string {
  const { kicker, headline, share, tally } = verdict(answer);
  const sure = share === null ? '' : ` ${percent(share)} ${confidenceName(answer)}.`;
  return `${kicker}: ${headline}.${sure} ${tally}`;
}

/**
 * Each label's place among the candidates, 0 first: gives a breed one colour wherever it is shown. Labels
 * beyond the first five candidates share one colour and have no place.
 */
export function places(answer: Identification): Map<string, number> {
  return new Map(answer.candidates.slice(0, 5).map(({ label }, place) => [label, place]));
}
