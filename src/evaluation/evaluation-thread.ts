/**
 * Runs the computations of an evaluation in a separate thread, since the main thread answers requests: a thousand
 * resamples or a fit take seconds. Outcomes are sent in batches, because copying all at once would block the main
 * thread, too.
 */
import { type Remote, WorkerClient } from '../threads/rpc.js';
import type { EvaluationCalls } from './evaluation-worker.js';

/**
 * Runs `work` with a new thread, which ends with it or when the signal is aborted.
 *
 * @throws the signal's reason; what `work` throws
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
