/** Uploads for jobs: an archive of photos, and a Parquet file of items. */
import { rm } from 'node:fs/promises';
import { collectionName } from '../../engine/request-fields.js';
import { importOptions } from '../../engine/requests.js';
import type { Job } from '../../jobs/job.js';
import { type JobRequest, labelRule } from '../../jobs/job-request.js';
import type { JobRunner } from '../../jobs/job-runner.js';
import { archiveBody, MAX_PARQUET_MIB, parquetBody } from '../body/file-body.js';
import { defineEndpoint } from '../define-endpoint.js';
import { acceptedJob, checkLabelRule } from './job-routes.js';

const tag = 'jobs';

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
