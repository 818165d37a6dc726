/** Errors about single images: forms that pawdex does not support, what decoders report, and which errors concern one image only. */
import { type ErrorCode, PawdexError } from '../errors.js';

/** @param hint replaces the general hint of the code */
export const createUnsupportedError = (detail: string, hint?: string) =>
  new PawdexError('image_unsupported', { detail, hint });

export const RAW_HINT = 'Export a JPEG from the camera or from your photo software and send that.';
export const createCameraRawError = () =>
  createUnsupportedError('Camera RAW is not supported: export a JPEG.', RAW_HINT);

/** Messages about intact files in a form that the decoder does not support. */
const UNSUPPORTED =
  /not configured|not supported|not implemented|unimplemented|unsupported|bad labq format|no decoding plugin/i;

/** Takes the first line of a message, without control characters. */
function readReason(message: string): string {
  const line = message.replace(/^Input buffer has corrupt header: /, '').split('\n')[0]!;
  return line
    .replace(/[^\x20-\x7e]/g, '?')
    .trim()
    .slice(0, 160);
}

/** Converts an error of a decoder; coded errors stay unchanged. */
export function toDecodeError(error: unknown): PawdexError {
  if (error instanceof PawdexError) {
    return error;
  }
  const message = error instanceof Error ? error.message : String(error);
  if (/exceeds pixel limit/i.test(message)) {
    return new PawdexError('image_too_large', { cause: error });
  }
  if (/timeout: \d+% complete/.test(message)) {
    return new PawdexError('image_too_slow', { cause: error });
  }
  if (UNSUPPORTED.test(message)) {
    return new PawdexError('image_unsupported', {
      detail: `This form of the format is not supported: ${readReason(message)}.`,
      hint: 'Save the picture again as an ordinary JPEG or PNG.',
      cause: error,
    });
  }
  return new PawdexError('image_corrupt', { cause: error });
}

/** Codes of errors in the bytes of an image. */
export const IMAGE_CODES = [
  'image_empty',
  'image_unsupported',
  'image_heic',
  'image_corrupt',
  'image_too_small',
  'image_too_large',
  'image_too_slow',
] as const satisfies ErrorCode[];

/** Codes of errors that concern only one image. */
const FAULTS: ReadonlySet<ErrorCode> = new Set([...IMAGE_CODES, 'payload_too_large', 'file_unreadable']);

/** Whether an error concerns only one image. Work on many images continues after it, and stops at any other error. */
export function isImageFault(error: unknown): error is PawdexError {
  return error instanceof PawdexError && FAULTS.has(error.code);
}
