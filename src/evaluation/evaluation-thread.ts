/**
 * A thread for what an evaluation computes. The main thread answers requests: a thousand resamples or a fit take
 * seconds, and even copying all outcomes at once would hold it, so they go over in the batches they come in.
 */
import { type Remote, WorkerClient } from '../threads/rpc.js';
import type { EvaluationCalls } from './evaluation-worker.js';

export type { Judgement } from './evaluation-worker.js';

/**
 * Runs `work` with a thread of its own, which ends with it or when the signal is raised.
 *
 * @throws the signal's reason when it was raised; what `work` throws
 */
export async function withEvaluationThread<T>(
  signal: AbortSignal | undefined,
  work: (thread: Remote<EvaluationCalls>) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const worker = new WorkerClient<EvaluationCalls>(
    new URL('./evaluation-worker.js', import.meta.url),
    null,
    () => {},
  );
  const stop = () => void worker.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await work(worker.calls);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}
