/** A body that is an archive of photos: it goes to the disk as it arrives. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request } from 'express';
import { z } from 'zod';
import { PawdexError } from '../../errors.js';
import { PRIVATE_FILE } from '../../files/private-files.js';
import type { BodySpec } from '../body-spec.js';

/** The first is what the documentation names. */
const TYPES = {
  'application/zip': 'zip',
  'application/x-zip-compressed': 'zip',
  'application/x-tar': 'tar',
  'application/gzip': 'tar.gz',
  'application/x-gzip': 'tar.gz',
} as const;

type Extension = (typeof TYPES)[keyof typeof TYPES];

/** An archive that has not arrived yet. */
interface ArrivingArchive {
  extension: Extension;
  /**
   * Writes it to a new file, of which nothing is left when it fails.
   *
   * @throws PawdexError payload_too_large, storage_full, invalid_request
   */
  receive(file: string, mostBytes: number): Promise<void>;
}

async function receiveFile(req: Request, file: string, mostBytes: number): Promise<void> {
  const tooLarge = () =>
    new PawdexError('payload_too_large', {
      detail: `An archive may have at most ${mostBytes} bytes.`,
      hint: 'Send it in parts, or raise PAWDEX_MAX_ARCHIVE_MB.',
    });
  if (Number(req.headers['content-length']) > mostBytes) {
    throw tooLarge();
  }
  let received = 0;
  const count = new Transform({
    transform(piece: Buffer, _encoding, done) {
      received += piece.length;
      done(received > mostBytes ? tooLarge() : null, piece);
    },
  });
  try {
    await pipeline(req, count, createWriteStream(file, { flags: 'wx', mode: PRIVATE_FILE }));
  } catch (error) {
    await rm(file, { force: true });
    if (error instanceof PawdexError) {
      throw error;
    }
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
      throw new PawdexError('storage_full', { cause: error });
    }
    throw new PawdexError('invalid_request', { detail: 'The file did not arrive completely.', cause: error });
  }
}

/** A zip, tar or tar.gz file. */
export const archiveBody: BodySpec<ArrivingArchive> = {
  options: {},
  json: null,
  form: null,
  raw: { type: 'application/zip', schema: z.string().meta({ format: 'binary' }) },
  read: async (req) => {
    const type = req.is(Object.keys(TYPES));
    if (!type) {
      throw new PawdexError('unsupported_media_type', {
        detail: `Unsupported content type \`${req.get('content-type') ?? 'none'}\`.`,
        hint: 'Send the archive as the body, with content-type application/zip, application/x-tar or application/gzip.',
      });
    }
    return {
      extension: TYPES[type as keyof typeof TYPES],
      receive: (file, mostBytes) => receiveFile(req, file, mostBytes),
    };
  },
};
