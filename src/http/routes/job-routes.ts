/** /v1/jobs: start, list, read, follow, pause, resume and cancel jobs. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { parseLabelRule } from '../../datasets/label-rule.js';
import type { Engine } from '../../engine/engine.js';
import { jobId } from '../../engine/request-fields.js';
import { asPawdexError, type ErrorCode, PawdexError } from '../../errors.js';
import type { CollectionEvaluation } from '../../evaluation/evaluate-collection.js';
import { drawItemPicture } from '../../evaluation/report/pictures.js';
import { STYLE_HASH } from '../../evaluation/report/report-style.js';
import { renderReport } from '../../evaluation/report/write-report.js';
import { IndexRoots } from '../../jobs/index-roots.js';
import {
  isFinished,
  type Job,
  type JobKind,
  type JobSummary,
  jobSchema,
  jobSummarySchema,
} from '../../jobs/job.js';
import { readFailures } from '../../jobs/job-journal.js';
import { type JobBody, type JobRequest, jobBodySchema } from '../../jobs/job-request.js';
import { findThumbnail } from '../../store/find-thumbnail.js';
import { decodeVectors } from '../body/base64.js';
import { jsonBody } from '../body/body-spec.js';
import { defineEndpoint } from '../define-endpoint.js';
import { streamStates } from '../event-stream.js';
import { created, file, json, stream } from '../response-spec.js';

const tag = 'jobs';
const params = { id: jobId };

/** The response of endpoints that start a job. */
export const acceptedJob = created(
  jobSchema,
  'The job; `Location` has its address.',
  ({ id }) => `v1/jobs/${id}`,
  202,
);

/** What endpoints share that return the job in their path. */
const jobResponse = { params, response: json(jobSchema, 'The job.'), errors: ['job_not_found'] } as const;

/** Removes the result, which may be long. */
function omitResult({ result: _, ...job }: Job): JobSummary {
  return job;
}

/** Decodes the embeddings in a request. Throws PawdexError vector_invalid. */
function toRequest(body: JobBody, dimension: number): JobRequest {
  if (!('nonPets' in body) || body.nonPets === undefined || 'collection' in body.nonPets) {
    return body as JobRequest;
  }
  const embeddings = decodeVectors(body.nonPets.embeddings, dimension, 'body.nonPets.embeddings');
  return { ...body, nonPets: { embeddings } };
}

/**
 * Checks where labels come from.
 *
 * @param path of the field in the request, for the error
 * @throws PawdexError invalid_request
 */
export function checkLabelRule(label: string | undefined, path: string): void {
  try {
    parseLabelRule(label ?? 'folder');
  } catch (error) {
    const { message: detail, hint } = asPawdexError(error);
    const errors = [{ path, message: detail }];
    throw new PawdexError('invalid_request', { detail, hint, errors });
  }
}

/** Refuses a job that would fail. Throws PawdexError collection_not_found, path_not_allowed, set_invalid, file_unreadable. */
async function requirePossible(request: JobRequest, engine: Engine, indexRoots: string[]): Promise<void> {
  if ('collection' in request && request.kind !== 'import') {
    await engine.store.getCollection(request.collection);
  }
  if ('nonPets' in request && request.nonPets !== undefined && 'collection' in request.nonPets) {
    await engine.store.getCollection(request.nonPets.collection);
  }
  const roots = await IndexRoots.open(indexRoots);
  if (request.kind === 'index') {
    checkLabelRule(request.label, 'body.label');
    await roots.resolveSet(request.path ?? '');
  }
  if (request.kind === 'import') {
    await roots.resolveFile(request.path ?? '');
  }
  if ('photos' in request) {
    await roots.resolveFolders(request.photos);
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
  response: acceptedJob,
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
    const request = toRequest(body, engine.encoder.dimension);
    await requirePossible(request, engine, config.INDEX_ROOTS);
    return jobs.submit(request);
  },
});

export const listJobs = defineEndpoint({
  method: 'get',
  path: '/v1/jobs',
  tag,
  summary: 'List all jobs without their results, newest first',
  description: 'The server keeps the last hundred finished jobs.',
  response: json(z.object({ jobs: z.array(jobSummarySchema) }), 'The jobs.'),
  errors: [],
  handle: (_input, { jobs }) => ({ jobs: jobs.list().map(omitResult) }),
});

export const getJob = defineEndpoint({
  method: 'get',
  path: '/v1/jobs/{id}',
  tag,
  summary: 'Get a job with its result',
  ...jobResponse,
  handle: ({ params: { id } }, { jobs }) => jobs.get(id),
});

/** @throws PawdexError with this code unless the job is of this kind and has succeeded */
export function requireSucceeded(job: Job, kind: JobKind, code: ErrorCode): Job & { collection: string } {
  const { collection } = job;
  if (job.kind !== kind || job.state !== 'succeeded' || collection === null) {
    const detail = `The kind of this job is \`${job.kind}\` and its state is \`${job.state}\`.`;
    throw new PawdexError(code, { detail });
  }
  return { ...job, collection };
}

/** Allows only the report's own styles and pictures, and no scripts. */
const REPORT_POLICY = `default-src 'none'; style-src '${STYLE_HASH}'; img-src data:; sandbox; frame-ancestors 'none'`;

