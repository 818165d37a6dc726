/** The dependencies of the HTTP layer. All are passed in, so that tests can replace them. */
import type { Logger } from 'pino';
import type { Config } from '../config.js';
import type { Engine } from '../engine/engine.js';
import type { LocalEngine } from '../engine/local-engine.js';
import type { PawdexError } from '../errors.js';
import type { JobRunner } from '../jobs/job-runner.js';

/** The state of the server between start and stop, shared by /readyz, the gate before /v1 and the server. */
export interface Lifecycle {
  /** `damaged`: part of the stored data cannot be read, so requests for data are refused. */
  state: 'starting' | 'ready' | 'damaged' | 'stopping';
  /** What is wrong while it is `damaged`. */
  problem?: PawdexError;
}

/** Dependencies of `createApp`. */
export interface AppDeps {
  engine: Engine;
  jobs: JobRunner;
  config: Config;
  logger: Logger;
  /** The version of pawdex, for /openapi.json and /v1/info. */
  version: string;
  /** Shared with `startServer`, which sets it to `stopping`. */
  lifecycle: Lifecycle;
  /** The load of the engine, by which requests are refused before their upload is read. */
  load: LocalEngine['load'];
  /** Counts the stored pictures that were found damaged, for /metrics. */
  countDamagedPictures: () => Promise<number>;
  /** Whether images may be fetched from an IP address. Default: only from public ones. */
  mayFetchFrom?: (address: string) => boolean;
  /** Folder of the built web page. */
  webDir: string;
}
