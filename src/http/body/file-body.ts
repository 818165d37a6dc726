/** A body that is one large file, written to disk as it arrives. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request } from 'express';
import { z } from 'zod';
import { PARQUET_TYPE } from '../../client/transport.js';
import { createTooLargeError, PawdexError, toFileError } from '../../errors.js';
import { PRIVATE_FILE } from '../../files/private-files.js';
import type { BodySpec } from './body-spec.js';

interface ArrivingFile<E extends string> {
  extension: E;
  /**
   * Writes it to a new file. Nothing is left of it on failure.
   *
   * @param maxMiB largest accepted file
   * @throws PawdexError payload_too_large, storage_full, invalid_request
   */
  receive(file: string, maxMiB: number): Promise<void>;
}

async function receiveFile(req: Request, file: string, maxMiB: number, hint: string): Promise<void> {
  const maxBytes = maxMiB * 2 ** 20;
  if (Number(req.headers['content-length']) > maxBytes) {
    throw createTooLargeError('The file', maxBytes, hint);
  }
  let received = 0;
  const count = new Transform({
    transform(piece: Buffer, _encoding, done) {
      received += piece.length;
      done(received > maxBytes ? createTooLargeError('The file', maxBytes, hint) : null, piece);
    },
  });
  try {
    await pipeline(req, count, createWriteStream(file, { flags: 'wx', mode: PRIVATE_FILE }));
  } catch (error) {
    await rm(file, { force: true });
    if (error instanceof PawdexError) {
      throw error;
    }
    const detail = 'The upload was interrupted before the file was complete.';
    throw toFileError(error) ?? new PawdexError('invalid_request', { detail, cause: error });
  }
}

/**
 * Declares a body that is a file.
 *
 * @param types extension by media type; the documentation names the first type
 * @param hints for another type, and for a file that is too large
 */
function fileBody<E extends string>(
  types: Readonly<Record<string, E>>,
  hints: { type: string; size: string },
): BodySpec<ArrivingFile<E>> {
  return {
    options: {},
    json: null,
    form: null,
    raw: { type: Object.keys(types)[0]!, schema: z.string().meta({ format: 'binary' }) },
    read: async (req) => {
      const type = req.is(Object.keys(types));
      if (!type) {
        throw new PawdexError('unsupported_media_type', {
          detail: `Unsupported content type \`${req.get('content-type') ?? 'none'}\`.`,
          hint: hints.type,
        });
      }
      return {
        extension: types[type]!,
        receive: (file, maxMiB) => receiveFile(req, file, maxMiB, hints.size),
      };
    },
  };
}

/** A zip, tar or tar.gz file of photos. */
export const archiveBody = fileBody(
  {
    'application/zip': 'zip',
    'application/x-zip-compressed': 'zip',
    'application/x-tar': 'tar',
    'application/gzip': 'tar.gz',
    'application/x-gzip': 'tar.gz',
  },
  {
    type: 'Send the archive as the body, with content-type application/zip, application/x-tar or application/gzip.',
    size: 'Split the archive, or raise PAWDEX_MAX_ARCHIVE_MB.',
  },
);

/** The largest accepted Parquet file. */
export const MAX_PARQUET_MIB = 64 * 1024;

/** A Parquet file, as any of the media types that clients use for it. */
export const parquetBody = fileBody(
  { [PARQUET_TYPE]: 'parquet', 'application/octet-stream': 'parquet', 'application/x-parquet': 'parquet' },
  {
    type: `Send the Parquet file as the body, with content-type ${PARQUET_TYPE}.`,
    size: 'Split the rows into several files and import them one by one.',
  },
);