export const getReport = defineEndpoint({
  method: 'get',
  path: '/v1/jobs/{id}/report',
  tag,
  summary: 'Get the report of an evaluation as one HTML page',
  description: 'A single file with styles, plots and pictures, and without scripts.',
  params,
  response: file(['text/html'], 'The report.'),
  errors: ['job_not_found', 'report_not_found'],
  async handle({ params: { id }, res }, { engine, jobs }) {
    const { collection, result } = requireSucceeded(jobs.get(id), 'evaluate', 'report_not_found');
    const evaluation = result as CollectionEvaluation;
    const { mistakes, familiarity } = evaluation;
    const { name, fingerprint } = engine.encoder;
    const html = await renderReport({
      evaluation,
      mistakes,
      familiarity,
      subject: { collection },
      model: { name, fingerprint },
      pictures: async (item) => drawItemPicture(await findThumbnail(engine.store, collection, item), item),
    });
    res.set('Content-Security-Policy', REPORT_POLICY);
    return { type: 'text/html', bytes: html };
  },
});

export const cancelJob = defineEndpoint({
  method: 'delete',
  path: '/v1/jobs/{id}',
  tag,
  summary: 'Cancel a job',
  description:
    'Returns the job as it is afterwards: `cancelled`, or another state if it finished first. A cancelled job ' +
    'stores nothing more, but keeps what an `index` or `import` job has added.',
  ...jobResponse,
  handle: ({ params: { id } }, { jobs }) => jobs.cancel(id),
});

export const pauseJob = defineEndpoint({
  method: 'post',
  path: '/v1/jobs/{id}/pause',
  tag,
  summary: 'Pause a job',
  description:
    'Returns the job as it is afterwards: `paused`, or another state if it finished first. Other jobs run ' +
    'meanwhile, and it stays paused when the server is started again. While a running job has not noticed yet, it is ' +
    'still `running`.',
  ...jobResponse,
  handle: ({ params: { id } }, { jobs }) => jobs.pause(id),
});

export const resumeJob = defineEndpoint({
  method: 'post',
  path: '/v1/jobs/{id}/resume',
  tag,
  summary: 'Resume a paused job',
  description:
    'Queues the job again. `index`, `import` and `reembed` continue where they were, the other kinds start over.',
  ...jobResponse,
  handle: ({ params: { id } }, { jobs }) => jobs.resume(id),
});

export const listJobFailures = defineEndpoint({
  method: 'get',
  path: '/v1/jobs/{id}/failures',
  tag,
  summary: 'List the files that a job could not process, with the reasons',
  description:
    'One JSON object per line, with `file`, `code`, `detail` and `hint`; at most 10,000. Also works while the job runs.',
  params,
  response: stream('application/x-ndjson', 'The failures.'),
  errors: ['job_not_found'],
  async handle({ params: { id }, res }, { jobs }) {
    const folder = jobs.getFolder(id);
    async function* lines() {
      for await (const failure of readFailures(folder)) {
        yield `${JSON.stringify(failure)}\n`;
      }
    }
    res.type('application/x-ndjson');
    // A client that disconnects is not an error of the server.
    await pipeline(Readable.from(lines()), res).catch((error) => {
      if (!res.destroyed) {
        throw error;
      }
    });
  },
});

/** Reads the last revision that a reconnecting client has seen, or 0. */
function readLastSeen(header: string | undefined): number {
  return header !== undefined && /^\d{1,9}$/.test(header) ? Number(header) : 0;
}

export const followJob = defineEndpoint({
  method: 'get',
  path: '/v1/jobs/{id}/events',
  tag,
  summary: 'Follow a job (server-sent events)',
  description:
    'Each event `job` contains the job as in `GET /v1/jobs/{id}`, without its `result`. The last event is `end`; a stream ' +
    'without it was ended by a stop of the server. Events are at least 0.2 s apart, so some progress is skipped. ' +
    '`Last-Event-ID` is honoured: a client that reconnects after the end gets 204, which stops an `EventSource`.',
  params,
  response: stream('text/event-stream', 'The events.', {
    204: { description: 'The job has ended, and the client has seen its last state.' },
  }),
  errors: ['job_not_found'],
  async handle({ params: { id }, req, res }, { jobs, streams }) {
    const lastSeen = readLastSeen(req.get('last-event-id'));
    // The server deletes a job a hundred jobs later. This stream then still sends the last state that it saw.
    let job = jobs.get(id);
    let revision = jobs.getRevision(id);
    if (isFinished(job) && lastSeen === revision) {
      res.status(204).end();
      return;
    }
    const readState = () => {
      const isEnd = isFinished(job);
      const data = omitResult(job);
      return { revision, event: isEnd ? 'end' : 'job', data, isLast: isEnd || jobs.isClosed };
    };
    const follow = (onChange: () => void) =>
      jobs.follow(id, () => {
        job = jobs.get(id);
        revision = jobs.getRevision(id);
        onChange();
      });
    await streams.run(() => streamStates(res, lastSeen > revision ? 0 : lastSeen, readState, follow));
  },
});
