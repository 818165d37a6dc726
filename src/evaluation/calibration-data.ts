/** Collects the queries that a calibration is fitted to. */
import type { CalibrationData } from '../breeds/fit-calibration.js';
import { measureNonPetSimilarity, type NonPetPhotos } from '../breeds/non-pets.js';
import { numberAlike } from '../math/group-by.js';
import { getRow } from '../math/matrix.js';
import { type EmbeddedSet, removeRepeats } from './embed-set.js';
import { forEachQuery, type Nearest } from './exact-neighbours.js';
import { createApartFinder } from './provenance.js';

/** Sets to calibrate with. */
export interface CalibrationSets {
  gallery: EmbeddedSet;
  /** Photos of the gallery's labels, each compared without itself and others of its group. */
  queries: EmbeddedSet;
  /** Weight of each query. Default: 1. */
  weights?: readonly number[];
  /**
   * Which queries also serve as unknown breeds, compared without their label. Default: all. Leave out labels that
   * overlap with others, since the gallery would still contain such animals.
   */
  heldOut?: readonly boolean[];
  /**
   * Photos of subjects that are not in the gallery. The similarity of each query to them counts too. They themselves are
   * compared with those of other labels.
   */
  nonPets?: EmbeddedSet;
}

/**
 * Collects the queries, the same queries with their label held out of the gallery, and the non-pets.
 *
 * @param vote the vote to calibrate, and the fingerprint of the encoder
 */
export function collectCalibrationData(
  sets: CalibrationSets,
  vote: Pick<CalibrationData, 'fingerprint' | 'k' | 'temperature' | 'votes' | 'plain'>,
): CalibrationData {
  const { vectors, items } = removeRepeats(sets.gallery);
  const toNeighbours = ({ rows, similarities }: Nearest) =>
    Array.from(rows, (row, i) => ({ label: items[row]!.label, similarity: similarities[i]! }));
  const { nonPets } = sets;
  const references = nonPets === undefined ? null : toNonPetPhotos(nonPets);
  const apart = createApartFinder(items, true);
  const data: CalibrationData = { ...vote, queries: [], labelsHeldOut: [], nonPets: [] };
  forEachQuery(vectors, sets.queries.vectors, (q, nearest) => {
    const { label } = sets.queries.items[q]!;
    const query = {
      label,
      weight: sets.weights?.[q] ?? 1,
      nonPetSimilarity: measureNonPetSimilarity(getRow(sets.queries.vectors, q), references),
    };
    const hidden = apart(sets.queries.items[q]!);
    const isSameLabel = (row: number) => items[row]!.label === label || hidden.has(row);
    const found = nearest(vote.k, (row) => hidden.has(row));
    data.queries.push({ neighbours: toNeighbours(found), ...query });
    if (sets.heldOut?.[q] ?? true) {
      data.labelsHeldOut.push({ neighbours: toNeighbours(nearest(vote.k, isSameLabel)), ...query });
    }
  });
  if (nonPets !== undefined) {
    forEachQuery(vectors, nonPets.vectors, (q, nearest) => {
      const vector = getRow(nonPets.vectors, q);
      data.nonPets.push({
        neighbours: toNeighbours(nearest(vote.k)),
        label: nonPets.items[q]!.label,
        nonPetSimilarity: measureNonPetSimilarity(vector, references, references?.groups[q]),
      });
    });
  }
  return data;
}

/** Converts a set to non-pet photos, with one subject per label. */
export function toNonPetPhotos({ vectors, items }: EmbeddedSet): NonPetPhotos {
  return {
    vectors: items.map((_, row) => getRow(vectors, row)),
    groups: numberAlike(items.map(({ label }) => label)),
  };
}
