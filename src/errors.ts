/**
 * All coded errors. HTTP answers, the exit codes of the command line and docs/errors.md come from this table, so that a code
 * means the same everywhere.
 */

interface ErrorSpec {
  /** HTTP status. */
  status: number;
  /** What happened, in a sentence that fits every occurrence. */
  title: string;
  /** What the caller can do about it. */
  hint: string;
}

/** Code -> status, title and hint. Codes are stable: a released code is never renamed or reused. */
export const ERRORS = {
  // The request itself
  invalid_request: {
    status: 400,
    title: 'The request is not valid.',
    hint: 'Compare the fields named in `errors` with /docs.',
  },
  invalid_json: {
    status: 400,
    title: 'The body is not valid JSON.',
    hint: 'Send a JSON object in UTF-8 with content-type application/json.',
  },
  invalid_multipart: {
    status: 400,
    title: 'The multipart body could not be read.',
    hint: 'Let your HTTP client build the form: curl -F image=@photo.jpg.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The content type is not supported.',
    hint: 'Send multipart/form-data with a field `image`, or application/json.',
  },
  payload_too_large: {
    status: 413,
    title: 'The request is too large.',
    hint: 'Send a smaller file, or raise PAWDEX_MAX_UPLOAD_MB on the server.',
  },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive.',
    hint: 'Try again over a faster connection, or send a smaller file.',
  },
  unauthorized: {
    status: 401,
    title: 'This server requires an API key.',
    hint: 'Send `Authorization: Bearer KEY` with one of the keys in PAWDEX_API_KEYS.',
  },
  host_not_allowed: {
    status: 403,
    title: 'This server has no API keys and does not answer to that host name.',
    hint: 'Use localhost or an IP address, add the name to PAWDEX_ALLOWED_HOSTS, or set PAWDEX_API_KEYS.',
  },
  origin_not_allowed: {
    status: 403,
    title: 'This server has no API keys and does not answer pages of other web sites.',
    hint: 'Add the site to PAWDEX_ALLOWED_ORIGINS. If it is this server behind a proxy, add its name to PAWDEX_ALLOWED_HOSTS.',
  },
  not_found: {
    status: 404,
    title: 'There is nothing at this address.',
    hint: 'See /docs for all endpoints.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This address does not support the method.',
    hint: 'See /docs for the methods of each endpoint.',
  },
  url_input_disabled: {
    status: 400,
    title: 'This server does not fetch images by URL.',
    hint: 'Send the image itself: multipart field `image`, or `imageBase64` in JSON. PAWDEX_FETCH_URLS enables it.',
  },
  sharing_disabled: {
    status: 403,
    title: 'Sharing is disabled on this server.',
    hint: 'Set PAWDEX_SHARE_HOURS on the server, or save the answer as a picture.',
  },
  share_not_found: {
    status: 404,
    title: 'There is no such shared answer.',
    hint: 'It may have expired. Ask the sender to share it again.',
  },
  url_not_allowed: {
    status: 403,
    title: 'This server does not fetch from that address.',
    hint: 'Name an http or https address on the public internet, without a password.',
  },
  url_unreachable: {
    status: 422,
    title: 'The image could not be fetched from its address.',
    hint: 'Check that the address opens as a picture, or send the image itself.',
  },
  // Images
  image_missing: {
    status: 400,
    title: 'The request contains no image.',
    hint: 'Send one file in the multipart field `image`, or `imageBase64` in JSON.',
  },
  image_unexpected: {
    status: 400,
    title: 'The request contains too many files, or a file in the wrong field.',
    hint: 'Send exactly one file, in the multipart field `image`.',
  },
  image_empty: {
    status: 400,
    title: 'The image is empty.',
    hint: 'Check that your program reads the file before it sends it.',
  },
  image_unsupported: {
    status: 415,
    title: 'The file is not an image in a supported format.',
    hint: 'Send JPEG, HEIC, PNG, WebP, GIF, AVIF or TIFF. The format is read from the content, not from the file name.',
  },
  image_heic: {
    status: 415,
    title: 'This HEIC photo cannot be decoded.',
    hint: 'It may be damaged, or use an unsupported variant. Export it as JPEG ("most compatible" on a phone).',
  },
  image_corrupt: {
    status: 422,
    title: 'The image is damaged or incomplete.',
    hint: 'Check that the file opens in a viewer, and send it again if the upload was interrupted.',
  },
  image_too_small: {
    status: 422,
    title: 'The image is too small to show an animal.',
    hint: 'Send a photo of at least 16 pixels on each side.',
  },
  region_invalid: {
    status: 422,
    title: 'The region is not inside the image.',
    hint: 'Give `region` as x,y,width,height in fractions of the upright photo, from 0 to 1, at least 16 pixels on each side.',
  },
  image_too_large: {
    status: 422,
    title: 'The image is too large to decode.',
    hint: 'Send a smaller version: 1000 pixels on the long side are enough. The limits are PAWDEX_MAX_PIXELS and PAWDEX_DECODE_MEMORY_MB.',
  },
  image_too_slow: {
    status: 422,
    title: 'The image took too long to decode.',
    hint: 'Send a smaller version, or save it as an ordinary JPEG.',
  },
  // Collections, items, vectors
  collection_not_found: {
    status: 404,
    title: 'The collection does not exist.',
    hint: 'GET /v1/collections lists all collections; POST /v1/collections creates one.',
  },
  collection_exists: {
    status: 409,
    title: 'A collection with this name already exists.',
    hint: 'Use another name, or delete the existing collection first.',
  },
  item_not_found: {
    status: 404,
    title: 'The item does not exist in this collection.',
    hint: 'GET /v1/collections/{c}/items lists the items.',
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
  vector_invalid: {
    status: 400,
    title: 'The vector is not valid.',
    hint: 'Send one finite number for each dimension of the collection, not all of them zero.',
  },
  model_mismatch: {
    status: 409,
    title: 'The collection was embedded with a different model than the one this server runs.',
    hint: 'Move the collection to the model of this server with `pawdex reembed -c NAME`, or start the server with the model of the collection.',
  },
  space_changed: {
    status: 409,
    title: 'The collection was moved to another model in the meantime.',
    hint: 'Send the request again.',
  },
  explain_unavailable: {
    status: 409,
    title: 'The model of this server cannot explain its answers.',
    hint: 'Ask without `explain`. It requires an encoder whose embedding is a projection of the mean of its last feature map.',
  },
  // Jobs
  job_not_found: {
    status: 404,
    title: 'The job does not exist.',
    hint: 'GET /v1/jobs lists all jobs. The server keeps the last hundred finished ones.',
  },
  report_not_found: {
    status: 404,
    title: 'The job has no report.',
    hint: 'Only a job of the kind `evaluate` has one, once it has succeeded.',
  },
  job_queue_full: {
    status: 503,
    title: 'The job queue is full.',
    hint: 'Wait until a job has finished, or cancel one: GET /v1/jobs lists them.',
  },
  job_interrupted: {
    status: 503,
    title: 'The server stopped before the job finished.',
    hint: 'Start the job again.',
  },
  path_not_allowed: {
    status: 403,
    title: 'The server does not read this folder.',
    hint: 'Name a folder below one of the index roots of the server (PAWDEX_INDEX_ROOTS), or add it there.',
  },
  job_cancelled: {
    status: 409,
    title: 'The job was cancelled before it finished.',
    hint: 'Start it again with POST /v1/jobs if you still need it.',
  },
  // The service
  overloaded: {
    status: 503,
    title: 'The server is overloaded.',
    hint: 'Try again after the number of seconds in the Retry-After header.',
  },
  shutting_down: {
    status: 503,
    title: 'The server is shutting down.',
    hint: 'Try again in a moment, or send the request to another instance.',
  },
  worker_failed: {
    status: 503,
    title: 'The worker thread that handled this request died.',
    hint: 'Send the request again: the thread is restarted once. The log of the server names the cause.',
  },
  storage_full: {
    status: 507,
    title: 'The disk of the data directory is full. Nothing of this request was stored.',
    hint: 'Free some space on the disk of PAWDEX_DATA_DIR and send the request again.',
  },
  storage_failed: {
    status: 500,
    title: 'The data directory could not be read or written.',
    hint: 'Run `pawdex doctor` on the server. The cause is in its log.',
  },
  data_damaged: {
    status: 503,
    title: 'The data directory is damaged: part of what was stored cannot be read.',
    hint: 'Restore a snapshot or a backup of the data directory (docs/store.md), or start once with --accept-damage to continue with the intact part.',
  },
  starting: {
    status: 503,
    title: 'The server is still loading its collections.',
    hint: 'Try again in a moment; /readyz says when it is ready.',
  },
  snapshot_invalid: {
    status: 400,
    title: 'The file is not a complete snapshot.',
    hint: 'Take another copy of the snapshot, or an older snapshot.',
  },
  data_dir_not_empty: {
    status: 409,
    title: 'The data directory is not empty.',
    hint: 'Restore into a directory that is empty or does not exist yet.',
  },
  data_dir_locked: {
    status: 409,
    title: 'Another pawdex process is using this data directory.',
    hint: 'Stop it, use another PAWDEX_DATA_DIR, or reach the running server with --server URL.',
  },
  data_dir_newer: {
    status: 500,
    title: 'The data directory was written by a newer pawdex.',
    hint: 'Upgrade pawdex, or use another PAWDEX_DATA_DIR.',
  },
  // Files and settings
  config_invalid: {
    status: 500,
    title: 'A setting is not valid.',
    hint: 'docs/settings.md lists all settings.',
  },
  keys_missing: {
    status: 500,
    title: 'The server would answer other machines without asking for a key.',
    hint: 'Set PAWDEX_API_KEYS, or listen on 127.0.0.1. To let anyone who reaches the port read, write and delete everything, set PAWDEX_ALLOW_UNAUTHENTICATED=true.',
  },
  model_invalid: {
    status: 500,
    title: 'The model cannot be loaded, or does not match its card.',
    hint: 'Check models/encoder.json against the model file with `pawdex doctor`.',
  },
  encoder_not_found: {
    status: 404,
    title: 'There is no encoder with this name.',
    hint: '`pawdex encoder list` lists them; `pawdex encoder add FILE` adds one.',
  },
  encoder_unsuitable: {
    status: 400,
    title: 'The model cannot be used as an encoder.',
    hint: 'docs/guides/encoders.md lists the requirements, and the flags for what the file does not say.',
  },
  export_invalid: {
    status: 400,
    title: 'The file cannot be imported.',
    hint: 'Take another copy of the file; docs/guides/moving.md lists the required columns.',
  },
  export_not_found: {
    status: 404,
    title: 'This job has no file.',
    hint: 'Jobs of kind export have one when they have succeeded; the server keeps the files of the last three.',
  },
  gallery_invalid: {
    status: 500,
    title: 'The gallery file cannot be read or does not match the model.',
    hint: 'Rebuild it with scripts/model/build-gallery.mjs, or restore the shipped file.',
  },
  calibration_invalid: {
    status: 500,
    title: 'A calibration cannot be read.',
    hint: 'Fit it again with `pawdex calibrate`.',
  },
  set_invalid: {
    status: 400,
    title: 'The labelled set cannot be read.',
    hint: 'A set is a folder with one sub-folder per label, or a folder with a manifest.csv (columns file and label or breed).',
  },
  sync_refused: {
    status: 409,
    title: 'A sync would remove more than a third of the photos from its folder.',
    hint: 'Check that the folder is complete and its disk is mounted; look with --dry-run; then use --yes or --keep-missing.',
  },
  file_unreadable: {
    status: 400,
    title: 'A file on this machine cannot be read.',
    hint: 'Check that the file exists and that you may read it.',
  },
  usage: {
    status: 400,
    title: 'The command line is not valid.',
    hint: 'See `pawdex COMMAND --help`.',
  },
  operator_not_differentiable: {
    status: 400,
    title: 'The model contains an operator without a gradient rule.',
    hint: 'Freeze the weights before it, or replace the operator on export; docs/autodiff.md lists the rules.',
  },
  provider_unavailable: {
    status: 500,
    title: 'This execution provider is not available on this machine.',
    hint: 'Use --provider cpu, or see docs/gpu.md for what webgpu and cuda need.',
  },
  training_diverged: {
    status: 500,
    title: 'Training diverged: the loss or its gradients are no longer finite.',
    hint: 'Lower optimiser.learningRate or raise the temperature; the last checkpoint and the best encoder so far are kept.',
  },
  native_module_failed: {
    status: 500,
    title: 'A compiled module could not be loaded.',
    hint: 'Run `npm ci` in the folder of pawdex with the Node.js that starts it; `pawdex doctor` checks each module.',
  },
  server_unreachable: {
    status: 502,
    title: 'The pawdex server did not answer.',
    hint: 'Check the address and that the server is running: curl URL/healthz.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong inside pawdex.',
    hint: 'Please report it. The log has the details under the request id.',
  },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

/** The details of a {@link PawdexError}. */
export interface ErrorDetails {
  /** What exactly went wrong. Safe to show to the caller. */
  detail?: string;
  /** Replaces the table's hint. */
  hint?: string;
  /** One entry per field that failed validation. */
  errors?: { path: string; message: string }[];
  /** Seconds to wait before trying again. */
  retryAfter?: number;
  cause?: unknown;
}

/** An error with a stable code. pawdex throws no other errors on purpose. */
export class PawdexError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly hint: string;
  readonly detail: string | undefined;
  readonly errors: { path: string; message: string }[] | undefined;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    const spec = ERRORS[code];
    super(details.detail ?? spec.title, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'PawdexError';
    this.code = code;
    this.status = spec.status;
    this.hint = details.hint ?? spec.hint;
    this.detail = details.detail;
    this.errors = details.errors;
    this.retryAfter = details.retryAfter;
  }

  /** Converts the error to plain data, to send it to another thread or process. */
  toWire(): WireError {
    return {
      code: this.code,
      detail: this.detail,
      hint: this.hint,
      errors: this.errors,
      retryAfter: this.retryAfter,
    };
  }

  /** The inverse of {@link toWire}; an unknown code becomes `internal`. */
  static fromWire(wire: WireError): PawdexError {
    const code = Object.hasOwn(ERRORS, wire.code) ? (wire.code as ErrorCode) : 'internal';
    return new PawdexError(code, wire);
  }
}

/** A {@link PawdexError} as structured-clone or JSON data. */
export interface WireError {
  code: string;
  detail?: string | undefined;
  hint?: string | undefined;
  errors?: { path: string; message: string }[] | undefined;
  retryAfter?: number | undefined;
}

/** An error as shown in answers and results. */
export interface Failure {
  code: ErrorCode;
  detail: string;
  hint: string;
}

/** Describes any thrown value for an answer or a result. */
export function describeFailure(error: unknown): Failure {
  const { code, message, hint } = asPawdexError(error);
  return { code, detail: message, hint };
}

/** Converts any thrown value to a {@link PawdexError}; other errors become `internal` with their cause. */
export function asPawdexError(error: unknown): PawdexError {
  if (error instanceof PawdexError) {
    return error;
  }
  return new PawdexError('internal', { cause: error });
}
