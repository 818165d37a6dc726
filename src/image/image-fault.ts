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

/** Whether an error concerns only one image. Work on many images continues after it, and stops at any other error. */
export function isImageFault(error: unknown): error is PawdexError {
  return error instanceof PawdexError && CODES.has(error.code);
}
