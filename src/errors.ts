/**
 * Every coded error, once. HTTP answers, the command line's exit codes and docs/errors.md are all read
 * from this table, so that a code means the same everywhere and can be relied on by callers.
 */

interface ErrorSpec {
  /** HTTP status the code is answered with. */
  status: number;
  /** What happened, in a sentence that is true for every occurrence. */
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
    title: 'The content type of the request is not supported here.',
    hint: 'Send multipart/form-data with a field `image`, or application/json.',
  },
  payload_too_large: {
    status: 413,
    title: 'The request is larger than this server accepts.',
    hint: 'Send a smaller file, or raise PAWDEX_MAX_UPLOAD_MB on the server.',
  },
  request_timeout: {
    status: 408,
    title: 'The request took too long to arrive.',
    hint: 'Send it again over a better connection, or send a smaller file.',
  },
  unauthorized: {
    status: 401,
    title: 'This server asks for an API key.',
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
    hint: 'Add the site to PAWDEX_ALLOWED_ORIGINS; where it is this server behind a proxy, add its name to PAWDEX_ALLOWED_HOSTS.',
  },
  not_found: {
    status: 404,
    title: 'There is nothing at this address.',
    hint: 'See /docs for the endpoints.',
  },
  method_not_allowed: {
    status: 405,
    title: 'This address does not answer that method.',
    hint: 'See /docs for the methods of each endpoint.',
  },
  url_input_disabled: {
    status: 400,
    title: 'This server does not fetch images by URL.',
    hint: 'Send the image itself: multipart field `image`, or `imageBase64` in JSON.',
  },
  // Images
  image_missing: {
    status: 400,
    title: 'The request holds no image.',
    hint: 'Send one file in the multipart field `image`, or `imageBase64` in JSON.',
  },
  image_unexpected: {
    status: 400,
    title: 'The request holds more files than this endpoint takes, or a file in another field.',
    hint: 'Send exactly one file, in the multipart field `image`.',
  },
  image_empty: {
    status: 400,
    title: 'The image has no bytes.',
    hint: 'Check that the file was read before it was sent.',
  },
  image_unsupported: {
    status: 415,
    title: 'The bytes are not an image of a kind this server reads.',
    hint: 'Send JPEG, PNG, WebP, GIF, AVIF or TIFF. The kind is read from the content, not from the name.',
  },
  image_heic: {
    status: 415,
    title: 'HEIC/HEIF photos are not supported.',
    hint: 'Convert the photo to JPEG first; phones do that on export ("most compatible").',
  },
  image_corrupt: {
    status: 422,
    title: 'The image is damaged or cut short.',
    hint: 'Open the file in a viewer; send it again if the upload was cut off.',
  },
  image_too_small: {
    status: 422,
    title: 'The image is too small to show an animal.',
    hint: 'Send a photo of at least 16 pixels on each side.',
  },
  image_too_large: {
    status: 422,
    title: 'The image has more pixels than this server decodes.',
    hint: 'Send a smaller version; 1000 pixels on the long side are plenty. The limit is PAWDEX_MAX_PIXELS.',
  },
  // Collections, items, vectors
  collection_not_found: {
    status: 404,
    title: 'There is no such collection.',
    hint: 'List them with GET /v1/collections, or create it with POST /v1/collections.',
  },
  collection_exists: {
    status: 409,
    title: 'A collection of this name exists already.',
    hint: 'Use another name, or delete the existing collection first.',
  },
  item_not_found: {
    status: 404,
    title: 'There is no such item in this collection.',
    hint: 'List the items with GET /v1/collections/{c}/items.',
  },
  thumbnail_not_found: {
    status: 404,
    title: 'This item has no thumbnail.',
    hint: 'Items of a shipped gallery come without pictures; index photos to have thumbnails.',
  },
  vector_invalid: {
    status: 400,
    title: 'The vector is not usable.',
    hint: 'Send as many finite numbers as the collection has dimensions, not all of them zero.',
  },
  model_mismatch: {
    status: 409,
    title: 'The collection was embedded with another model than the one this server runs.',
    hint: 'Start the server with the model the collection names, or index the photos into a new collection.',
  },
  explain_unavailable: {
    status: 409,
    title: 'The model of this server cannot say where in a photo a similarity comes from.',
    hint: 'Ask without `explain`. It needs an encoder whose embedding is a projection of a mean over its last feature map.',
  },
  // Jobs
  job_not_found: {
    status: 404,
    title: 'There is no such job.',
    hint: 'List them with GET /v1/jobs; of those that are over, the last hundred are kept.',
  },
  job_queue_full: {
    status: 503,
    title: 'As many jobs are waiting as this server takes.',
    hint: 'Wait until one is over, or cancel one: GET /v1/jobs lists them.',
  },
  job_interrupted: {
    status: 503,
    title: 'The server stopped before the job was done.',
    hint: 'Start the job again: what it had done so far was not stored.',
  },
  job_cancelled: {
    status: 409,
    title: 'The job was cancelled before it was done.',
    hint: 'Start it again with POST /v1/jobs if it is still wanted.',
  },
  // The service
  overloaded: {
    status: 503,
    title: 'The server has more work waiting than it can do in time.',
    hint: 'Try again after the seconds named in Retry-After.',
  },
  shutting_down: {
    status: 503,
    title: 'The server is shutting down.',
    hint: 'Try again in a moment, or ask another instance.',
  },
  worker_failed: {
    status: 503,
    title: 'The worker thread that handled this request ended unexpectedly.',
    hint: 'Send the request again: the thread is restarted once. The log of the server names the cause.',
  },
  storage_full: {
    status: 507,
    title: 'The data directory is out of space; nothing of this request was stored.',
    hint: 'Free space on the volume of PAWDEX_DATA_DIR and send the request again.',
  },
  storage_failed: {
    status: 500,
    title: 'The data directory could not be read or written.',
    hint: 'Run `pawdex doctor` on the server; its log has the cause.',
  },
  data_damaged: {
    status: 503,
    title: 'The data directory is damaged: part of what was stored cannot be read.',
    hint: 'Restore a snapshot or a backup of the data directory (docs/store.md), or start once with --accept-damage to go on with what is left.',
  },
  starting: {
    status: 503,
    title: 'The server is still loading its collections.',
    hint: 'Try again in a moment; /readyz says when it is ready.',
  },
  data_dir_locked: {
    status: 409,
    title: 'Another pawdex process is using this data directory.',
    hint: 'Stop it, name another PAWDEX_DATA_DIR, or reach the running server with --server URL.',
  },
  data_dir_newer: {
    status: 500,
    title: 'The data directory was written by a newer pawdex.',
    hint: 'Upgrade pawdex, or name another PAWDEX_DATA_DIR.',
  },
  // Files and settings
  config_invalid: {
    status: 500,
    title: 'A setting is not valid.',
    hint: 'Compare the settings named with the README.',
  },
  keys_missing: {
    status: 500,
    title: 'The server would answer other machines without asking for a key.',
    hint: 'Set PAWDEX_API_KEYS, or listen on 127.0.0.1. If whoever reaches the port may read, write and delete everything: PAWDEX_ALLOW_UNAUTHENTICATED=true.',
  },
  model_invalid: {
    status: 500,
    title: 'The model and its card do not fit together, or cannot be loaded.',
    hint: 'Check models/encoder.json against the model file with `pawdex doctor`.',
  },
  gallery_invalid: {
    status: 500,
    title: 'The gallery file cannot be read or does not fit the model.',
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
  file_unreadable: {
    status: 400,
    title: 'A file on this machine cannot be read.',
    hint: 'Check that it exists and who may read it.',
  },
  usage: {
    status: 400,
    title: 'The command line is not valid.',
    hint: 'See `pawdex COMMAND --help`.',
  },
  operator_not_differentiable: {
    status: 400,
    title: 'The model holds an operator, or a form of one, that has no gradient rule.',
    hint: 'Freeze the weights before it, or replace the operator on export; docs/autodiff.md lists the rules.',
  },
  provider_unavailable: {
    status: 500,
    title: 'Graphs cannot run on this provider here.',
    hint: 'Use --provider cpu, or see docs/gpu.md for what webgpu and cuda need.',
  },
  training_diverged: {
    status: 500,
    title: 'Training went wrong: the loss or its gradients are no longer usable.',
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
    hint: 'The log has the details under the request id; please report it.',
  },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

/** What a {@link PawdexError} carries beside its code. */
export interface ErrorDetails {
  /** What exactly was wrong this time; safe to show to the caller. */
  detail?: string;
  /** Replaces the table's hint where a better one is known. */
  hint?: string;
  /** One entry per field that failed validation. */
  errors?: { path: string; message: string }[];
  /** Seconds after which trying again makes sense. */
  retryAfter?: number;
  cause?: unknown;
}

/** An error with a stable code; everything pawdex throws on purpose is one of these. */
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

  /** The error as plain data, for crossing a thread or process border. */
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
    return new PawdexError(code, {
      ...(wire.detail === undefined ? {} : { detail: wire.detail }),
      ...(wire.hint === undefined ? {} : { hint: wire.hint }),
      ...(wire.errors === undefined ? {} : { errors: wire.errors }),
      ...(wire.retryAfter === undefined ? {} : { retryAfter: wire.retryAfter }),
    });
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

/** Any thrown value as a {@link PawdexError}; what is not one already becomes `internal` with its cause. */
export function asPawdexError(error: unknown): PawdexError {
  if (error instanceof PawdexError) return error;
  return new PawdexError('internal', { cause: error });
}
