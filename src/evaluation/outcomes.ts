/** Runs the queries of one set against another as gallery. Metrics are computed elsewhere. */
import { computeFamiliarity, predictPet } from '../breeds/calibration.js';
import {
  type AnswerOptions,
  type BreedAnswer,
  computeKnownProbability,
  identifyBreed,
} from '../breeds/identify-breed.js';
import { measureNonPetSimilarity, type NonPetPhotos } from '../breeds/non-pets.js';
import { CROPPED_PICTURE } from '../breeds/same-picture.js';
import type { Voter } from '../breeds/vote.js';
import { countBy } from '../math/group-by.js';
import { getRow } from '../math/matrix.js';
import { type EmbeddedSet, removeRepeats } from './embed-set.js';
import { forEachQuery, type Nearest } from './exact-neighbours.js';
import { computeAveragePrecisionAtR, findFirstHit } from './metrics/retrieval.js';
import { createApartFinder } from './provenance.js';

export interface Outcome {
  file: string;
  label: string;
  /** Rank of the first neighbour with the query's label, 1-based; Infinity if there is none among those found. */
  rank: number;
  /** Average precision at R, 0..1; null if the gallery has no other photo of the label. */
  averagePrecision: number | null;
  /** Mean similarity of the nearest neighbours, -1..1. */
  familiarity: number;
  answer: BreedAnswer;
  /** Calibrated probability that it shows a pet; null if the calibration has no `pet` model. */
  pet: number | null;
  /** Calibrated probability that the gallery contains the label, with the label and with it held out; null without one. */
  known: { asIs: number; labelHeldOut: number } | null;
  /** The nearest photo of the first candidate's label, as evidence. */
  evidence: { file: string; label: string; similarity: number } | null;
  /** The other columns of the query's manifest; empty without one. */
  metadata: Readonly<Record<string, string>>;
  /** Gallery photos that were excluded: the same photo, and others of its `group`. */
  keptApart: number;
}

/** Gallery, queries and settings. */
export interface AskOptions {
  gallery: EmbeddedSet;
  queries: EmbeddedSet;
  /** Neighbours that vote. */
  k: number;
  /** Temperature of the vote and the calibration, if any. */
  answering: AnswerOptions;
  /** Whether a query may not find the gallery's photo with the same bytes. */
  leaveOneOut: boolean;
  /** Non-pet photos that come with the encoder, if there are any. */
  references?: NonPetPhotos | null;
}

/** Neighbours that recall@10 needs. */
export const RECALL_DEPTH = 10;

/** Returns the first candidate, also if the decision is `unknown`. */
export function predictLabel({ answer }: Pick<Outcome, 'answer'>): string | null {
  return answer.candidates[0]?.label ?? null;
}

/** The neighbours of one query, nearest first. */
interface Found {
  file: string;
  label: string;
  /** At least the voters and as many as recall@10 needs, if there are enough. */
  neighbours: { file: string; label: string | null; similarity: number }[];
  averagePrecision: number | null;
  /** The voters if the label was held out of the gallery; only used with a calibration. */
  withoutLabel: () => readonly Voter[];
  /** Cosine similarity to the nearest non-pet photo; null if not measured. */
  nonPetSimilarity: number | null;
  metadata?: Readonly<Record<string, string>>;
  keptApart?: number;
}

/** Computes the outcome of a query. @param k number of voters */
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
    known: predictKnown(voters, answering, found),
    evidence:
      evidence === undefined || first === undefined
        ? null
        : { file: evidence.file, label: first, similarity: evidence.similarity },
    metadata,
    keptApart,
  };
}

/** Counts for each query the gallery photos of its label that it may find. @param apart rows that it may not find */
function countRelevant(
  gallery: readonly { label: string }[],
  queries: readonly { label: string }[],
  apart: readonly ReadonlySet<number>[],
): number[] {
  const counts = countBy(gallery, ({ label }) => label);
  return queries.map(({ label }, q) => {
    const hidden = [...apart[q]!].filter((row) => gallery[row]!.label === label).length;
    return (counts.get(label) ?? 0) - hidden;
  });
}

function listNeighbours({ items }: EmbeddedSet, { rows, similarities }: Nearest, count: number) {
  return Array.from(rows.subarray(0, count), (row, i) => {
    const { file, label } = items[row]!;
    return { file, label, similarity: similarities[i]! };
  });
}

/**
 * Runs every query by exact search. The gallery must contain each content once, as a collection does. Photos of the
 * same `group` in the manifests are excluded, since photos of the same animal are not independent evidence.
 */
export function ask({
  gallery: given,
  queries,
  k,
  answering,
  leaveOneOut,
  references,
}: AskOptions): Outcome[] {
  const gallery = removeRepeats(given);
  const apart = queries.items.map(createApartFinder(gallery.items, leaveOneOut));
  const wanted = countRelevant(gallery.items, queries.items, apart);
  const depth = wanted.reduce((most, r) => Math.max(most, r), Math.max(k, RECALL_DEPTH));
  const listed = Math.max(k, RECALL_DEPTH);
  const neighboursOf = (nearest: Nearest, count: number) => listNeighbours(gallery, nearest, count);
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
      nonPetSimilarity: measureNonPetSimilarity(getRow(queries.vectors, q), references),
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

function predictKnown(
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

/** Counts queries that have the same bytes as a gallery photo, and others that are nearly equal to one. */
export function countOverlap(gallery: EmbeddedSet, queries: EmbeddedSet): { same: number; nearly: number } {
  const hashes = new Set(gallery.items.map(({ sha256 }) => sha256));
  const overlap = { same: 0, nearly: 0 };
  forEachQuery(gallery.vectors, queries.vectors, (q, nearest) => {
    if (hashes.has(queries.items[q]!.sha256)) {
      overlap.same++;
    } else if (nearest(1).similarities[0]! >= CROPPED_PICTURE) {
      overlap.nearly++;
    }
  });
  return overlap;
}

/** A wrong answer with the evidence for it. */
export interface Mistake {
  /** The file of a set's photo, or the id of a collection's item. */
  file: string;
  label: string;
  predicted: string;
  /** Confidence of the wrong answer, 0..1. */
  confidence: number;
  evidence: Outcome['evidence'];
}

/** Lists all wrong answers, most confident first. */
export function listMistakes(outcomes: readonly Outcome[]): Mistake[] {
  return outcomes
    .flatMap((outcome) => {
      const predicted = predictLabel(outcome);
      if (predicted === null || predicted === outcome.label) {
        return [];
      }
      const { file, label, evidence, answer } = outcome;
      return [{ file, label, predicted, confidence: answer.confidence, evidence }];
    })
    .sort((a, b) => b.confidence - a.confidence);
}
