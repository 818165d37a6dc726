/**
 * Answers that users share by a link: a small photo and its answer, kept for some hours under an unguessable id. Each is
 * stored in a file, so that it survives restarts.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { identificationSchema } from '../engine/answers.js';
import { PawdexError } from '../errors.js';
import { addChecksum, verifyChecksum } from '../files/checksummed-json.js';
import { PRIVATE_FOLDER } from '../files/private-files.js';
import { replaceFile } from '../files/replace-file.js';

const HOUR_MS = 3_600_000;
const ID_BYTES = 16;
const ID = /^[\w-]{22}$/;
/** Maximum number of shares. The oldest are removed to make room. */
const MAX_SHARES = 1000;

export const shareSchema = z
  .object({
    id: z.string().meta({ description: 'The unguessable id in the link.' }),
    created: z.string(),
    expires: z.string().meta({ description: 'When it expires.' }),
    collection: z.string(),
    photoBase64: z.string().meta({ contentEncoding: 'base64', description: 'The photo as JPEG.' }),
    answer: identificationSchema,
  })
  .meta({ id: 'Share' });
/** A shared answer. Times are ISO 8601. */
export type Share = z.output<typeof shareSchema>;

/** The shared answers in one folder. */
export class Shares {
  readonly #folder: string;
  readonly #hours: number;

  /** @param hours until a share expires; 0 disables sharing */
  constructor(folder: string, hours: number) {
    this.#folder = folder;
    this.#hours = hours;
  }

  get isEnabled(): boolean {
    return this.#hours > 0;
  }

  /** @throws PawdexError sharing_disabled */
  async create(shared: Pick<Share, 'collection' | 'photoBase64' | 'answer'>): Promise<Share> {
    if (!this.isEnabled) {
      throw new PawdexError('sharing_disabled');
    }
    await mkdir(this.#folder, { recursive: true, mode: PRIVATE_FOLDER });
    await this.#makeRoom();
    const now = Date.now();
    const share = {
      id: randomBytes(ID_BYTES).toString('base64url'),
      created: new Date(now).toISOString(),
      expires: new Date(now + this.#hours * HOUR_MS).toISOString(),
      ...shared,
    };
    await replaceFile(this.#getFile(share.id), addChecksum(JSON.stringify(share)), { isPrivate: true });
    return share;
  }

  /** @throws PawdexError share_not_found, also if it has expired or its file is damaged */
  async read(id: string): Promise<Share> {
    if (!ID.test(id)) {
      throw new PawdexError('share_not_found');
    }
    const text = await catchMissing(readFile(this.#getFile(id), 'utf8'));
    const share = text === null ? null : parseShare(text);
    if (share === null || Date.parse(share.expires) <= Date.now()) {
      throw new PawdexError('share_not_found');
    }
    return share;
  }

  #getFile(id: string): string {
    return path.join(this.#folder, `${id}.json`);
  }

  /** Removes expired shares, and the oldest if there are too many. */
  async #makeRoom(): Promise<void> {
    const names = await readdir(this.#folder);
    const files = await Promise.all(
      names.map(async (name) => {
        const file = path.join(this.#folder, name);
        // Others may be written, renamed or removed at the same time.
        const { mtimeMs } = (await catchMissing(stat(file))) ?? { mtimeMs: 0 };
        return { file, modifiedAt: mtimeMs };
      }),
    );
    files.sort((a, b) => b.modifiedAt - a.modifiedAt);
    const expiry = Date.now() - this.#hours * HOUR_MS;
    const obsolete = files.filter(({ modifiedAt }, i) => i >= MAX_SHARES - 1 || modifiedAt < expiry);
    await Promise.all(obsolete.map(({ file }) => rm(file, { force: true })));
  }
}

/** Waits for a file operation; null if the file does not exist. */
const catchMissing = <T>(result: Promise<T>): Promise<T | null> =>
  result.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') {
      return null;
    }
    throw error;
  });

function parseShare(text: string): Share | null {
  try {
    return JSON.parse(verifyChecksum(text));
  } catch {
    return null; // damaged
  }
}
