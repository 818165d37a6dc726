/** What the HTTP layer needs. It looks nothing up by itself, so that tests can pass their own. */
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import type { Engine } from '../engine/engine.js';
import type { LocalEngine } from '../engine/local-engine.js';
import type { JobRunner } from '../jobs/job-runner.js';
import type { Lifecycle } from './lifecycle.js';

/** Dependencies of `createApp`. */
export interface AppDeps {
  engine: Engine;
  jobs: JobRunner;
  config: Pick<
    Config,
    | 'API_KEYS'
    | 'ALLOWED_HOSTS'
    | 'ALLOWED_ORIGINS'
    | 'INDEX_ROOTS'
    | 'FETCH_URLS'
    | 'MAX_UPLOAD_MB'
    | 'MAX_BATCH_FILES'
    | 'TRUST_PROXY'
  >;
  logger: Logger;
  /** pawdex's version, as /openapi.json and /v1/info name it. */
  version: string;
  /** `startServer` is given the same object and sets it to `stopping`. */
  lifecycle: Lifecycle;
  /** How much work waits; without it nothing is refused before its upload is read, nor shown in /metrics. */
  load?: LocalEngine['load'];
  /** Folder of the built web page. */
  webDir: string;
}
