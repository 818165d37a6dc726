/** Types of the server's responses. Loads none of the server's code. */
import type { z } from 'zod';
import type { embeddingSchema } from '../engine/answers.js';
import type { AddResult, AttachStatus, ServedCollection } from '../engine/engine.js';
import type { infoSchema } from '../http/routes/service-routes.js';
import type { JobSummary } from '../jobs/job.js';
import type { Facet, LabelCount, StoredSnapshot } from '../store/store.js';

export type {
  AddResult,
  CollectionMap,
  DuplicatePage,
  Identification,
  ImportOutcome,
  SearchAnswer as SearchResult,
  ServedCollection as CollectionInfo,
} from '../engine/engine.js';
export type { FileFailure as JobFailure } from '../indexing/index-folder.js';
export type { Job } from '../jobs/job.js';
export type { Item, ItemPage, StoredSnapshot as Snapshot } from '../store/store.js';

/** Version, model and limits of a server. All limits except `batchFiles` are in bytes. */
export type ServerInfo = z.output<typeof infoSchema>;
/** An embedding, [dimension] of L2 norm 1, with its model. */
export type EmbedResult = z.output<typeof embeddingSchema>;

export type CollectionList = { collections: ServedCollection[] };
export type LabelList = { labels: LabelCount[] };
export type FacetList = { values: Facet[] };
export type SnapshotList = { snapshots: StoredSnapshot[] };
export type JobList = { jobs: JobSummary[] };
/** One result per image or thumbnail, in the order sent. */
export type AddResults = { results: AddResult[] };
export type AttachResults = { results: AttachStatus[] };
