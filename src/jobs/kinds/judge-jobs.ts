/**
 * Jobs that measure a collection with its own photos. They change nothing before they are done, and start over if stopped.
 */
import type { KindWork } from '../job-context.js';

export const calibrateJob: KindWork<'calibrate'> = (
  { engine },
  { collection, nonPets },
  { signal, onProgress },
) => engine.calibrate(collection, { signal, onProgress, nonPets });

export const evaluateJob: KindWork<'evaluate'> = (
  { engine },
  { collection, nonPets },
  { signal, onProgress },
) => engine.evaluate(collection, { signal, onProgress, nonPets });

export const checkLabelsJob: KindWork<'check-labels'> = (
  { engine },
  { collection, threshold, limit },
  { signal, onProgress },
) => engine.findLabelTrouble(collection, { signal, onProgress, threshold, limit });
