/** Apps for tests, without a socket or log output. */
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import type { Express } from 'express';
import { pino } from 'pino';
import { type Config, parseConfig } from '../../src/config.js';
import type { AppDeps, Lifecycle } from '../../src/http/app-deps.js';
import { createApp } from '../../src/http/create-app.js';
import type { Job } from '../../src/jobs/job.js';
import type { JobRecords } from '../../src/jobs/job-records.js';
import type { JobRequest } from '../../src/jobs/job-request.js';
import { JobRunner } from '../../src/jobs/job-runner.js';
import { createJobWork } from '../../src/jobs/job-work.js';
import { MemoryEngine } from './memory-engine.js';

export type TestConfig = Config;

/** Job records that are removed after the test. */
export function memoryRecords(
  kept: Job[] = [],
): JobRecords & { jobs: Map<string, Job>; requests: Map<string, JobRequest> } {
  const jobs = new Map(kept.map((job) => [job.id, job]));
  const requests = new Map<string, JobRequest>();
  return {
    jobs,
    requests,
    load: async () => [...jobs.values()],
    createUploadName: () => path.join(tmpdir(), `pawdex-upload-${randomUUID()}`),
    accept: async (job, request) => {
      requests.set(job.id, request);
      jobs.set(job.id, job);
    },
    save: async (job) => void jobs.set(job.id, job),
    loadRequest: async (id) => requests.get(id) ?? null,
    getFolder: (id) => path.join(tmpdir(), `pawdex-no-job-${id}`),
    remove: async (id) => void jobs.delete(id),
  };
}

/** Result of `testApp`. */
export interface TestApp<E> {
  app: Express;
  engine: E;
  jobs: JobRunner;
  lifecycle: Lifecycle;
  /** Every line logged so far, as text. */
  log: string[];
}

/** An app over `engine`, ready, with small limits, that logs everything into `log`. */
export async function appOver<E extends AppDeps['engine']>(
  engine: E,
  config: Partial<TestConfig> = {},
  assertCapacity: (urgency: 'urgent' | 'bulk') => void = () => {},
): Promise<TestApp<E>> {
  const log: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      log.push(String(chunk));
      done();
    },
  });
  const lifecycle: Lifecycle = { state: 'ready' };
  const jobs = await JobRunner.open({
    work: createJobWork({
      engine,
      indexRoots: config.INDEX_ROOTS ?? [],
      maxFileBytes: 2 ** 20,
      syncDir: path.join(tmpdir(), 'pawdex-sync-unused'),
    }),
    records: memoryRecords(),
  });
  jobs.start();
  const app = createApp({
    engine,
    jobs,
    config: {
      ...parseConfig({ DATA_DIR: path.join(tmpdir(), 'pawdex-no-data') }, {}),
      // Host names in hand-written requests.
      ALLOWED_HOSTS: ['x'],
      MAX_ARCHIVE_MB: 1,
      MAX_UPLOAD_MB: 1,
      MAX_BATCH_FILES: 4,
      ...config,
    },
    logger: pino({ level: 'trace' }, sink),
    version: '0.0.0',
    lifecycle,
    countDamagedPictures: async () => 0,
    load: { pending: 7, estimateSeconds: () => 0.5, assertCapacity },
    webDir: new URL('./no-such-folder', import.meta.url).pathname,
  });
  return { app, engine, jobs, lifecycle, log };
}

/** An app over a {@link MemoryEngine} whose collection `breeds` holds three items. */
export async function testApp(config: Partial<TestConfig> = {}): Promise<TestApp<MemoryEngine>> {
  const engine = new MemoryEngine();
  await engine.createCollection('breeds');
  await engine.addItems(
    'breeds',
    [
      ['siamese', 'cat'],
      ['birman', 'cat'],
      ['beagle', 'dog'],
    ].map(([label, species]) => ({ image: Buffer.from(label!), label: label!, metadata: { species } })),
  );
  return appOver(engine, config);
}
