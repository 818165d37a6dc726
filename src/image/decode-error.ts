/** What libvips says of an image that it cannot decode, as a coded error. */
import { PawdexError } from '../errors.js';

/** Messages about files that are whole and of a form that the decoder was built without. */
const UNSUPPORTED =
  /not configured|not supported|not implemented|unimplemented|unsupported|bad labq format|no decoding plugin/i;

/** The first line of a message, without characters that a terminal would act on. */
function readReason(message: string): string {
  const line = message.replace(/^Input buffer has corrupt header: /, '').split('\n')[0]!;
  return line
    .replace(/[^\x20-\x7e]/g, '?')
    .trim()
    .slice(0, 160);
}

/** The coded error for one that a decoder threw; a coded one stays as it is. */
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
