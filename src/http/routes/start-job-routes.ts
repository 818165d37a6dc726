/** Endpoints that start jobs: POST /v1/jobs, and uploads of an archive of photos or a Parquet file of items. */
import { rm } from 'node:fs/promises';
import type { Engine } from '../../engine/engine.js';
import { collectionName } from '../../engine/request-fields.js';
import { importOptions } from '../../engine/requests.js';
import { IndexRoots } from '../../jobs/index-roots.js';
import { type Job, jobSchema } from '../../jobs/job.js';
import { type JobBody, type JobRequest, jobBodySchema, labelRule } from '../../jobs/job-request.js';
import type { JobRunner } from '../../jobs/job-runner.js';
import { decodeVectors } from '../body/base64.js';
import { jsonBody } from '../body/body-spec.js';
import { archiveBody, MAX_PARQUET_MIB, parquetBody } from '../body/file-body.js';
import { defineEndpoint } from '../define-endpoint.js';
import { created } from '../response-spec.js';

const tag = 'jobs';

const response = created(jobSchema, 'The job; `Location` has its address.', ({ id }) => `v1/jobs/${id}`, 202);

/** Decodes the embeddings in a request. Throws PawdexError vector_invalid. */
function toRequest(body: JobBody, dimension: number): JobRequest {
  if (!('nonPets' in body) || body.nonPets === undefined || 'collection' in body.nonPets) {
    return body as JobRequest;
  }
  const embeddings = decodeVectors(body.nonPets.embeddings, dimension, 'body.nonPets.embeddings');
  return { ...body, nonPets: { embeddings } };
}

/** Refuses a job that would fail. Throws PawdexError collection_not_found, path_not_allowed, set_invalid, file_unreadable. */
async function requirePossible(body: JobBody, { store }: Engine, indexRoots: string[]): Promise<void> {
  if ('collection' in body && body.kind !== 'import') {
    await store.getCollection(body.collection);
  }
  if ('nonPets' in body && body.nonPets !== undefined && 'collection' in body.nonPets) {
    await store.getCollection(body.nonPets.collection);
  }
  const roots = await IndexRoots.open(indexRoots);
  if (body.kind === 'index') {
    await roots.resolveSet(body.path);
  }
  if (body.kind === 'import') {
    await roots.resolveFile(body.path);
  }
  if ('photos' in body) {
    await roots.resolveFolders(body.photos);
  }
}

export const startJob = defineEndpoint({
  method: 'post',
  path: '/v1/jobs',
  tag,
  summary:
    'Start a job: index a folder, calibrate or evaluate a collection, check its labels, move it, write a snapshot',
  description:
    'Returns immediately. One job runs at a time; the others wait. `calibrate` fits the confidence of the answers of a ' +
    'collection and stores the result with it, `evaluate` measures a collection with its own photos, ' +
    '`check-labels` lists likely wrong labels, `index` adds the photos of a folder on the machine of the server, ' +
    '`snapshot` writes all collections to a file there, `export` writes a collection to a Parquet file to download, ' +
    '`import` adds the items of such a file there, and `reembed` moves a collection to another encoder. An accepted ' +
    'job is recorded on disk: if the server stops before it is done, it continues after a restart. `index`, `import` ' +
    'and `reembed` continue where they were, the others start over.',
  body: jsonBody(jobBodySchema, ['nonPets.embeddings']),
  response,
  errors: [
    'collection_not_found',
    'vector_invalid',
    'path_not_allowed',
    'set_invalid',
    'file_unreadable',
    'job_queue_full',
    'storage_full',
  ],
  async handle({ body }, { engine, jobs, config }) {
    await requirePossible(body, engine, config.INDEX_ROOTS);
    return jobs.submit(toRequest(body, engine.encoder.dimension));
  },
});

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

const params = { collection: collectionName };

export const indexArchive = defineEndpoint({
  method: 'post',
  path: '/v1/collections/{collection}/archive',
  tag,
  summary: 'Upload an archive of photos and start a job that indexes it',
  description:
    'The body is a zip, tar or tar.gz file with a sub-folder for each label, or with a manifest. It is kept until the ' +
    'job, of kind `index`, has ended. The job survives restarts of the server.',
  params,
  query: { label: labelRule.optional() },
  body: archiveBody,
  response,
  errors: ['collection_not_found', 'job_queue_full', 'storage_full'],
  async handle({ params: { collection }, query: { label }, body }, { engine, jobs, config }) {
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
  params,
  query: importOptions,
  body: parquetBody,
  response,
  errors: ['job_queue_full', 'storage_full'],
  handle: ({ params: { collection }, query, body }, { jobs }) =>
    submitUpload(jobs, { kind: 'import', collection, ...query }, (file) =>
      body.receive(file, MAX_PARQUET_MIB),
    ),
});
