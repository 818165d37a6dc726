/** Asks a gallery in the ways a calibration is fitted to. */
import type { AnsweredQuery, CalibrationData } from '../breeds/fit.js';
import { type EmbeddedSet, withoutRepeats } from './embed-set.js';
import { forEachQuery, type Nearest } from './exact.js';

/** Sets to calibrate with. */
export interface CalibrationSets {
  gallery: EmbeddedSet;
  /** Photos of the gallery's labels; a photo that is in the gallery too is asked without itself. */
  queries: EmbeddedSet;
  /** Photos that show nothing the gallery holds. */
  nonPets?: EmbeddedSet;
}

/**
 * The queries as they are, the same with their label taken out of the gallery, and the non-pets.
 *
 * @param vote the vote to calibrate, and the model whose embeddings these are
 */
export function calibrationData(
  sets: CalibrationSets,
  vote: Pick<CalibrationData, 'fingerprint' | 'k' | 'temperature'>,
): CalibrationData {
  const { vectors, items } = withoutRepeats(sets.gallery);
  const answered = ({ rows, similarities }: Nearest, label: string): AnsweredQuery => ({
    neighbours: Array.from(rows, (row, i) => ({ label: items[row]!.label, similarity: similarities[i]! })),
    label,
  });
  const data: CalibrationData = { ...vote, queries: [], labelsHeldOut: [], nonPets: [] };
  forEachQuery(vectors, sets.queries.vectors, (q, nearest) => {
    const { sha256, label } = sets.queries.items[q]!;
    const itself = (row: number) => items[row]!.sha256 === sha256;
    const sameLabel = (row: number) => items[row]!.label === label || itself(row);
    data.queries.push(answered(nearest(vote.k, itself), label));
    data.labelsHeldOut.push(answered(nearest(vote.k, sameLabel), label));
  });
  const { nonPets } = sets;
  if (nonPets !== undefined)
    forEachQuery(vectors, nonPets.vectors, (q, nearest) => {
      data.nonPets.push(answered(nearest(vote.k), nonPets.items[q]!.label));
    });
  return data;
}
