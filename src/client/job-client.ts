/** The part of the client that is about jobs. */
import type { JobRequest } from '../jobs/job.js';
import { encodeJobRequest } from './encode-job-request.js';
import type { Transport } from './transport.js';
import type { Job, JobFailure, JobList } from './wire.js';

const segment = encodeURIComponent;

/** Starts, watches and steers the jobs of a server. */
export class JobClient {
  readonly #http: Transport;

  constructor(http: Transport) {
    this.#http = http;
  }

  /**
   * Starts long work in the server; `runJob` also waits for it.
   *
   * @example
   * const { id } = await pawdex.startJob({ kind: 'calibrate', collection: 'mine' });
   */
  startJob(request: JobRequest): Promise<Job> {
    return this.#http.json({ method: 'POST', path: '/v1/jobs', json: encodeJobRequest(request) });
  }

  /** All jobs, the newest first, without their results. */
  async listJobs(): Promise<JobList['jobs']> {
    return (await this.#http.json<JobList>({ path: '/v1/jobs' })).jobs;
  }

  /** A job with its result, null until it has succeeded. */
  getJob(id: string): Promise<Job> {
    return this.#http.json({ path: `/v1/jobs/${segment(id)}` });
  }

  /** Pauses a job. @returns the job afterwards: `paused`, or another state if it finished first */
  pauseJob(id: string): Promise<Job> {
    return this.#http.json({ method: 'POST', path: `/v1/jobs/${segment(id)}/pause` });
  }

  /** Lets a paused job wait for its turn again. */
  resumeJob(id: string): Promise<Job> {
    return this.#http.json({ method: 'POST', path: `/v1/jobs/${segment(id)}/resume` });
  }

  /** The files that a job could not take, the first 10,000. */
  async listJobFailures(id: string): Promise<JobFailure[]> {
    const bytes = await this.#http.bytes({ path: `/v1/jobs/${segment(id)}/failures` });
    const lines = Buffer.from(bytes).toString().split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line));
  }

  /** Cancels a job. @returns the job afterwards: `cancelled`, or another state if it finished first */
  cancelJob(id: string): Promise<Job> {
    return this.#http.json({ method: 'DELETE', path: `/v1/jobs/${segment(id)}` });
  }
}
