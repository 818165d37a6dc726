/** The client's methods for jobs. */
import type { ImportOptions } from '../engine/engine.js';
import { PawdexError } from '../errors.js';
import type { JobRequest } from '../jobs/job-request.js';
import { type ClientOptions, formatPath, PARQUET_TYPE, Transport } from './transport.js';
import type { Job, JobFailure, JobList } from './wire.js';

const ARCHIVE_TYPES: [RegExp, string][] = [
  [/\.zip$/i, 'application/zip'],
  [/\.tar$/i, 'application/x-tar'],
  [/\.(tar\.gz|tgz)$/i, 'application/gzip'],
];

/** Encodes a request as JSON. Vectors are sent as base64 of little-endian float32 numbers, which all supported machines use. */
function encodeRequest(request: JobRequest): object {
  const nonPets = 'nonPets' in request ? request.nonPets : undefined;
  if (nonPets === undefined || 'collection' in nonPets) {
    return request;
  }
  const bytes = nonPets.embeddings.map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(buffer, byteOffset, byteLength),
  );
  return { ...request, nonPets: { embeddings: Buffer.concat(bytes).toString('base64') } };
}

/** Starts, watches and controls the jobs of a server. */
export class JobClient {
  protected readonly transport: Transport;

  /** @throws PawdexError config_invalid if `baseUrl` is not an http or https address */
  constructor(options: ClientOptions) {
    this.transport = new Transport(options);
  }

  /**
   * Starts a job. `runJob` also waits for its result.
   *
   * @example
   * const { id } = await pawdex.startJob({ kind: 'calibrate', collection: 'mine' });
   */
  startJob(request: JobRequest): Promise<Job> {
    return this.transport.requestJson({ method: 'POST', path: '/v1/jobs', json: encodeRequest(request) });
  }

  /**
   * Uploads an archive of photos and starts a job that indexes it.
   *
   * @param file a zip, tar or tar.gz file
   * @param options label: where labels come from, like `--label` of `pawdex index`
   */
  async indexArchive(collection: string, file: string, options: { label?: string } = {}): Promise<Job> {
    const type = ARCHIVE_TYPES.find(([names]) => names.test(file))?.[1];
    if (type === undefined) {
      throw new PawdexError('usage', { detail: `${file} has no extension of a zip, tar or tar.gz file.` });
    }
    return this.transport.upload(formatPath('collections', collection, 'archive'), options, file, type);
  }

  /** Uploads a Parquet file and starts a job that imports it. The collection is created if needed. */
  startImport(
    collection: string,
    file: string,
    { reembed = false, previews = false }: Pick<ImportOptions, 'reembed' | 'previews'> = {},
  ): Promise<Job> {
    const path = formatPath('collections', collection, 'import-job');
    return this.transport.upload(path, { reembed, previews }, file, PARQUET_TYPE);
  }

  /** Downloads the file of an export job. An existing file is replaced once the new one is complete. */
  async downloadExport(id: string, file: string): Promise<void> {
    await this.transport.download(formatPath('jobs', id, 'file'), file);
  }

  /** Lists all jobs without their results, newest first. */
  async listJobs(): Promise<JobList['jobs']> {
    return (await this.transport.requestJson<JobList>({ path: '/v1/jobs' })).jobs;
  }

  /** Returns a job with its result, which is null until the job has succeeded. */
  getJob(id: string): Promise<Job> {
    return this.transport.requestJson({ path: formatPath('jobs', id) });
  }

  /** Pauses a job. Returns the job afterwards: `paused`, or another state if it finished first. */
  pauseJob(id: string): Promise<Job> {
    return this.transport.requestJson({ method: 'POST', path: formatPath('jobs', id, 'pause') });
  }

  /** Queues a paused job again. */
  resumeJob(id: string): Promise<Job> {
    return this.transport.requestJson({ method: 'POST', path: formatPath('jobs', id, 'resume') });
  }

  /** Lists the files that a job could not process, at most 10,000. */
  async listJobFailures(id: string): Promise<JobFailure[]> {
    const text = await this.transport.requestText({ path: formatPath('jobs', id, 'failures') });
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  /** Returns the report of a successful evaluation, as an HTML page. */
  getReport(job: string): Promise<string> {
    return this.transport.requestText({ path: formatPath('jobs', job, 'report') });
  }

  /** Cancels a job. Returns the job afterwards: `cancelled`, or another state if it finished first. */
  cancelJob(id: string): Promise<Job> {
    return this.transport.requestJson({ method: 'DELETE', path: formatPath('jobs', id) });
  }
}
