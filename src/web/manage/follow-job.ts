/** Starts a job and follows its events until it is over. */
import type { Job as FinishedJob } from '../../client/wire.js';
import type { JobRequest } from '../../jobs/job.js';
import { call } from '../api.js';

type Job = Omit<FinishedJob, 'result'>;

const isOver = ({ state }: Job) => state === 'succeeded' || state === 'failed' || state === 'cancelled';

/** The data of each server-sent event. */
async function* eventsOf(answer: Response): AsyncGenerator<Job> {
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += part.value;
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = event.split('\n').find((line) => line.startsWith('data:'));
      if (data !== undefined) {
        yield JSON.parse(data.slice('data:'.length)) as Job;
      }
    }
  }
}

/**
 * Starts a job and follows it to its end. `fetch` rather than `EventSource`, which can send no key.
 *
 * @param signal cancels the job
 * @param onProgress called with the job whenever it is further
 * @throws Problem
 */
export async function followJob(
  request: JobRequest,
  signal: AbortSignal,
  onProgress: (job: Job) => void,
): Promise<FinishedJob> {
  const { id } = (await (await call('v1/jobs', { method: 'POST', json: request })).json()) as Job;
  const path = `v1/jobs/${id}`;
  const cancel = () => void call(path, { method: 'DELETE', keepalive: true }).catch(() => undefined);
  signal.addEventListener('abort', cancel, { once: true });
  try {
    if (signal.aborted) {
      cancel();
    }
    for await (const job of eventsOf(await call(`${path}/events`))) {
      onProgress(job);
      if (isOver(job)) {
        break;
      }
    }
    return (await (await call(path)).json()) as FinishedJob;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}
