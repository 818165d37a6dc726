import { type ErrorCode, PawdexError } from '../errors.js';

const CODES: ReadonlySet<ErrorCode> = new Set([
  'image_empty',
  'image_unsupported',
  'image_heic',
  'image_corrupt',
  'image_too_small',
  'image_too_large',
  'image_too_slow',
  'payload_too_large',
  'file_unreadable',
]);

/** Whether an error is one image's own fault: work on many goes on without it, any other error ends the work. */
export function isImageFault(error: unknown): error is PawdexError {
  return error instanceof PawdexError && CODES.has(error.code);
}
