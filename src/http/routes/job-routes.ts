/** /v1/jobs: long work on a collection: start, list, read, follow and cancel jobs. */
import { z } from 'zod';
import type { NonPets } from '../../engine/engine.js';
import { PawdexError } from '../../errors.js';
import { isOver, type Job } from '../../jobs/job.js';
import type { JobRunner } from '../../jobs/job-runner.js';
import { decodeVectors } from '../body/base64.js';
import { jsonBody } from '../body-spec.js';
import { defineEndpoint } from '../define-endpoint.js';
import { streamStates } from '../event-stream.js';
import { created, json, stream } from '../response-spec.js';
import { job, jobList } from '../schemas/answers.js';
import { collectionName, threshold, wholeNumber } from '../schemas/fields.js';

const tag = 'jobs';
const params = { id: z.uuid('must be the id of a job').meta({ description: "A job's id." }) };

/** Open streams; each of them holds a connection. */
const MAX_STREAMS = 100;

const nonPets = z
  .union(
    [
      z.strictObject({ collection: collectionName }),
      z.strictObject({
        embeddings: z.string().min(1).meta({
          contentEncoding: 'base64',
          description:
            'Base64 of float32 numbers, little-endian, one embedding after the other; at most 10,000.',
        }),
      }),
    ],
    'must be an object with either `collection` or `embeddings`',
  )
  .meta({ description: "Photos that show nothing of the collection's kind." });

type NonPetsField = z.output<typeof nonPets>;

const jobRequest = z
  .discriminatedUnion(
    'kind',
    [
      z.strictObject({
        kind: z.literal('calibrate'),
        collection: collectionName,
        nonPets: nonPets.optional(),
      }),
      z.strictObject({
        kind: z.literal('evaluate'),
        collection: collectionName,
        nonPets: nonPets.optional(),
      }),
      z.strictObject({
        kind: z.literal('check-labels'),
        collection: collectionName,
        threshold,
        limit: wholeNumber(1, 1000).default(200).meta({ description: 'Entries of each list.' }),
      }),
    ],
    'must be calibrate, evaluate or check-labels',
  )
  .meta({ id: 'JobRequest', example: { kind: 'calibrate', collection: 'mine' } });

/** A job without its result, which may be long. */
function withoutResult({ result: _, ...job }: Job): Omit<Job, 'result'> {
  return job;
}

function parseNonPets(nonPets: NonPetsField | undefined, dimension: number): NonPets | undefined {
  if (nonPets === undefined || 'collection' in nonPets) {
    return nonPets;
  }
  return { embeddings: decodeVectors(nonPets.embeddings, dimension, 'body.nonPets.embeddings') };
}

export const startJob = defineEndpoint({
  method: 'post',
  path: '/v1/jobs',
  tag,
  summary: 'Start a job: calibrate or evaluate a collection, or check its labels',
  description:
    'Answers at once. One job runs at a time; the others wait. `calibrate` fits how far to trust the answers of a ' +
    'collection and stores the result with it, `evaluate` measures a collection with its own photos, and ' +
    '`check-labels` lists likely wrong labels. An accepted job is recorded on disk: if the server stops before it ' +
    'is done, it is `failed` with `job_interrupted` after the restart.',
  body: jsonBody(jobRequest, ['nonPets.embeddings']),
  response: created(job, 'The job; `Location` has its address.', ({ id }) => `v1/jobs/${id}`, 202),
  errors: ['collection_not_found', 'vector_invalid', 'job_queue_full', 'storage_full'],
  async handle({ body }, { engine, jobs }) {
    const request =
      body.kind === 'check-labels'
        ? body
        : { ...body, nonPets: parseNonPets(body.nonPets, engine.encoder.dimension) };
    // A collection that does not exist is refused now, not by the job.
    await engine.store.getCollection(body.collection);
    if ('nonPets' in request && request.nonPets !== undefined && 'collection' in request.nonPets) {
      await engine.store.getCollection(request.nonPets.collection);
    }
    return jobs.submit(request);
  },
});

export const listJobs = defineEndpoint({
  method: 'get',
  path: '/v1/jobs',
  tag,
  summary: 'List all jobs, the newest first, without their results',
  description: 'The server keeps the last hundred finished jobs.',
  response: json(jobList, 'The jobs.'),
  errors: [],
  handle: (_input, { jobs }) => ({ jobs: jobs.list().map(withoutResult) }),
});

export const getJob = defineEndpoint({
  method: 'get',
  path: '/v1/jobs/{id}',
  tag,
  summary: 'Get a job with its result',
  params,
  response: json(job, 'The job.'),
  errors: ['job_not_found'],
  handle: ({ params: { id } }, { jobs }) => jobs.get(id),
});

export const cancelJob = defineEndpoint({
  method: 'delete',
  path: '/v1/jobs/{id}',
  tag,
  summary: 'Cancel a job',
  description:
    'Answers with the job as it is afterwards: `cancelled`, or another state if it finished first. A cancelled job ' +
    'stores nothing.',
  params,
  response: json(job, 'The job.'),
  errors: ['job_not_found'],
  handle: ({ params: { id } }, { jobs }) => jobs.cancel(id),
});

/** The last revision that a reconnecting client has seen, or 0. */
function readLastSeen(header: string | undefined): number {
  return header !== undefined && /^\d{1,9}$/.test(header) ? Number(header) : 0;
}

/** Open streams of each server. */
const openStreams = new WeakMap<JobRunner, number>();

export const followJob = defineEndpoint({
  method: 'get',
  path: '/v1/jobs/{id}/events',
  tag,
  summary: 'Follow a job (server-sent events)',
  description:
    'Each event `job` carries the job as `GET /v1/jobs/{id}` answers it, without its `result`; the one named ' +
    '`end` is the last, and the stream ends. Events are at least 0.2 s apart, so some progress is skipped. ' +
    '`Last-Event-ID` is honoured: a client that reconnects after the end is answered 204, which stops an ' +
    '`EventSource`.',
  params,
  response: stream('text/event-stream', 'The events.', {
    204: { description: 'The job is finished, and the client has seen its last state.' },
  }),
  errors: ['job_not_found'],
  async handle({ params: { id }, req, res }, { jobs }) {
    const seen = readLastSeen(req.get('last-event-id'));
    if (isOver(jobs.get(id)) && seen === jobs.revision(id)) {
      res.status(204).end();
      return;
    }
    const open = openStreams.get(jobs) ?? 0;
    if (open >= MAX_STREAMS) {
      throw new PawdexError('overloaded', { retryAfter: 5 });
    }
    // The server forgets a job a hundred jobs later. Until this stream ends, it sends the last state it saw.
    let job = jobs.get(id);
    let revision = jobs.revision(id);
    const readState = () => {
      const isLast = isOver(job);
      return { revision, event: isLast ? 'end' : 'job', data: withoutResult(job), isLast };
    };
    openStreams.set(jobs, open + 1);
    await streamStates(res, seen > revision ? 0 : seen, readState, (onChange) =>
      jobs.follow(id, () => {
        job = jobs.get(id);
        revision = jobs.revision(id);
        onChange();
      }),
    ).finally(() => openStreams.set(jobs, openStreams.get(jobs)! - 1));
  },
});
