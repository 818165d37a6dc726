/**
 * Decides which labels of a noisily labelled set can be trusted: those that are among the likeliest both for a
 * classifier that was not fitted to the photo and for its neighbours from other sources.
 */
import { vote } from '../breeds/vote.js';
import { groupBy } from '../math/group-by.js';
import { computeCrossFittedScores } from './discriminant.js';
import { type EmbeddedItem, type EmbeddedSet, joinSets } from './embed-set.js';
import { forEachQuery } from './exact-neighbours.js';
import { readGroup, readSource } from './provenance.js';

/** A label is trusted if it is among this many likeliest ones for both judges. */
const BELIEVED = 2;

/** Why a photo is dropped. */
export type DropReason = 'classifier' | 'neighbours' | 'classifier and neighbours';

export interface LabelVerdict {
  item: EmbeddedItem;
  /** Rank of its own label, from 1, by the classifier and by the vote of its neighbours. */
  rank: { classifier: number; neighbours: number };
  /** The likeliest label according to each. */
  suggested: { classifier: string; neighbours: string | null };
  /** Null if the photo is kept. */
  dropped: DropReason | null;
}

export interface CleanOptions {
  /** Sets with trusted labels, which are not judged themselves. */
  trusted?: readonly EmbeddedSet[];
  /** Labels whose photos are all kept, such as "no breed". */
  keep?: ReadonlySet<string>;
  /** The least number of photos to keep per label, best supported first. Default: 0. */
  least?: number;
  /** The vote of the model. */
  k: number;
  temperature: number;
}

/**
 * Judges every photo of a set. Both judgements are out of sample. The classifier is cross-fitted (confident learning,
 * Northcutt, Jiang, Chuang 2021, arXiv 1911.00068). The neighbours come from other groups and, if the label has several
 * sources, from other sources, since photos that were mislabelled together support each other.
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

/** Restores the best supported photos of a label until it has `least`. */
function keepLeast(verdicts: readonly LabelVerdict[], least: number): void {
  const support = ({ rank }: LabelVerdict) => rank.classifier + rank.neighbours;
  for (const own of groupBy(verdicts, ({ item }) => item.label).values()) {
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
  const place = 1 + votes.findIndex(({ label }) => label === item.label);
  // Without neighbours from other sources there is no second opinion. A label that nobody votes for comes last.
  const neighbours = votes.length === 0 ? 1 : place || labels.length;
  const rank = { classifier, neighbours };
  const doubters = (['classifier', 'neighbours'] as const).filter((judge) => rank[judge] > BELIEVED);
  return {
    item,
    rank,
    suggested: {
      classifier: labels[scores.indexOf(Math.max(...scores))]!,
      neighbours: votes[0]?.label ?? null,
    },
    dropped: keep.has(item.label) || doubters.length === 0 ? null : (doubters.join(' and ') as DropReason),
  };
}
