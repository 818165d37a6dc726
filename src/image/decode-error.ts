/** Converts the errors of libvips to coded errors. */
import { PawdexError } from '../errors.js';

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
