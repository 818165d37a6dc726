/** Multipart uploads: multer with every limit set, and its errors as ours. */
import type { RequestHandler } from 'express';
import multer from 'multer';
import { PawdexError } from '../../errors.js';

/** Text fields in one form. */
const MAX_FIELDS = 16;
/** Bytes of one text field: room for `items` with metadata for every file. */
const MAX_FIELD_BYTES = 1024 * 1024;

/** Bytes that text fields and part headers may add to the files of a form. */
export const FORM_OVERHEAD_BYTES = 2 * MAX_FIELD_BYTES;

/**
 * A parser that puts the files of field `image` into memory.
 *
 * @param limits files in one form, bytes in one file
 */
export function multipartParser(limits: { files: number; fileBytes: number }): RequestHandler {
  return multer({
    storage: multer.memoryStorage(),
    defParamCharset: 'utf8',
    limits: {
      files: limits.files,
      fileSize: limits.fileBytes,
      fields: MAX_FIELDS,
      fieldSize: MAX_FIELD_BYTES,
      fieldNameSize: 64,
      // Names are plain words; `a[b]` would otherwise build objects.
      fieldNestingDepth: 0,
      parts: limits.files + MAX_FIELDS,
      headerPairs: 32,
    },
  }).array('image', limits.files);
}

/** What multer or the form parser below it reports, as a coded error. */
export function multipartError(error: unknown, limits: { files: number; fileBytes: number }): PawdexError {
  if (error instanceof PawdexError) return error;
  const code = error instanceof multer.MulterError ? error.code : '';
  switch (code) {
    case 'LIMIT_FILE_SIZE':
      return new PawdexError('payload_too_large', {
        detail: `A file may have at most ${limits.fileBytes} bytes.`,
        cause: error,
      });
    case 'LIMIT_FIELD_VALUE':
      return new PawdexError('payload_too_large', {
        detail: `A text field may have at most ${MAX_FIELD_BYTES} bytes.`,
        hint: 'Send fewer images in one request, or say less of each.',
        cause: error,
      });
    case 'LIMIT_FILE_COUNT':
    case 'LIMIT_UNEXPECTED_FILE': {
      const field = (error as multer.MulterError).field;
      const most = limits.files === 1 ? 'one file' : `at most ${limits.files} files`;
      return new PawdexError('image_unexpected', {
        detail:
          field === undefined || field === 'image'
            ? `This endpoint takes ${most}.`
            : `Files go into the field \`image\`, not \`${field}\`.`,
        ...(limits.files === 1 ? {} : { hint: `Send ${most} in one request, in the field \`image\`.` }),
        cause: error,
      });
    }
  }
  const message = error instanceof Error ? error.message : String(error);
  return new PawdexError('invalid_multipart', { detail: `${message}.`, cause: error });
}
