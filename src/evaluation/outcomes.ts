/** One set asked against another: what came back for every query, before any metric is taken. */

import { familiarity } from '../breeds/familiarity.js';
import { type AnswerOptions, answer, type BreedAnswer, knownProbability } from '../breeds/identify.js';
import type { Voter } from '../breeds/vote.js';
import { type EmbeddedSet, withoutRepeats } from './embed-set.js';
import { forEachQuery, type Nearest } from './exact.js';
import { averagePrecisionAtR, firstHit } from './metrics/retrieval.js';

/** What came back for one query. */
export interface Outcome {
  file: string;
  label: string;
  /** Rank of the first neighbour with the query's label, 1-based; Infinity when none of those looked at has. */
  rank: number;
  /** Average precision at R, 0..1; null when the gallery holds no other photo of the label. */
  averagePrecision: number | null;
  /** Mean similarity of the nearest neighbours, -1..1. */
  familiarity: number;
  answer: BreedAnswer;
  /** That the gallery holds the query's label, by the calibration; the same when it does not. Null without one. */
  known: { asIs: number; labelHeldOut: number } | null;
  /** The nearest photo of the label that was answered first: what spoke for it. */
  evidence: { file: string; label: string; similarity: number } | null;
}

/** Gallery and queries with how to ask. */
export interface AskOptions {
  gallery: EmbeddedSet;
  queries: EmbeddedSet;
  /** Neighbours that vote. */
  k: number;
  /** Temperature of the vote and the calibration, if any. */
  answering: AnswerOptions;
  /** Whether a query may not find the gallery's photo with the same bytes. */
  leaveOneOut: boolean;
}

/** Neighbours that the recall at 10 looks at. */
const RECALL_DEPTH = 10;

function countLabels(items: readonly { label: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { label } of items) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** Asks every query, by exact search; the gallery holds each content once, as a collection would. */
export function ask({ gallery: given, queries, k, answering, leaveOneOut }: AskOptions): Outcome[] {
  const gallery = withoutRepeats(given);
  const rowOf = new Map(gallery.items.map(({ sha256 }, row) => [sha256, row]));
  const except = Int32Array.from(queries.items, ({ sha256 }) =>
    leaveOneOut ? (rowOf.get(sha256) ?? -1) : -1,
  );
  const counts = countLabels(gallery.items);
  const wanted = queries.items.map(({ label }, q) => {
    const self = gallery.items[except[q]!]?.label === label ? 1 : 0;
    return (counts.get(label) ?? 0) - self;
  });
  const depth = wanted.reduce((most, r) => Math.max(most, r), Math.max(k, RECALL_DEPTH));
  const votersOf = ({ rows, similarities }: Nearest): Voter[] =>
    Array.from(rows.subarray(0, k), (row, i) => ({
      label: gallery.items[row]!.label,
      similarity: similarities[i]!,
    }));
  const outcomes: Outcome[] = [];
  forEachQuery(gallery.vectors, queries.vectors, (q, nearest) => {
    const { file, label } = queries.items[q]!;
    const found = nearest(depth, (row) => row === except[q]);
    const relevant = Uint8Array.from(found.rows, (row) => (gallery.items[row]!.label === label ? 1 : 0));
    const voters = votersOf(found);
    const answered = answer(voters, answering);
    const first = voters.findIndex((voter) => voter.label === answered.candidates[0]?.label);
    const evidence = gallery.items[found.rows[first] ?? -1];
    outcomes.push({
      file,
      label,
      rank: firstHit(relevant),
      averagePrecision: wanted[q]! === 0 ? null : averagePrecisionAtR(relevant, wanted[q]!),
      familiarity: familiarity(voters),
      answer: answered,
      known: knownWithAndWithout(voters, answering, () =>
        votersOf(nearest(k, (row) => row === except[q] || gallery.items[row]!.label === label)),
      ),
      evidence:
        evidence === undefined
          ? null
          : { file: evidence.file, label: evidence.label, similarity: voters[first]!.similarity },
    });
  });
  return outcomes;
}

function knownWithAndWithout(
  voters: Voter[],
  { calibration }: AnswerOptions,
  withoutLabel: () => Voter[],
): Outcome['known'] {
  if (calibration === null || calibration === undefined) return null;
  return {
    asIs: knownProbability(voters, calibration),
    labelHeldOut: knownProbability(withoutLabel(), calibration),
  };
}

/** How many queries have the same bytes as a photo of the gallery. */
export function countOverlap(gallery: EmbeddedSet, queries: EmbeddedSet): number {
  const hashes = new Set(gallery.items.map(({ sha256 }) => sha256));
  return queries.items.filter(({ sha256 }) => hashes.has(sha256)).length;
}
