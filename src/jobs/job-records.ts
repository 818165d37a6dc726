/**
 * Stores jobs on disk, so that accepted jobs survive restarts and can continue. Each job has a file with its public state,
 * and a folder with its request and the progress of its work. They are not in the store, because jobs belong to the server
 * that ran them, whichever store it uses.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { addChecksum, verifyChecksum } from '../files/checksummed-json.js';
import { PRIVATE_FOLDER } from '../files/private-files.js';
import { replaceFile, TEMPORARY_SUFFIX } from '../files/replace-file.js';
import { type Job, jobSchema } from './job.js';
import type { JobRequest } from './job-request.js';

const REQUEST = 'request.json';
/** Name of an uploaded file in the folder of its job, before the extension. */
export const UPLOAD = 'upload';

/** Removes the request and upload of a job, and its unfinished files. */
async function removeInput(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const isInput = (name: string) =>
    name === REQUEST || name.startsWith(`${UPLOAD}.`) || name.endsWith(TEMPORARY_SUFFIX);
  for (const name of names.filter(isInput)) {
    await rm(path.join(folder, name), { force: true });
  }
}

/** Vectors are stored as base64 of their float32 numbers. */
function encodeRequest(request: JobRequest): string {
  return JSON.stringify(request, (_key, value) =>
    value instanceof Float32Array
      ? { float32: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
      : value,
  );
}

function decodeRequest(text: string): JobRequest {
  return JSON.parse(text, (_key, value) =>
    typeof value?.float32 === 'string'
      ? new Float32Array(Uint8Array.from(Buffer.from(value.float32, 'base64')).buffer)
      : value,
  );
}

/** Stores jobs in a folder, which is created if needed. Like the data directory, only one process may use it. */
export class FileJobRecords {
  readonly #dir: string;
  readonly #onUnreadable: (file: string) => void;
  #saving: Promise<void> = Promise.resolve();

  /** @param onUnreadable called for a file that is not a record or cannot be read; it is left alone */
  constructor(dir: string, onUnreadable: (file: string) => void) {
    this.#dir = dir;
    this.#onUnreadable = onUnreadable;
  }

  #fileOf(id: string): string {
    return path.join(this.#dir, `${id}.json`);
  }

  /** The folder for a job's own files. It exists from {@link accept} until {@link remove}. */
  getFolder(id: string): string {
    return path.join(this.#dir, id);
  }

  /** Returns the path of a new file for an upload. It is deleted at the next start unless a job takes it over. */
  createUploadName(): string {
    return path.join(this.#dir, `${randomUUID()}${TEMPORARY_SUFFIX}`);
  }

  /** Loads all jobs, in any order. Throws the file system's error, like the following methods. */
  async load(): Promise<Job[]> {
    await mkdir(this.#dir, { recursive: true, mode: PRIVATE_FOLDER });
    const entries = await readdir(this.#dir, { withFileTypes: true });
    const jobs: Job[] = [];
    for (const { name } of entries) {
      // An interrupted write. The file that it would have replaced still exists.
      if (name.endsWith(TEMPORARY_SUFFIX)) {
        await rm(path.join(this.#dir, name), { force: true });
      } else if (name.endsWith('.json')) {
        jobs.push(...(await this.#read(name)));
      }
    }
    const names = new Set(entries.map(({ name }) => name));
    for (const entry of entries) {
      // The folder of a job that was never accepted, or whose removal was interrupted.
      const isJobFolder = entry.isDirectory() && jobSchema.shape.id.safeParse(entry.name).success;
      if (isJobFolder && !names.has(`${entry.name}.json`)) {
        await rm(this.getFolder(entry.name), { recursive: true, force: true });
      }
    }
    return jobs;
  }

  async #read(name: string): Promise<Job[]> {
    const file = path.join(this.#dir, name);
    try {
      return [jobSchema.parse(JSON.parse(verifyChecksum(await readFile(file, 'utf8'))))];
    } catch {
      this.#onUnreadable(file);
      return [];
    }
  }

  /**
   * Stores a new job with its request. Durable when it resolves, like {@link save}.
   *
   * @param upload file that is moved to the job's folder, as {@link UPLOAD} with an extension
   */
  async accept(job: Job, request: JobRequest, upload?: string): Promise<void> {
    const folder = this.getFolder(job.id);
    await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
    if (upload !== undefined) {
      const extension = request.kind === 'index' ? request.archive : 'parquet';
      await rename(upload, path.join(folder, `${UPLOAD}.${extension}`));
    }
    const file = path.join(folder, REQUEST);
    await replaceFile(file, addChecksum(encodeRequest(request)), { isPrivate: true });
    await this.save(job);
  }

  /** Stores the state of a job. Deletes request and upload of a finished job. Calls take effect in order. */
  save(job: Job): Promise<void> {
    // One after another, because the older of two concurrent writes could win.
    const saved = this.#saving.then(() => this.#write(job));
    this.#saving = saved.catch(() => {});
    return saved;
  }

  async #write(job: Job): Promise<void> {
    await replaceFile(this.#fileOf(job.id), addChecksum(JSON.stringify(job)), { isPrivate: true });
    if (job.finishedAt !== null) {
      await removeInput(this.getFolder(job.id));
    }
  }

  /** Loads the request of a job, or null if there is none. */
  async loadRequest(id: string): Promise<JobRequest | null> {
    try {
      const text = await readFile(path.join(this.getFolder(id), REQUEST), 'utf8');
      return decodeRequest(verifyChecksum(text));
    } catch {
      return null;
    }
  }

  /** Deletes a job with its files, if there are any. */
  async remove(id: string): Promise<void> {
    await rm(this.#fileOf(id), { force: true });
    await rm(this.getFolder(id), { recursive: true, force: true });
  }
}

/** The public methods of {@link FileJobRecords}. */
export type JobRecords = Pick<FileJobRecords, keyof FileJobRecords>;
