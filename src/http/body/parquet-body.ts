/** A body that is one large file: it goes to the disk as it arrives. */
import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request } from 'express';
import { z } from 'zod';
import { PawdexError } from '../../errors.js';
import { PRIVATE_FILE } from '../../files/private-files.js';
import type { BodySpec } from '../body-spec.js';

/** Media type of Parquet files. */
export const PARQUET = 'application/vnd.apache.parquet';
/** Other types that clients send for it. */
const OTHER_TYPES = ['application/octet-stream', 'application/x-parquet'];
/** Bytes of a file. */
const MOST_BYTES = 64 * 1024 ** 3;

/** A file that has not arrived yet. */
interface ArrivingFile {
  /** Writes it to a new file. @throws PawdexError payload_too_large, storage_full, invalid_request */
  receive(file: string): Promise<void>;
}

async function receiveFile(req: Request, file: string): Promise<void> {
  let received = 0;
  const count = new Transform({
    transform(piece: Buffer, _encoding, done) {
      received += piece.length;
      const isTooLarge = received > MOST_BYTES;
      done(isTooLarge ? new PawdexError('payload_too_large') : null, piece);
    },
  });
  try {
    await pipeline(req, count, createWriteStream(file, { flags: 'wx', mode: PRIVATE_FILE }));
  } catch (error) {
    if (error instanceof PawdexError) {
      throw error;
    }
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
      throw new PawdexError('storage_full', { cause: error });
    }
    throw new PawdexError('invalid_request', { detail: 'The file did not arrive completely.', cause: error });
  }
}

/** A Parquet file. */
export const parquetBody: BodySpec<ArrivingFile> = {
  options: {},
  json: null,
  form: null,
  raw: { type: PARQUET, schema: z.string().meta({ format: 'binary' }) },
  read: async (req) => {
    if (!req.is([PARQUET, ...OTHER_TYPES])) {
      throw new PawdexError('unsupported_media_type', {
        detail: `Unsupported content type \`${req.get('content-type') ?? 'none'}\`.`,
        hint: `Send the Parquet file as the body, with content-type ${PARQUET}.`,
      });
    }
    return { receive: (file) => receiveFile(req, file) };
  },
};
