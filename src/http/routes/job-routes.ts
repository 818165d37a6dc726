/** /v1/jobs: list, read, follow, pause, resume and cancel jobs. */
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { jobId } from '../../engine/request-fields.js';
import { type ErrorCode, PawdexError } from '../../errors.js';
import type { CollectionEvaluation } from '../../evaluation/evaluate-collection.js';
import { drawItemPicture } from '../../evaluation/report/pictures.js';
import { STYLE_HASH } from '../../evaluation/report/report-style.js';
import { renderReport } from '../../evaluation/report/write-report.js';
import {
  isFinished,
  type Job,
  type JobKind,
  type JobSummary,
  jobSchema,
  jobSummarySchema,
} from '../../jobs/job.js';
import { readFailures } from '../../jobs/job-journal.js';
import { findThumbnail } from '../../store/find-thumbnail.js';
import { defineEndpoint } from '../define-endpoint.js';
import { streamStates } from '../event-stream.js';
import { file, json, stream } from '../response-spec.js';

const tag = 'jobs';
const params = { id: jobId };

/** What endpoints share that return the job in their path. */
const jobResponse = { params, response: json(jobSchema, 'The job.'), errors: ['job_not_found'] } as const;

/** Removes the result, which may be long. */
function omitResult({ result: _, ...job }: Job): JobSummary {
  return job;
}

export const listJobs = defineEndpoint({
  method: 'get',
  path: '/v1/jobs',
  tag,
  summary: 'List all jobs without their results, newest first',
  description: 'The server keeps the last hundred finished jobs.',
  response: json(z.object({ jobs: z.array(jobSummarySchema) }), 'The jobs.'),
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
    async function* readLines(folder: string) {
      for await (const failure of readFailures(folder)) {
        yield `${JSON.stringify(failure)}\n`;
      }
    }
    res.type('application/x-ndjson');
    // A client that disconnects is not an error of the server.
    await pipeline(readLines(jobs.getFolder(id)), res).catch((error) => {
      if (!res.destroyed) {
        throw error;
      }
    });
  },
});

/** Reads the last revision that a reconnecting client has seen. Returns 0 if it has seen none of this job. */
function readLastSeen(header: string | undefined, revision: number): number {
  const seen = Number(header ?? 0);
  return seen <= revision ? seen : 0;
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
  async handle({ params: { id }, req, res }, { jobs }) {
    const revision = jobs.getRevision(id);
    const lastSeen = readLastSeen(req.get('last-event-id'), revision);
    if (isFinished(jobs.get(id)) && lastSeen === revision) {
      res.status(204).end();
      return;
    }
    const readState = () => {
      const job = jobs.get(id);
      const isEnd = isFinished(job);
      return {
        revision: jobs.getRevision(id),
        event: isEnd ? 'end' : 'job',
        data: omitResult(job),
        isLast: isEnd || jobs.isClosed,
      };
    };
    await streamStates(res, lastSeen, readState);
  },
});
