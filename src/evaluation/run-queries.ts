/** Runs the queries of one embedded set against another as gallery, in memory and by exact search. */
import type { AnswerOptions } from '../breeds/identify-breed.js';
import { measureNonPetSimilarity, type NonPetPhotos } from '../breeds/non-pets.js';
import { CROPPED_PICTURE } from '../breeds/same-picture.js';
import { countBy } from '../math/group-by.js';
import { getRow } from '../math/matrix.js';
import { type EmbeddedSet, removeRepeats } from './embed-set.js';
import { forEachQuery, type Nearest } from './exact-neighbours.js';
import { computeAveragePrecisionAtR, type Outcome, RECALL_DEPTH, toOutcome } from './outcomes.js';
import { createExclusionFinder } from './provenance.js';

/** Gallery, queries and settings. */
export interface QueryOptions {
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

/** Counts for each query the gallery photos of its label that it may find. @param excluded gallery rows per query */
function countRelevant(
  gallery: readonly { label: string }[],
  queries: readonly { label: string }[],
  excluded: readonly ReadonlySet<number>[],
): number[] {
  const counts = countBy(gallery, ({ label }) => label);
  return queries.map(({ label }, q) => {
    const hidden = [...excluded[q]!].filter((row) => gallery[row]!.label === label).length;
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
 * Runs every query. A collection contains each content once, so repeats in the gallery are removed. Photos of the same
 * `group` in the manifests are excluded, since photos of the same animal are not independent evidence.
 */
export function runQueries(options: QueryOptions): Outcome[] {
  const { queries, k, answering, leaveOneOut, references } = options;
  const gallery = removeRepeats(options.gallery);
  const excluded = queries.items.map(createExclusionFinder(gallery.items, leaveOneOut));
  const relevantCounts = countRelevant(gallery.items, queries.items, excluded);
  const neighbourCount = Math.max(k, RECALL_DEPTH);
  const depth = relevantCounts.reduce((deepest, count) => Math.max(deepest, count), neighbourCount);
  const outcomes: Outcome[] = [];
  forEachQuery(gallery.vectors, queries.vectors, (q, findNearest) => {
    const { file, label, metadata } = queries.items[q]!;
    const hidden = excluded[q]!;
    const relevantCount = relevantCounts[q]!;
    const nearest = findNearest(depth, (row) => hidden.has(row));
    const isRelevant = Uint8Array.from(nearest.rows, (row) => (gallery.items[row]!.label === label ? 1 : 0));
    const isHiddenOrAlike = (row: number) => hidden.has(row) || gallery.items[row]!.label === label;
    const result = {
      file,
      label,
      metadata,
      excludedCount: hidden.size,
      nonPetSimilarity: measureNonPetSimilarity(getRow(queries.vectors, q), references),
      neighbours: listNeighbours(gallery, nearest, neighbourCount),
      averagePrecision: relevantCount === 0 ? null : computeAveragePrecisionAtR(isRelevant, relevantCount),
      withoutLabel: answering.calibration ? listNeighbours(gallery, findNearest(k, isHiddenOrAlike), k) : [],
    };
    outcomes.push(toOutcome(result, k, answering));
  });
  return outcomes;
}

/** Counts queries that have the same bytes as a gallery photo, and others that are nearly equal to one. */
export function countOverlap(gallery: EmbeddedSet, queries: EmbeddedSet): { same: number; nearly: number } {
  const hashes = new Set(gallery.items.map(({ sha256 }) => sha256));
  const overlap = { same: 0, nearly: 0 };
  forEachQuery(gallery.vectors, queries.vectors, (q, findNearest) => {
    if (hashes.has(queries.items[q]!.sha256)) {
      overlap.same++;
    } else if (findNearest(1).similarities[0]! >= CROPPED_PICTURE) {
      overlap.nearly++;
    }
  });
  return overlap;
}
