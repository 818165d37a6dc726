/** Collects the queries that a calibration is fitted to, from embedded sets. */
import { measureNonPetSimilarity } from '../../../dist/breeds/non-pets.js';
import { removeRepeats } from '../../../dist/evaluation/embed-set.js';
import { forEachQuery } from '../../../dist/evaluation/exact-neighbours.js';
import { createExclusionFinder } from '../../../dist/evaluation/provenance.js';
import { numberAlike } from '../../../dist/math/group-by.js';
import { getRow } from '../../../dist/math/matrix.js';

/** @typedef {import('../../../dist/evaluation/embed-set.js').EmbeddedSet} EmbeddedSet */
/** @typedef {import('../../../dist/breeds/fit-calibration.js').CalibrationData} CalibrationData */

/**
 * Sets to calibrate with.
 *
 * @typedef {object} CalibrationSets
 * @property {EmbeddedSet} gallery
 * @property {EmbeddedSet} queries photos of the gallery's labels, each compared without itself and others of its group
 * @property {readonly number[]} [weights] weight of each query; default: 1
 * @property {readonly boolean[]} [heldOut] which queries also serve as unknown breeds, compared without their label; default:
 *   all. Leave out labels that overlap with others, since the gallery would still contain such animals.
 * @property {EmbeddedSet} [nonPets] photos of subjects that are not in the gallery. The similarity of each query to them counts
 *   too. They themselves are compared with those of other labels.
 */

/**
 * Collects the queries, the same queries with their label held out of the gallery, and the non-pets.
 *
 * @param {CalibrationSets} sets
 * @param {Pick<CalibrationData, 'fingerprint' | 'k' | 'temperature' | 'votes' | 'noBreedLabel'>} vote the vote to calibrate, and the
 *   fingerprint of the encoder
 * @returns {CalibrationData}
 */
export function collectCalibrationData({ gallery, queries, weights, heldOut, nonPets }, vote) {
  const { vectors, items } = removeRepeats(gallery);
  const toNeighbours = ({ rows, similarities }) =>
    Array.from(rows, (row, i) => ({ label: items[row].label, similarity: similarities[i] }));
  const references = nonPets === undefined ? null : toNonPetPhotos(nonPets);
  const findExcluded = createExclusionFinder(items, true);
  const data = { ...vote, queries: [], labelsHeldOut: [], nonPets: [] };
  forEachQuery(vectors, queries.vectors, (q, findNearest) => {
    const { label } = queries.items[q];
    const query = {
      label,
      weight: weights?.[q] ?? 1,
      nonPetSimilarity: measureNonPetSimilarity(getRow(queries.vectors, q), references),
    };
    const excluded = findExcluded(queries.items[q]);
    const isSameLabel = (row) => items[row].label === label || excluded.has(row);
    const nearest = findNearest(vote.k, (row) => excluded.has(row));
    data.queries.push({ neighbours: toNeighbours(nearest), ...query });
    if (heldOut?.[q] ?? true) {
      data.labelsHeldOut.push({ neighbours: toNeighbours(findNearest(vote.k, isSameLabel)), ...query });
    }
  });
  if (nonPets !== undefined) {
    forEachQuery(vectors, nonPets.vectors, (q, findNearest) => {
      const vector = getRow(nonPets.vectors, q);
      data.nonPets.push({
        neighbours: toNeighbours(findNearest(vote.k)),
        label: nonPets.items[q].label,
        nonPetSimilarity: measureNonPetSimilarity(vector, references, references?.groups[q]),
      });
    });
  }
  return data;
}

/**
 * Converts a set to non-pet photos, with one subject per label.
 *
 * @param {EmbeddedSet} set
 */
export function toNonPetPhotos({ vectors, items }) {
  return {
    vectors: items.map((_, row) => getRow(vectors, row)),
    groups: numberAlike(items.map(({ label }) => label)),
  };
}
