/** One set asked against another: what came back for every query, before any metric is taken. */

import { predictPet } from '../breeds/calibration.js';
import { computeFamiliarity } from '../breeds/familiarity.js';
import {
  type AnswerOptions,
  type BreedAnswer,
  computeKnownProbability,
  identifyBreed,
} from '../breeds/identify-breed.js';
import { measureNonPetSimilarity, type NonPetPhotos } from '../breeds/non-pets.js';
import type { Voter } from '../breeds/vote.js';
import { getRow } from '../math/matrix.js';
import { type EmbeddedSet, removeRepeats } from './embed-set.js';
import { forEachQuery, type Nearest } from './exact-neighbours.js';
import { computeAveragePrecisionAtR, findFirstHit } from './metrics/retrieval.js';
import { apartFrom } from './provenance.js';

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
  /** That it shows a pet, by the calibration; null without one that says so. */
  pet: number | null;
  /** That the gallery holds the query's label, by the calibration; the same when it does not. Null without one. */
  known: { asIs: number; labelHeldOut: number } | null;
  /** The nearest photo of the label that was answered first: what spoke for it. */
  evidence: { file: string; label: string; similarity: number } | null;
  /** The other columns of the query's manifest; empty where there is none. */
  metadata: Readonly<Record<string, string>>;
  /** Gallery photos that it was kept from finding: itself, and others of its `group`. */
  keptApart: number;
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
  /** Pictures of no pet that come with the encoder, if there are any. */
  references?: NonPetPhotos | null;
}

/** Neighbours that the recall at 10 looks at. */
export const RECALL_DEPTH = 10;

/** The vote's answer, also where the decision is `unknown`. */
export function predictLabel({ answer }: Pick<Outcome, 'answer'>): string | null {
  return answer.candidates[0]?.label ?? null;
}

/** What came back for one query, nearest first. */
interface Found {
  file: string;
  label: string;
  /** At least those that vote and as many as the recall looks at, where there are as many. */
  neighbours: { file: string; label: string | null; similarity: number }[];
  averagePrecision: number | null;
  /** Those that would vote if the gallery lacked the label; asked for only with a calibration. */
  withoutLabel: () => readonly Voter[];
  /** Cosine similarity to the nearest picture of no pet; null where it was not measured. */
  nonPetSimilarity: number | null;
  metadata?: Readonly<Record<string, string>>;
  keptApart?: number;
}

/** The outcome of a query. @param k neighbours that vote */
export function toOutcome(found: Found, k: number, answering: AnswerOptions): Outcome {
  const { file, label, neighbours, averagePrecision, nonPetSimilarity, metadata = {}, keptApart = 0 } = found;
  const voters = neighbours.slice(0, k);
  const answered = identifyBreed(voters, answering, nonPetSimilarity);
  const first = answered.candidates[0]?.label;
  const evidence = voters.find((voter) => voter.label === first);
  return {
    file,
    label,
    rank: findFirstHit(Uint8Array.from(neighbours, (neighbour) => (neighbour.label === label ? 1 : 0))),
    averagePrecision,
    familiarity: computeFamiliarity(voters),
    answer: answered,
    pet: answering.calibration
      ? predictPet({ neighbours: voters, nonPetSimilarity }, answering.calibration)
      : null,
    known: knownWithAndWithout(voters, answering, found),
    evidence:
      evidence === undefined || first === undefined
        ? null
        : { file: evidence.file, label: first, similarity: evidence.similarity },
    metadata,
    keptApart,
  };
}

function countLabels(items: readonly { label: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { label } of items) {
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return counts;
}

/**
 * Asks every query, by exact search; the gallery holds each content once, as a collection would. A query does not find
 * photos of its own `group`, where the manifests name one: the same animal is no independent evidence.
 */
export function ask({
  gallery: given,
  queries,
  k,
  answering,
  leaveOneOut,
  references = null,
}: AskOptions): Outcome[] {
  const gallery = removeRepeats(given);
  const counts = countLabels(gallery.items);
  const apart = queries.items.map(apartFrom(gallery.items, leaveOneOut));
  const wanted = queries.items.map(({ label }, q) => {
    const hidden = [...apart[q]!].filter((row) => gallery.items[row]!.label === label).length;
    return (counts.get(label) ?? 0) - hidden;
  });
  const depth = wanted.reduce((most, r) => Math.max(most, r), Math.max(k, RECALL_DEPTH));
  const listed = Math.max(k, RECALL_DEPTH);
  const neighboursOf = ({ rows, similarities }: Nearest, count: number) =>
    Array.from(rows.subarray(0, count), (row, i) => ({
      file: gallery.items[row]!.file,
      label: gallery.items[row]!.label,
      similarity: similarities[i]!,
    }));
  const outcomes: Outcome[] = [];
  forEachQuery(gallery.vectors, queries.vectors, (q, nearest) => {
    const { file, label, metadata } = queries.items[q]!;
    const hidden = apart[q]!;
    const found = nearest(depth, (row) => hidden.has(row));
    const relevant = Uint8Array.from(found.rows, (row) => (gallery.items[row]!.label === label ? 1 : 0));
    const asked: Found = {
      file,
      label,
      metadata,
      keptApart: hidden.size,
      nonPetSimilarity:
        references === null ? null : measureNonPetSimilarity(getRow(queries.vectors, q), references),
      neighbours: neighboursOf(found, listed),
      averagePrecision: wanted[q]! === 0 ? null : computeAveragePrecisionAtR(relevant, wanted[q]!),
      withoutLabel: () =>
        neighboursOf(
          nearest(k, (row) => hidden.has(row) || gallery.items[row]!.label === label),
          k,
        ),
    };
    outcomes.push(toOutcome(asked, k, answering));
  });
  return outcomes;
}

function knownWithAndWithout(
  voters: readonly Voter[],
  { calibration }: AnswerOptions,
  { withoutLabel, nonPetSimilarity }: Pick<Found, 'withoutLabel' | 'nonPetSimilarity'>,
): Outcome['known'] {
  if (calibration === null || calibration === undefined) {
    return null;
  }
  return {
    asIs: computeKnownProbability(voters, calibration, nonPetSimilarity),
    labelHeldOut: computeKnownProbability(withoutLabel(), calibration, nonPetSimilarity),
  };
}

/** Cosine similarity from which a query is taken for a photo of the gallery that was cut or saved again. */
const SAME_PICTURE = 0.985;

/** How many queries have the same bytes as a photo of the gallery, and how many others are nearly one of its pictures. */
export function countOverlap(gallery: EmbeddedSet, queries: EmbeddedSet): { same: number; nearly: number } {
  const hashes = new Set(gallery.items.map(({ sha256 }) => sha256));
  const overlap = { same: 0, nearly: 0 };
  forEachQuery(gallery.vectors, queries.vectors, (q, nearest) => {
    if (hashes.has(queries.items[q]!.sha256)) {
      overlap.same++;
    } else if (nearest(1).similarities[0]! >= SAME_PICTURE) {
      overlap.nearly++;
    }
  });
  return overlap;
}
