import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PawdexError } from '../../src/errors.js';
import type { Job } from '../../src/jobs/job.js';
import type { JobWork } from '../../src/jobs/job-context.js';
import type { JobRequest } from '../../src/jobs/job-request.js';
import { JobRunner, type JobRunnerOptions } from '../../src/jobs/job-runner.js';
import { memoryRecords } from '../helpers/http.js';
import { until } from '../helpers/until.js';

const REQUEST: JobRequest = { kind: 'calibrate', collection: 'mine' };

/** Work that waits until the test lets it go on, or until it is told to stop. */
class Held {
  readonly started: JobRequest[] = [];
  #release: ((value: unknown) => void)[] = [];

  readonly work: JobWork = (request, { signal }) => {
    this.started.push(request);
    return new Promise((resolve, reject) => {
      this.#release.push(resolve);
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  };

  async release(value: unknown): Promise<void> {
    this.#release.shift()!(value);
    await sleep(0);
  }
}

async function open(options: JobRunnerOptions): Promise<JobRunner> {
  const jobs = await JobRunner.open(options);
  jobs.start();
  return jobs;
}

async function runner(options: Partial<JobRunnerOptions> = {}) {
  const held = new Held();
  const records = memoryRecords();
  const jobs = await open({ work: held.work, records, ...options });
  return { jobs, held, records };
}

describe('JobRunner', () => {
  it('runs one at a time, in order, and keeps results', async () => {
    const { jobs, held, records } = await runner();
    const [a, b] = [await jobs.submit(REQUEST), await jobs.submit({ ...REQUEST, collection: 'other' })];
    await until(() => held.started.length === 1);
    expect([jobs.get(a.id).state, jobs.get(b.id).state]).toEqual(['running', 'queued']);
    await held.release({ fitted: true });
    await until(() => held.started.length === 2);
    expect(jobs.get(a.id)).toMatchObject({ state: 'succeeded', result: { fitted: true }, error: null });
    expect(Date.parse(jobs.get(a.id).finishedAt!)).toBeGreaterThanOrEqual(Date.parse(a.createdAt));
    expect(records.jobs.get(a.id)).toEqual(jobs.get(a.id));
    expect(held.started[1]).toMatchObject({ collection: 'other' });
    expect(jobs.list().map(({ id }) => id)).toEqual([b.id, a.id]);
    await jobs.close();
  });

  it('counts the changes of a job', async () => {
    const revisions: number[] = [];
    const { jobs } = await runner({
      work: async (_, { onProgress }) => {
        const [{ id }] = jobs.list() as [Job];
        revisions.push(jobs.getRevision(id));
        onProgress({ phase: 'asking', done: 1, total: 2 });
        revisions.push(jobs.getRevision(id));
        return 7;
      },
    });
    const { id } = await jobs.submit(REQUEST);
    expect(jobs.getRevision(id)).toBeLessThan(3);
    await until(() => jobs.get(id).state === 'succeeded');
    expect([...revisions, jobs.getRevision(id)]).toEqual([2, 3, 4]);
  });

  it('keeps the error code of a failed job, and continues with the next', async () => {
    const { jobs } = await runner({
      work: async (request) => {
        const { collection } = request as { collection: string };
        if (collection === 'gone') {
          throw new PawdexError('collection_not_found');
        }
        if (collection === 'odd') {
          throw new Error('a secret path');
        }
        return null;
      },
    });
    const ids: string[] = [];
    for (const collection of ['gone', 'odd', 'mine']) {
      ids.push((await jobs.submit({ ...REQUEST, collection })).id);
    }
    await until(() => jobs.get(ids[2]!).state === 'succeeded');
    expect(jobs.get(ids[0]!)).toMatchObject({ state: 'failed', error: { code: 'collection_not_found' } });
    expect(jobs.get(ids[1]!)).toMatchObject({ state: 'failed', error: { code: 'internal' } });
    expect(JSON.stringify(jobs.get(ids[1]!))).not.toContain('secret');
  });

  it('cancels waiting and running jobs, and leaves finished ones', async () => {
    const { jobs, held } = await runner();
    const [a, b, c] = [await jobs.submit(REQUEST), await jobs.submit(REQUEST), await jobs.submit(REQUEST)];
    await until(() => held.started.length === 1);
    expect(await jobs.cancel(b.id)).toMatchObject({ state: 'cancelled', startedAt: null });
    expect(await jobs.cancel(a.id)).toMatchObject({ state: 'cancelled', result: null, error: null });
    await until(() => held.started.length === 2);
    await held.release(null);
    await held.release('done');
    await until(() => jobs.get(c.id).state === 'succeeded');
    expect(held.started).toHaveLength(2);
    expect(await jobs.cancel(c.id)).toMatchObject({ state: 'succeeded', result: 'done' });
    await expect(jobs.cancel('nobody')).rejects.toMatchObject({ code: 'job_not_found' });
  });

  it('reports success if work was done before it could be cancelled', async () => {
    let finish = (_: unknown) => {};
    const { jobs } = await runner({
      work: () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    });
    const { id } = await jobs.submit(REQUEST);
    await until(() => jobs.get(id).state === 'running');
    await sleep(5);
    const cancelling = jobs.cancel(id);
    finish('stored');
    expect(await cancelling).toMatchObject({ state: 'succeeded', result: 'stored' });
  });

  it('refuses jobs when the queue is full, and accepts more when there is room again', async () => {
    const { jobs } = await runner();
    const running = await jobs.submit(REQUEST);
    await until(() => jobs.get(running.id).state === 'running');
    const attempts = await Promise.allSettled(Array.from({ length: 20 }, () => jobs.submit(REQUEST)));
    const accepted = attempts.filter(({ status }) => status === 'fulfilled');
    expect(accepted).toHaveLength(16);
    expect(attempts.at(-1)).toMatchObject({ reason: { code: 'job_queue_full', retryAfter: 60 } });
    await jobs.cancel((accepted[0] as PromiseFulfilledResult<Job>).value.id);
    await jobs.submit(REQUEST);
    await jobs.close();
  });

  it('accepts no job that it could not record', async () => {
    const records = memoryRecords();
    const { jobs } = await runner({
      records: {
        ...records,
        accept: () => Promise.reject(new PawdexError('storage_full')),
      },
    });
    await expect(jobs.submit(REQUEST)).rejects.toMatchObject({ code: 'storage_full' });
    expect(jobs.list()).toEqual([]);
  });

  it('finishes a job whose end cannot be recorded, and says so', async () => {
    const records = memoryRecords();
    const trouble: string[] = [];
    const { jobs } = await runner({
      work: async () => 1,
      records: {
        ...records,
        save: () => Promise.reject(new PawdexError('storage_full')),
      },
      onError: ({ code }) => trouble.push(code),
    });
    const { id } = await jobs.submit(REQUEST);
    await until(() => jobs.get(id).state === 'succeeded');
    expect(trouble).toEqual(['storage_full', 'storage_full']);
    // After a restart it is done once more: its end was not known for certain.
    const again = await open({ work: async () => 2, records });
    await until(() => again.get(id).state === 'succeeded');
    expect(again.get(id).result).toBe(2);
  });

  it('resumes unfinished jobs after a kill, with their requests and in the same order', async () => {
    const { jobs, held, records } = await runner();
    const done = await jobs.submit(REQUEST);
    await until(() => held.started.length === 1);
    await held.release(3);
    const running = await jobs.submit({ ...REQUEST, collection: 'first' });
    const waiting = await jobs.submit({ ...REQUEST, collection: 'second' });
    await until(() => held.started.length === 2);
    // As after a kill: nothing was told to stop.
    const next = new Held();
    const again = await JobRunner.open({ work: next.work, records });
    expect(again.get(done.id)).toEqual(jobs.get(done.id));
    expect([running, waiting].map(({ id }) => again.get(id).state)).toEqual(['queued', 'queued']);
    await sleep(5);
    expect(next.started).toEqual([]);
    again.start();
    await until(() => next.started.length === 1);
    await next.release('again');
    await until(() => next.started.length === 2);
    await next.release(null);
    expect(next.started).toMatchObject([{ collection: 'first' }, { collection: 'second' }]);
    await until(() => again.get(waiting.id).state === 'succeeded');
    expect(again.get(running.id)).toMatchObject({ state: 'succeeded', result: 'again', interruptions: 1 });
  });

  it('gives up a job whose server repeatedly ends before it makes progress', async () => {
    const { records, jobs } = await runner();
    const { id } = await jobs.submit(REQUEST);
    await until(() => jobs.get(id).state === 'running');
    let ends = 1;
    for (; ends < 20; ends++) {
      const again = await open({ work: () => new Promise(() => {}), records });
      if (again.get(id).state === 'failed') {
        break;
      }
      await until(() => records.jobs.get(id)!.state === 'running');
    }
    expect(ends).toBe(5);
    expect(records.jobs.get(id)).toMatchObject({ state: 'failed', error: { code: 'job_interrupted' } });
  });

  it('reports a job as lost if its request is lost', async () => {
    const { records, jobs } = await runner();
    const { id } = await jobs.submit(REQUEST);
    records.requests.clear();
    const again = await open({ work: async () => null, records });
    expect(again.get(id)).toMatchObject({ state: 'failed', error: { code: 'job_interrupted' } });
  });

  it('leaves jobs for the next start when it closes, even work that ignores the signal, and accepts no more', async () => {
    const { jobs, records } = await runner({ work: () => new Promise(() => {}) });
    const [running, waiting] = [await jobs.submit(REQUEST), await jobs.submit(REQUEST)];
    await until(() => jobs.get(running.id).state === 'running');
    await jobs.close();
    for (const { id } of [running, waiting]) {
      expect(jobs.get(id)).toMatchObject({ state: 'queued', error: null, interruptions: 0 });
      expect(records.jobs.get(id)).toEqual(jobs.get(id));
    }
    await expect(jobs.submit(REQUEST)).rejects.toMatchObject({ code: 'shutting_down' });
  });

  it('pauses running and waiting jobs, lets others run meanwhile, and resumes with the same request', async () => {
    const { jobs, held, records } = await runner();
    const [a, b, c] = [await jobs.submit(REQUEST), await jobs.submit(REQUEST), await jobs.submit(REQUEST)];
    await until(() => held.started.length === 1);
    expect(await jobs.pause(b.id)).toMatchObject({ state: 'paused', startedAt: null });
    expect(await jobs.pause(a.id)).toMatchObject({ state: 'paused', error: null, finishedAt: null });
    await until(() => jobs.get(c.id).state === 'running');
    // Paused jobs stay so over a restart.
    const again = await JobRunner.open({ work: held.work, records });
    expect([a, b].map(({ id }) => again.get(id).state)).toEqual(['paused', 'paused']);
    expect(await jobs.resume(a.id)).toMatchObject({ state: 'queued' });
    expect(await jobs.resume(c.id)).toMatchObject({ state: 'running' });
    await jobs.pause(c.id);
    await until(() => jobs.get(a.id).state === 'running');
    expect(await jobs.cancel(b.id)).toMatchObject({ state: 'cancelled' });
    expect(await jobs.resume(b.id)).toMatchObject({ state: 'cancelled' });
    await held.release(0);
    await held.release(0);
    await held.release('done');
    await until(() => jobs.get(a.id).state === 'succeeded');
    expect(jobs.get(c.id).state).toBe('paused');
    await expect(jobs.pause('nobody')).rejects.toMatchObject({ code: 'job_not_found' });
  });

  it('counts paused jobs towards the queue limit', async () => {
    const jobs = await JobRunner.open({ work: new Held().work, records: memoryRecords() });
    for (let i = 0; i < 16; i++) {
      await jobs.pause((await jobs.submit(REQUEST)).id);
    }
    await expect(jobs.submit(REQUEST)).rejects.toMatchObject({ code: 'job_queue_full' });
  });

  it('forgets the oldest of many finished jobs', async () => {
    const { jobs, records } = await runner({ work: async () => null });
    const ids: string[] = [];
    for (let i = 0; i < 105; i++) {
      ids.push((await jobs.submit(REQUEST)).id);
      await until(() => jobs.count('queued') + jobs.count('running') === 0);
    }
    await until(() => records.jobs.size === 100);
    expect(jobs.list()).toHaveLength(100);
    expect(() => jobs.get(ids[4]!)).toThrow(expect.objectContaining({ code: 'job_not_found' }));
    expect(jobs.get(ids[5]!).state).toBe('succeeded');
  });
});
