/** Types of the server's answers, inferred from the schemas of its endpoints. Loads none of the server's code. */
import type { z } from 'zod';
import type * as answers from '../http/schemas/answers.js';
import type * as service from '../http/schemas/service-answers.js';

/** The answer of `GET /v1/info`: version, model and limits. All limits except `batchFiles` are in bytes. */
export type ServerInfo = z.output<typeof service.info>;

/** The answer of identify. */
export type Identification = z.output<typeof answers.identification>;

/** The answer of a search: items with their similarity, nearest first. */
export type SearchResult = z.output<typeof answers.searchAnswer>;

/** An embedding, [dimension] of L2 norm 1, with its model. */
export type EmbedResult = z.output<typeof answers.embedAnswer>;

/** A collection. */
export type CollectionInfo = z.output<typeof answers.collection>;

/** All collections. */
export type CollectionList = z.output<typeof answers.collectionList>;

/** Labels of a collection with counts. */
export type LabelList = z.output<typeof answers.labelList>;

/** An item. */
export type Item = z.output<typeof answers.item>;

/** A page of items; `next` is the `cursor` of the following page, null at the end. */
export type ItemPage = z.output<typeof answers.itemPage>;

/** The result of each added image, in the order sent. */
export type AddAnswer = z.output<typeof answers.addAnswer>;
export type AddResult = AddAnswer['results'][number];

/** The result of each thumbnail. */
export type AttachAnswer = z.output<typeof answers.attachAnswer>;

/** The items of a collection as points on a plane. */
export type CollectionMap = z.output<typeof answers.collectionMap>;

/** The values of a metadata key, with the number of items for each. */
export type FacetList = z.output<typeof answers.facetList>;

/** The result of an import. */
export type ImportAnswer = z.output<typeof answers.importAnswer>;

/** A snapshot of all collections. */
export type Snapshot = z.output<typeof service.snapshot>;

/** The existing snapshots. */
export type SnapshotList = z.output<typeof service.snapshotList>;

/** Pairs of near-duplicates. */
export type DuplicatePage = z.output<typeof answers.duplicatePage>;

/** A job, with its result once it has succeeded. */
export type Job = z.output<typeof service.job>;

/** Jobs without their results. */
export type JobList = z.output<typeof service.jobList>;

/** A file that a job could not process, and why. */
export type JobFailure = z.output<typeof service.jobFailure>;
