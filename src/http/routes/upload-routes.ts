/** Uploads for jobs: an archive of photos, and a Parquet file of items. */
import { rm } from 'node:fs/promises';
import { parseLabelRule } from '../../datasets/label-rule.js';
import { collectionName } from '../../engine/request-fields.js';
import { importOptions } from '../../engine/requests.js';
import { asPawdexError, PawdexError } from '../../errors.js';
import { type Job, jobSchema } from '../../jobs/job.js';
import { type JobRequest, labelRule } from '../../jobs/job-request.js';
import type { JobRunner } from '../../jobs/job-runner.js';
import { archiveBody, MAX_PARQUET_MIB, parquetBody } from '../body/file-body.js';
import { defineEndpoint } from '../define-endpoint.js';
import { created } from '../response-spec.js';

const tag = 'jobs';
/** The response of endpoints that start a job. */
export const acceptedJob = created(
  jobSchema,
  'The job; `Location` has its address.',
  ({ id }) => `v1/jobs/${id}`,
  202,
);

/** @throws PawdexError invalid_request */
export function checkLabelRule(label: string | undefined, path: string): void {
  try {
    parseLabelRule(label ?? 'folder');
  } catch (error) {
    const { message: detail, hint } = asPawdexError(error);
    const errors = [{ path, message: detail }];
    throw new PawdexError('invalid_request', { detail, hint, errors });
  }
}

/** Receives a file and starts a job that takes it over. If the job is refused, the file is removed. */
async function submitUpload(
  jobs: JobRunner,
  request: JobRequest,
  receive: (file: string) => Promise<void>,
): Promise<Job> {
  jobs.assertCapacity();
  const file = jobs.createUploadName();
  await receive(file);
  try {
    return await jobs.submit(request, file);
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

export const indexArchive = defineEndpoint({
  method: 'post',
  path: '/v1/collections/{collection}/archive',
  tag,
  summary: 'Upload an archive of photos and start a job that indexes it',
  description:
    'The body is a zip, tar or tar.gz file with a sub-folder for each label, or with a manifest. It is kept until the ' +
    'job, of kind `index`, has ended. The job survives restarts of the server.',
  params: { collection: collectionName },
  query: { label: labelRule.optional() },
  body: archiveBody,
  response: acceptedJob,
  errors: [
    'collection_not_found',
    'job_queue_full',
    'payload_too_large',
    'unsupported_media_type',
    'storage_full',
  ],
  async handle({ params: { collection }, query: { label }, body }, { engine, jobs, config }) {
    checkLabelRule(label, 'query.label');
    await engine.store.getCollection(collection);
    const request = { kind: 'index', collection, archive: body.extension, label } as const;
    return submitUpload(jobs, request, (file) => body.receive(file, config.MAX_ARCHIVE_MB));
  },
});

export const startImport = defineEndpoint({
  method: 'post',
  path: '/v1/collections/{collection}/import-job',
  tag,
  summary: 'Upload a Parquet file and start a job that imports it',
  description:
    'Like `POST /v1/collections/{collection}/import`, but responds when the file has arrived. It is kept until the job, ' +
    'of kind `import`, has ended. Its `result` is the response of `import`. The job survives restarts of the server.',
  params: { collection: collectionName },
  query: importOptions,
  body: parquetBody,
  response: acceptedJob,
  errors: ['job_queue_full', 'payload_too_large', 'unsupported_media_type', 'storage_full'],
  handle: ({ params: { collection }, query, body }, { jobs }) =>
    submitUpload(jobs, { kind: 'import', collection, ...query }, (file) =>
      body.receive(file, MAX_PARQUET_MIB),
    ),
});
