/**
 * Jobs on the disk, a file each, so that a job that was accepted is never unknown after a restart. They are not
 * in the store: whichever one is used, jobs belong to the server that ran them.
 */
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { PawdexError } from '../errors.js';
import { PRIVATE_FOLDER } from '../files/private-files.js';
import { ASIDE, replaceFile } from '../files/replace-file.js';
import { type Job, jobSchema } from './job.js';

/** Where jobs are kept while the server does not run. */
export interface JobRecords {
  /** The jobs kept, in any order. @throws PawdexError storage_full, storage_failed */
  load(): Promise<Job[]>;
  /** Durable when it resolves. @throws PawdexError storage_full, storage_failed */
  save(job: Job): Promise<void>;
  /** Forgets a job, known or not. */
  remove(id: string): Promise<void>;
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

function failed(cause: NodeJS.ErrnoException): never {
  if (FULL.has(String(cause.code))) {
    throw new PawdexError('storage_full', { cause });
  }
  throw new PawdexError('storage_failed', {
    detail: `The records of jobs could not be read or written (${cause.code}).`,
    cause,
  });
}

/**
 * Records in a folder, which is made when missing. Only one process may use it, as with the data directory.
 *
 * @param onUnreadable told of a file that is no record or cannot be read; it is left where it is
 */
export function jobRecords(dir: string, onUnreadable: (file: string) => void): JobRecords {
  const fileOf = (id: string) => path.join(dir, `${id}.json`);

  async function read(name: string): Promise<Job[]> {
    const file = path.join(dir, name);
    try {
      return [jobSchema.parse(JSON.parse(await readFile(file, 'utf8')))];
    } catch {
      onUnreadable(file);
      return [];
    }
  }

  return {
    async load() {
      await mkdir(dir, { recursive: true, mode: PRIVATE_FOLDER }).catch(failed);
      const names = await readdir(dir).catch(failed);
      const jobs: Job[] = [];
      for (const name of names) {
        // Cut off in the middle of being written: what it would have replaced is still there.
        if (name.endsWith(ASIDE)) {
          await rm(path.join(dir, name), { force: true }).catch(failed);
        } else if (name.endsWith('.json')) {
          jobs.push(...(await read(name)));
        }
      }
      return jobs;
    },
    save: ({ id, ...job }) =>
      replaceFile(fileOf(id), JSON.stringify({ id, ...job }), { isPrivate: true }).catch(failed),
    remove: (id) => rm(fileOf(id), { force: true }).catch(failed),
  };
}
