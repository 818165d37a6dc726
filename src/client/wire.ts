/** Types of the server's answers, inferred from the schemas of its endpoints. None of the server's code is loaded. */
import type { z } from 'zod';
import type * as answers from '../http/schemas/answers.js';
import type * as service from '../http/schemas/service-answers.js';

/** What `GET /v1/info` answers: version, model and limits, in bytes but for `batchFiles`. */
export type ServerInfo = z.output<typeof service.info>;

/** The answer to "what breed is this?". */
export type Identification = z.output<typeof answers.identification>;

/** What a search answers: items with their similarity, nearest first. */
export type SearchResult = z.output<typeof answers.searchAnswer>;

/** An embedding, [dimension] of L2 norm 1, with its model. */
export type EmbedResult = z.output<typeof answers.embedAnswer>;

/** A collection. */
export type CollectionInfo = z.output<typeof answers.collection>;

/** All collections. */
export type CollectionList = z.output<typeof answers.collectionList>;

/** Labels of a collection with counts. */
export type LabelList = z.output<typeof answers.labelList>;

/** What is known of an item. */
export type Item = z.output<typeof answers.item>;

/** A page of items; `next` is the `cursor` of the following page, null at the end. */
export type ItemPage = z.output<typeof answers.itemPage>;

/** The result of each added image, in the order sent. */
export type AddAnswer = z.output<typeof answers.addAnswer>;
export type AddResult = AddAnswer['results'][number];

/** What became of thumbnails that were sent. */
export type AttachAnswer = z.output<typeof answers.attachAnswer>;

/** The items of a collection as points on a plane. */
export type CollectionMap = z.output<typeof answers.collectionMap>;

/** Values of a key of the metadata with the number of items of each. */
export type FacetList = z.output<typeof answers.facetList>;

/** What became of the rows of an imported file. */
export type ImportAnswer = z.output<typeof answers.importAnswer>;

/** A snapshot of all collections. */
export type Snapshot = z.output<typeof service.snapshot>;

/** The snapshots that are kept. */
export type SnapshotList = z.output<typeof service.snapshotList>;

/** Pairs of items that are nearly one picture. */
export type DuplicatePage = z.output<typeof answers.duplicatePage>;

/** A job, with its result once it has succeeded. */
export type Job = z.output<typeof service.job>;

/** Jobs without their results. */
export type JobList = z.output<typeof service.jobList>;

/** A file that a job could not take, and why. */
export type JobFailure = z.output<typeof service.jobFailure>;
