/** Starts jobs and follows their events to the end. Each request throws a Problem, as in api.ts. */
import type { Job as FinishedJob, JobList } from '../../client/wire.js';
import type { JobSummary as Job } from '../../jobs/job.js';
import type { JobRequest } from '../../jobs/job-request.js';
import { call, read, receive, wait } from '../api.js';
import { expectProblem, type Problem } from '../problem.js';

export type { Job };

/** Milliseconds before reconnecting to a server that went away. */
const RETRY_MS = 2_000;

export const isOver = ({ state }: Job) =>
  state === 'succeeded' || state === 'failed' || state === 'cancelled';

export function startJob(request: JobRequest): Promise<Job> {
  return read('v1/jobs', { method: 'POST', json: request });
}

/** Cancels a job, which may be over already. */
export async function cancelJob(id: string): Promise<void> {
  await call(`v1/jobs/${id}`, { method: 'DELETE' });
}

/** The jobs of a collection, the newest first. */
export async function listJobs(collection: string): Promise<Job[]> {
  const { jobs } = await read<JobList>('v1/jobs');
  return jobs.filter((job) => job.collection === collection);
}

/** A job with its result. */
export function getJob(id: string, signal?: AbortSignal): Promise<FinishedJob> {
  return read(`v1/jobs/${id}`, { signal: signal ?? null });
}

/** The data of the server-sent events. @throws Problem when the connection breaks */
async function* readEvents(answer: Response): AsyncGenerator<Job> {
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  const next = () => receive(reader.read());
  let text = '';
  for (let part = await next(); !part.done; part = await next()) {
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
 * Follows a job to its end, across restarts of the server, which resumes its jobs. Uses `fetch`, because `EventSource`
 * cannot send an API key.
 *
 * @param signal stops following, but does not cancel the job
 * @param onProgress called with the job at each progress, and with a problem while the server does not answer
 * @throws the signal's reason when aborted
 */
export async function followJob(
  id: string,
  signal: AbortSignal,
  onProgress: (job: Job | Problem) => void,
): Promise<FinishedJob> {
  for (;;) {
    try {
      for await (const job of readEvents(await call(`v1/jobs/${id}/events`, { signal }))) {
        onProgress(job);
      }
      const job = await getJob(id, signal);
      if (isOver(job)) {
        return job;
      }
    } catch (error) {
      signal.throwIfAborted();
      const problem = expectProblem(error);
      if (problem.status > 0 && problem.status < 500) {
        throw problem;
      }
      onProgress(problem);
    }
    await wait(RETRY_MS);
    signal.throwIfAborted();
  }
}
