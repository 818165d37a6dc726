/** What a job of each kind does, by the engine. */
import type { Engine } from '../engine/engine.js';
import type { WorkOptions } from '../evaluation/collection-queries.js';
import type { JobRequest } from './job.js';

/** Does what is asked and gives the result, which is JSON. */
export type JobWork = (request: JobRequest, options: Required<WorkOptions>) => Promise<unknown>;

/** The work of jobs over an engine. */
export function jobWork(engine: Engine): JobWork {
  return (request, options) => {
    const { collection } = request;
    if (request.kind === 'check-labels') {
      const { threshold, limit } = request;
      return engine.labelTrouble(collection, { ...options, threshold, limit });
    }
    const { nonPets } = request;
    const asked = { ...options, nonPets };
    return request.kind === 'calibrate'
      ? engine.calibrate(collection, asked)
      : engine.evaluate(collection, asked);
  };
}
