/** GET /v1/jobs/{id}/events: a job as it goes on, as server-sent events. */
import { z } from 'zod';
import { PawdexError } from '../../errors.js';
import { isOver } from '../../jobs/job.js';
import type { JobRunner } from '../../jobs/job-runner.js';
import type { Endpoint } from '../endpoint.js';
import { streamStates } from '../event-stream.js';
import { jobPath, noQuery } from '../schemas/common.js';
import { parse } from '../validate.js';
import { jobJson } from './jobs.js';

/** Streams at once; each holds a connection. */
const MOST_STREAMS = 100;

/** The revision a client that comes back has seen; anything that is none of ours counts as nothing seen. */
function lastSeen(header: string | undefined): number {
  return header !== undefined && /^\d{1,9}$/.test(header) ? Number(header) : 0;
}

export function jobEventsRoute(jobs: JobRunner): Endpoint {
  let open = 0;
  return {
    method: 'get',
    path: '/v1/jobs/{id}/events',
    tag: 'jobs',
    summary: 'A job as it goes on (server-sent events)',
    description:
      'Each event `job` carries the job as `GET /v1/jobs/{id}` answers it, without its `result`; the one named ' +
      '`end` is the last, and the stream ends. Events are at least 0.2 s apart, so some progress is passed over. ' +
      '`Last-Event-ID` is honoured: a client that comes back after the end is answered 204, which stops an ' +
      '`EventSource`.',
    request: { params: jobPath },
    responses: {
      200: { description: 'The events.', content: { 'text/event-stream': { schema: z.string() } } },
      204: { description: 'The job is over, and the caller has seen that.' },
    },
    errors: ['job_not_found'],
    async handle(req, res) {
      parse(noQuery, req.query, 'query');
      const { id } = parse(jobPath, req.params, 'path');
      const seen = lastSeen(req.get('last-event-id'));
      if (isOver(jobs.get(id)) && seen === jobs.revision(id)) {
        res.status(204).end();
        return;
      }
      if (open >= MOST_STREAMS) throw new PawdexError('overloaded', { retryAfter: 5 });
      // A job is forgotten a hundred jobs later; until this stream ends, its last state is what there is to tell.
      let job = jobs.get(id);
      let revision = jobs.revision(id);
      const newest = () => {
        const last = isOver(job);
        return { revision, event: last ? 'end' : 'job', data: jobJson(job), last };
      };
      open++;
      await streamStates(res, seen > revision ? 0 : seen, newest, (changed) =>
        jobs.follow(id, () => {
          job = jobs.get(id);
          revision = jobs.revision(id);
          changed();
        }),
      ).finally(() => open--);
    },
  };
}
