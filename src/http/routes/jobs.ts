/** /v1/jobs: long work on a collection; start, list, look at and cancel it. */
import type { NonPets } from '../../engine/engine.js';
import type { Job } from '../../jobs/job.js';
import { vectorsFromBase64 } from '../body/images.js';
import type { BodyReader } from '../body/reader.js';
import type { AppDeps } from '../deps.js';
import type { Endpoint } from '../endpoint.js';
import { relativeAddress } from '../relative-address.js';
import { jobPath, noQuery } from '../schemas/common.js';
import { type JobBody, jobBody, jobList, job as jobSchema } from '../schemas/jobs.js';
import { parse } from '../validate.js';
import { bodies, json } from './answers.js';

const tag = 'jobs';

/** A job without what it found, which may be long. */
export function jobJson({ result: _, ...job }: Job): Omit<Job, 'result'> {
  return job;
}

/** Non-pets as the engine takes them. */
function nonPetsOf(
  { nonPets }: Extract<JobBody, { kind: 'calibrate' | 'evaluate' }>,
  dimension: number,
): { nonPets?: NonPets } {
  if (nonPets === undefined) return {};
  if ('collection' in nonPets) return { nonPets };
  return {
    nonPets: { embeddings: vectorsFromBase64(nonPets.embeddings, dimension, 'body.nonPets.embeddings') },
  };
}

export function jobRoutes(
  { engine, jobs }: Pick<AppDeps, 'engine' | 'jobs'>,
  reader: BodyReader,
): Endpoint[] {
  return [
    {
      method: 'post',
      path: '/v1/jobs',
      tag,
      summary: 'Start a job: calibrate or evaluate a collection, or check its labels',
      description:
        'Answers at once; the job waits for those before it, one runs at a time. `calibrate` fits how far to trust ' +
        "the collection's answers and stores that with it, `evaluate` measures the collection with its own photos, " +
        '`check-labels` lists likely wrong labels. An accepted job is on record: one that a stop of the server cut ' +
        'off is `failed` with `job_interrupted` when the server is back.',
      request: bodies(jobBody),
      responses: { 202: json('The job; `Location` has its address.', jobSchema) },
      errors: ['collection_not_found', 'vector_invalid', 'job_queue_full', 'storage_full'],
      async handle(req, res) {
        parse(noQuery, req.query, 'query');
        const body = parse(
          jobBody,
          await reader.object(req, res, { imagePaths: ['nonPets.embeddings'] }),
          'body',
        );
        const request =
          body.kind === 'check-labels'
            ? body
            : {
                kind: body.kind,
                collection: body.collection,
                ...nonPetsOf(body, engine.encoder.dimension),
              };
        // Told now rather than by the job.
        await engine.getCollection(body.collection);
        if ('nonPets' in request && request.nonPets !== undefined && 'collection' in request.nonPets)
          await engine.getCollection(request.nonPets.collection);
        const job = await jobs.submit(request);
        res
          .status(202)
          .location(relativeAddress(req.originalUrl, `v1/jobs/${job.id}`))
          .json(job);
      },
    },
    {
      method: 'get',
      path: '/v1/jobs',
      tag,
      summary: 'All jobs, the newest first, without their results',
      description: 'Of jobs that are over, the last hundred are kept.',
      responses: { 200: json('The jobs.', jobList) },
      errors: [],
      handle(req, res) {
        parse(noQuery, req.query, 'query');
        res.json({ jobs: jobs.list().map(jobJson) });
      },
    },
    {
      method: 'get',
      path: '/v1/jobs/{id}',
      tag,
      summary: 'A job with its result',
      request: { params: jobPath },
      responses: { 200: json('The job.', jobSchema) },
      errors: ['job_not_found'],
      handle(req, res) {
        parse(noQuery, req.query, 'query');
        res.json(jobs.get(parse(jobPath, req.params, 'path').id));
      },
    },
    {
      method: 'delete',
      path: '/v1/jobs/{id}',
      tag,
      summary: 'Cancel a job',
      description:
        'Answers with the job as it then is: `cancelled`, or what it was or became before that could take effect. ' +
        'What a cancelled job had done so far is not stored.',
      request: { params: jobPath },
      responses: { 200: json('The job.', jobSchema) },
      errors: ['job_not_found'],
      async handle(req, res) {
        parse(noQuery, req.query, 'query');
        res.json(await jobs.cancel(parse(jobPath, req.params, 'path').id));
      },
    },
  ];
}
