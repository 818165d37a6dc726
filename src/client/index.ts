/** What other programs import: `import { PawdexClient } from 'pawdex/client'`. */

export type {
  IdentifyOptions,
  ItemInput,
  LookOptions,
  NonPets,
  Query,
  SearchOptions,
} from '../engine/engine.js';
export type { ErrorCode } from '../errors.js';
export { PawdexError } from '../errors.js';
export type { JobKind, JobResults, JobState } from '../jobs/job.js';
export type { JobRequest } from '../jobs/job-request.js';
export type { Filter, ItemPatch, Metadata } from '../store/store.js';
export { ApiError } from './api-error.js';
export { PawdexClient } from './client.js';
export { followJob, runJob } from './follow-job.js';
export { createRemoteEngine as remoteEngine } from './remote-engine.js';
export type { ClientOptions } from './transport.js';
export type {
  AddResult,
  CollectionInfo,
  DuplicatePage,
  EmbedResult,
  Identification,
  Item,
  ItemPage,
  Job,
  JobFailure,
  SearchResult,
  ServerInfo,
} from './wire.js';
