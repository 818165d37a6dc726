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

/** A label is trusted if it is among this many likeliest ones for both the classifier and the neighbours. */
const TRUSTED_RANK = 2;

/** Why a photo is dropped. */
export type DropReason = 'classifier' | 'neighbours' | 'classifier and neighbours';

export interface CheckedLabel {
  item: EmbeddedItem;
  /** Rank of its label, from 1, by the classifier and by the vote of its neighbours. */
  rank: { classifier: number; neighbours: number };
  /** The likeliest label according to each. */
  suggested: { classifier: string; neighbours: string | null };
  /** Null if the photo is kept. */
  dropped: DropReason | null;
}

export interface CleanOptions {
  /** Sets with trusted labels, which are not checked themselves. */
  trusted?: readonly EmbeddedSet[];
  /** Labels whose photos are all kept, such as "no breed". */
  keep?: ReadonlySet<string>;
  /** Number of photos to keep per label even if they are doubtful, best supported first. Default: 0. */
  minPerLabel?: number;
  /** The vote of the model. */
  k: number;
  temperature: number;
}

/**
 * Checks the label of every photo of a set, twice and out of sample. The classifier is cross-fitted (confident learning,
 * Northcutt, Jiang, Chuang 2021, arXiv 1911.00068). The neighbours come from other groups and, if the label has several
 * sources, from other sources, since photos that were mislabelled together support each other.
 */
export function cleanLabels(set: EmbeddedSet, options: CleanOptions): CheckedLabel[] {
  const { trusted = [], keep = new Set(), minPerLabel = 0, k, temperature } = options;
  const all = joinSets([set, ...trusted]);
  const labels = [...new Set(all.items.map(({ label }) => label))].sort();
  const numberOf = new Map(labels.map((label, i) => [label, i]));
  const scores = computeCrossFittedScores({
    vectors: all.vectors,
    labels: all.items.map(({ label }) => numberOf.get(label)!),
    groups: all.items.map(readGroup),
  });
  const isTooClose = createClosenessCheck(all.items);
  const checked: CheckedLabel[] = [];
  forEachQuery(all.vectors, set.vectors, (q, findNearest) => {
    const item = set.items[q]!;
    const { rows, similarities } = findNearest(k, (row) => isTooClose(item, all.items[row]!));
    const votes = vote(
      Array.from(rows, (row, i) => ({ label: all.items[row]!.label, similarity: similarities[i]! })),
      temperature,
    );
    const check = checkLabel(item, labels, scores[q]!, votes);
    checked.push(keep.has(item.label) ? { ...check, dropped: null } : check);
  });
  restoreMinimum(checked, minPerLabel);
  return checked;
}

/** Creates a function that tells whether a photo must not vote on another, because both may be mislabelled together. */
function createClosenessCheck(items: readonly EmbeddedItem[]) {
  const byLabel = groupBy(items, ({ label }) => label);
  const hasSources = new Map(
    [...byLabel].map(([label, photos]) => [label, new Set(photos.map(readSource)).size > 1]),
  );
  return (item: EmbeddedItem, other: EmbeddedItem): boolean => {
    const isSameSource = hasSources.get(other.label)! && readSource(other) === readSource(item);
    return isSameSource || readGroup(other) === readGroup(item) || other.sha256 === item.sha256;
  };
}

/** Restores the best supported photos of a label until it has `minPerLabel`. */
function restoreMinimum(checked: readonly CheckedLabel[], minPerLabel: number): void {
  const sumRanks = ({ rank }: CheckedLabel) => rank.classifier + rank.neighbours;
  for (const photos of groupBy(checked, ({ item }) => item.label).values()) {
    const dropped = photos.filter((photo) => photo.dropped !== null);
    const missing = minPerLabel - (photos.length - dropped.length);
    dropped.sort((a, b) => sumRanks(a) - sumRanks(b));
    for (const photo of dropped.slice(0, Math.max(0, missing))) {
      photo.dropped = null;
    }
  }
}

/** @param scores of the classifier, one per label */
function checkLabel(
  item: EmbeddedItem,
  labels: readonly string[],
  scores: readonly number[],
  votes: readonly { label: string }[],
): CheckedLabel {
  const score = scores[labels.indexOf(item.label)]!;
  const voteRank = 1 + votes.findIndex(({ label }) => label === item.label);
  const rank = {
    classifier: 1 + scores.filter((other) => other > score).length,
    // Without neighbours from other sources there is no second opinion. A label that nobody votes for comes last.
    neighbours: votes.length === 0 ? 1 : voteRank || labels.length,
  };
  const doubters = (['classifier', 'neighbours'] as const).filter((name) => rank[name] > TRUSTED_RANK);
  return {
    item,
    rank,
    suggested: {
      classifier: labels[scores.indexOf(Math.max(...scores))]!,
      neighbours: votes[0]?.label ?? null,
    },
    dropped: doubters.length === 0 ? null : (doubters.join(' and ') as DropReason),
  };
}
