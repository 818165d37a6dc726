/**
 * A thread for what an evaluation computes. The main thread answers requests: a thousand resamples or a fit take
 * seconds, and even copying all outcomes at once would hold it, so they go over in the batches they come in.
 */
import type { Calibration } from '../breeds/calibration.js';
import type { CalibrationData } from '../breeds/fit.js';
import { WorkerClient } from '../threads/rpc.js';
import type { CalibrationWorth } from './assess-calibration.js';
import type { Evaluation } from './evaluate.js';
import type { Mistake } from './mistakes.js';
import type { Outcome } from './outcomes.js';

/** A batch of what a calibration is fitted to. */
export type AskedPart = Pick<CalibrationData, 'queries' | 'labelsHeldOut' | 'nonPets'>;

/** A calibration with what it is worth on photos that it was not fitted on. */
export interface Fitted {
  calibration: Calibration | null;
  worth: CalibrationWorth | null;
}

/** A batch of outcomes. */
export interface OutcomesPart {
  queries: Outcome[];
  nonPets: Outcome[];
}

/** What the outcomes come to. */
export interface Judgement {
  evaluation: Evaluation;
  /** The surest wrong answers. */
  mistakes: Mistake[];
  /** Mean similarity of the nearest neighbours of each query and of each photo of something else. */
  familiarity: { queries: number[]; nonPets: number[] };
}

/** Calls to the thread; it holds what was added. */
export interface EvaluationThread {
  addAsked(part: AskedPart): Promise<void>;
  /** See `fitCalibration` and `assessCalibration`. */
  fit(vote: Pick<CalibrationData, 'fingerprint' | 'k' | 'temperature'>): Promise<Fitted>;
  addOutcomes(part: OutcomesPart): Promise<void>;
  evaluate(): Promise<Judgement>;
}

/**
 * Runs `work` with a thread of its own, which ends with it or when the signal is raised.
 *
 * @throws the signal's reason when it was raised; what `work` throws
 */
export async function withEvaluationThread<T>(
  signal: AbortSignal | undefined,
  work: (thread: EvaluationThread) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const worker = new WorkerClient(new URL('./worker.js', import.meta.url), null, () => {});
  const stop = () => void worker.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await work({
      addAsked: (part) => worker.call('addAsked', [part]),
      fit: (vote) => worker.call('fit', [vote]),
      addOutcomes: (part) => worker.call('addOutcomes', [part]),
      evaluate: () => worker.call('evaluate', []),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
