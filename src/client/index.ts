/** What other programs import: `import { PawdexClient } from 'pawdex/client'`. */

export type {
  AddResult,
  Candidate,
  DuplicatePage,
  DuplicatePair,
  Explanation,
  Identification,
  IdentifyOptions,
  ItemInput,
  LookOptions,
  Neighbour,
  NonPets,
  Query,
  SearchOptions,
  Timing,
} from '../engine/engine.js';
export type { ErrorCode } from '../errors.js';
export { PawdexError } from '../errors.js';
export type { Job, JobKind, JobRequest, JobResults, JobState } from '../jobs/job.js';
export type { CollectionInfo, Filter, Item, ItemPage, ItemPatch, Metadata } from '../store/store.js';
export { ApiError } from './api-error.js';
export { PawdexClient } from './client.js';
export { runJob } from './jobs.js';
export { remoteEngine } from './remote-engine.js';
export type { ClientOptions } from './transport.js';
export type { EmbedResult, SearchResult, ServerInfo } from './wire.js';
