/**
 * Decides which photos of a noisily labelled set may be relied on: those whose label is among the likeliest both by a
 * classifier that has not seen them and by their neighbours from other sources.
 */
import { vote } from '../breeds/vote.js';
import { computeCrossFittedScores } from './discriminant.js';
import { type EmbeddedItem, type EmbeddedSet, joinSets } from './embed-set.js';
import { forEachQuery } from './exact-neighbours.js';
import { readGroup, readSource } from './provenance.js';

/** A label is believed when it is among this many likeliest, by either judge. */
const BELIEVED = 2;

/** Why a photo is dropped. */
export type DropReason = 'classifier' | 'neighbours' | 'classifier and neighbours';

/** What was found about one photo. */
export interface LabelVerdict {
  item: EmbeddedItem;
  /** Place of its own label, from 1, by the classifier that has not seen the photo, and by the vote of its neighbours. */
  rank: { classifier: number; neighbours: number };
  /** The likeliest label of either. */
  suggested: { classifier: string; neighbours: string | null };
  /** Null: the photo is kept. */
  dropped: DropReason | null;
}

/** Settings of {@link cleanLabels}. */
export interface CleanOptions {
  /** Sets whose labels help to judge and are not judged themselves. */
  trusted?: readonly EmbeddedSet[];
  /** Labels whose photos are all kept, for one that nobody guesses wrongly, such as "of no breed". */
  keep?: ReadonlySet<string>;
  /** Photos of each label to keep at least, the best supported first; 0 unless given. */
  least?: number;
  /** The vote of the model. */
  k: number;
  temperature: number;
}

/**
 * Judges every photo of a set. Both judgements are out of sample: the classifier is cross-fitted (confident learning,
 * Northcutt, Jiang, Chuang 2021, arXiv 1911.00068), and a photo's neighbours are of other groups and, where its label
 * comes from several sources, of other sources: photos that were mislabelled together support each other.
 */
export function cleanLabels(set: EmbeddedSet, options: CleanOptions): LabelVerdict[] {
  const { trusted = [], keep = new Set(), least = 0, k, temperature } = options;
  const all = joinSets([set, ...trusted]);
  const labels = [...new Set(all.items.map(({ label }) => label))].sort();
  const numberOf = new Map(labels.map((label, i) => [label, i]));
  const scores = computeCrossFittedScores({
    vectors: all.vectors,
    labels: all.items.map(({ label }) => numberOf.get(label)!),
    groups: all.items.map(readGroup),
  });
  const sources = new Map<string, Set<string>>();
  for (const item of all.items) {
    sources.set(item.label, (sources.get(item.label) ?? new Set()).add(readSource(item)));
  }
  const verdicts: LabelVerdict[] = [];
  forEachQuery(all.vectors, set.vectors, (q, nearest) => {
    const item = set.items[q]!;
    const [group, source] = [readGroup(item), readSource(item)];
    const tooClose = (row: number) => {
      const other = all.items[row]!;
      const alike = sources.get(other.label)!.size > 1 && readSource(other) === source;
      return alike || readGroup(other) === group || other.sha256 === item.sha256;
    };
    const { rows, similarities } = nearest(k, tooClose);
    const votes = vote(
      Array.from(rows, (row, i) => ({ label: all.items[row]!.label, similarity: similarities[i]! })),
      temperature,
    );
    const own = numberOf.get(item.label)!;
    verdicts.push(
      judge(item, scores.subarray(q * labels.length, (q + 1) * labels.length), own, votes, labels, keep),
    );
  });
  keepLeast(verdicts, least);
  return verdicts;
}

/** Takes the best supported photos of a label back until it has `least`. */
function keepLeast(verdicts: readonly LabelVerdict[], least: number): void {
  const byLabel = new Map<string, LabelVerdict[]>();
  for (const verdict of verdicts) {
    byLabel.set(verdict.item.label, [...(byLabel.get(verdict.item.label) ?? []), verdict]);
  }
  const support = ({ rank }: LabelVerdict) => rank.classifier + rank.neighbours;
  for (const own of byLabel.values()) {
    const missing = least - own.filter(({ dropped }) => dropped === null).length;
    const candidates = own.filter(({ dropped }) => dropped !== null).sort((a, b) => support(a) - support(b));
    for (const verdict of candidates.slice(0, Math.max(0, missing))) {
      verdict.dropped = null;
    }
  }
}

function judge(
  item: EmbeddedItem,
  scores: Float64Array,
  own: number,
  votes: readonly { label: string }[],
  labels: readonly string[],
  keep: ReadonlySet<string>,
): LabelVerdict {
  const classifier = 1 + scores.filter((score) => score > scores[own]!).length;
  const place = votes.findIndex(({ label }) => label === item.label);
  const neighbours = findPlace(place, votes.length, labels.length);
  return {
    item,
    rank: { classifier, neighbours },
    suggested: {
      classifier: labels[scores.indexOf(Math.max(...scores))]!,
      neighbours: votes[0]?.label ?? null,
    },
    dropped: keep.has(item.label) ? null : findReasonToDrop(classifier > BELIEVED, neighbours > BELIEVED),
  };
}

/** The place of a label in the vote, from 1: the last of all labels where nobody voted for it. */
function findPlace(place: number, voted: number, labelCount: number): number {
  if (voted === 0) {
    // Without a neighbour of another source there is no second opinion.
    return 1;
  }
  return place < 0 ? labelCount : place + 1;
}

function findReasonToDrop(byClassifier: boolean, byNeighbours: boolean): DropReason | null {
  if (byClassifier && byNeighbours) {
    return 'classifier and neighbours';
  }
  if (byClassifier) {
    return 'classifier';
  }
  return byNeighbours ? 'neighbours' : null;
}
