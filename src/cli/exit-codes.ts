/** Exit codes of the command line. docs/cli.md and `pawdex --help` show this table. */
import { type ErrorCode, PawdexError } from '../errors.js';

/** Released exit codes keep their meaning. */
export const EXIT = {
  ok: 0,
  someFailed: 1,
  usage: 2,
  notFound: 3,
  unavailable: 4,
  broken: 5,
  internal: 70,
  interrupted: 130,
  terminated: 143,
} as const;

/** The table that `pawdex --help` ends with. */
export const EXIT_HELP = `
Exit codes:
  0    success
  1    finished, but some images or checks failed
  2    wrong usage, input or setting
  3    no such collection or item
  4    not possible now: server unreachable or busy, data directory in use,
       API key refused, output cannot be written
  5    installation, model, gallery or data directory cannot be used
  70   a bug in pawdex
  130  stopped by Ctrl-C (143: by SIGTERM)`;

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  collection_not_found: EXIT.notFound,
  item_not_found: EXIT.notFound,
  server_unreachable: EXIT.unavailable,
  provider_unavailable: EXIT.unavailable,
  unauthorized: EXIT.unavailable,
  overloaded: EXIT.unavailable,
  shutting_down: EXIT.unavailable,
  starting: EXIT.unavailable,
  job_queue_full: EXIT.unavailable,
  job_interrupted: EXIT.unavailable,
  too_many_open_files: EXIT.unavailable,
  data_dir_locked: EXIT.unavailable,
  native_module_failed: EXIT.broken,
  model_invalid: EXIT.broken,
  model_mismatch: EXIT.broken,
  gallery_invalid: EXIT.broken,
  calibration_invalid: EXIT.broken,
  storage_full: EXIT.broken,
  storage_failed: EXIT.broken,
  data_dir_newer: EXIT.broken,
  data_damaged: EXIT.broken,
  snapshot_invalid: EXIT.broken,
  config_invalid: EXIT.usage,
  keys_missing: EXIT.usage,
  training_diverged: EXIT.usage,
};

/** @throws PawdexError usage */
export function failUsage(detail: string, hint?: string): never {
  throw new PawdexError('usage', { detail, hint });
}

export function getExitCode(error: PawdexError): number {
  return BY_CODE[error.code] ?? (error.status < 500 ? EXIT.usage : EXIT.internal);
}
