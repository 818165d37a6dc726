/** What can be wrong with collections, items and jobs. */
export const COLLECTION_ERRORS = {
  // Collections, items, vectors
  collection_not_found: {
    status: 404,
    title: 'The collection does not exist.',
    hint: 'List the collections with GET /v1/collections or `pawdex collections`, or create one.',
  },
  collection_exists: {
    status: 409,
    title: 'A collection with this name already exists.',
    hint: 'Use another name, or delete the existing collection first.',
  },
  item_not_found: {
    status: 404,
    title: 'The item does not exist in this collection.',
    hint: 'List the items with GET /v1/collections/{c}/items or `pawdex items -c NAME`.',
  },
  thumbnail_invalid: {
    status: 400,
    title: 'The thumbnail cannot be stored.',
    hint: 'Send a JPEG or WebP of at most 64 KiB and 512 x 512 pixels.',
  },
  thumbnail_not_found: {
    status: 404,
    title: 'This item has no thumbnail.',
    hint: 'Items that were imported without pictures have none; `pawdex attach-thumbnails` adds them.',
  },
  picture_damaged: {
    status: 404,
    title: 'The stored picture of this item is damaged.',
    hint: 'Run `pawdex attach-thumbnails` with a copy of the photos, or delete the item and add its photo again. Searches do not need the picture.',
  },
  vector_invalid: {
    status: 400,
    title: 'The vector is not valid.',
    hint: 'Send one finite number for each dimension of the collection, not all of them zero.',
  },
  model_mismatch: {
    status: 409,
    title: 'The collection was embedded with a different encoder than this server runs.',
    hint: "Re-embed it with `pawdex reembed -c NAME`, or start the server with the collection's encoder.",
  },
  space_changed: {
    status: 409,
    title: 'The collection switched to another encoder while the request was running.',
    hint: 'Send the request again.',
  },
  explain_unavailable: {
    status: 409,
    title: 'The encoder of this server cannot explain similarities.',
    hint: 'Send the request without `explain`, or use an encoder that supports it (docs/guides/encoders.md).',
  },
  // Jobs
  job_not_found: {
    status: 404,
    title: 'The job does not exist.',
    hint: 'List the jobs with GET /v1/jobs or `pawdex jobs`. The server keeps the last hundred finished ones.',
  },
  report_not_found: {
    status: 404,
    title: 'The job has no report.',
    hint: 'Only a job of the kind `evaluate` has one, once it has succeeded.',
  },
  job_queue_full: {
    status: 503,
    title: 'The job queue is full.',
    hint: 'Wait until a job has finished, or cancel one.',
  },
  job_interrupted: {
    status: 503,
    title: 'The server stopped before the job finished.',
    hint: 'Start the job again.',
  },
  path_not_allowed: {
    status: 403,
    title: "The path is outside the server's index roots.",
    hint: 'Use a path in one of the index roots, or add its folder to PAWDEX_INDEX_ROOTS.',
  },
  job_cancelled: {
    status: 409,
    title: 'The job was cancelled before it finished.',
    hint: 'Start it again with POST /v1/jobs if you still need it.',
  },
} as const;
