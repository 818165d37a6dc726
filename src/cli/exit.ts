/** What the shell learns from a command: its exit code. docs/cli.md and every `--help` show this table. */
import type { ErrorCode, PawdexError } from '../errors.js';

/** Exit code -> meaning. Released codes keep their meaning. */
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

/** The table for people. */
export const EXIT_HELP = `
Exit codes:
  0    everything done
  1    done, but some images or checks failed
  2    wrong usage, input or setting
  3    no such collection or item
  4    cannot be done now: server unreachable or busy, data directory in use, API key refused,
       results cannot be written
  5    the installation, the model, the gallery or the data directory is not usable
  70   a fault of pawdex itself
  130  stopped by Ctrl-C (143: by a TERM signal)`;

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  collection_not_found: EXIT.notFound,
  item_not_found: EXIT.notFound,
  server_unreachable: EXIT.unavailable,
  provider_unavailable: EXIT.unavailable,
  unauthorized: EXIT.unavailable,
  overloaded: EXIT.unavailable,
  shutting_down: EXIT.unavailable,
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
  starting: EXIT.unavailable,
  config_invalid: EXIT.usage,
  keys_missing: EXIT.usage,
  worker_failed: EXIT.internal,
  internal: EXIT.internal,
};

/** The exit code an error ends a command with. */
export function exitCodeOf(error: PawdexError): number {
  return BY_CODE[error.code] ?? (error.status < 500 ? EXIT.usage : EXIT.internal);
}
