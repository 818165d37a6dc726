/**
 * Jobs on the disk, so that a job that was accepted is never unknown after a restart, and can go on. Each has a file
 * with what everybody sees of it, and a folder with what it was asked and what its work writes down. They are not in
 * the store: whichever one is used, jobs belong to the server that ran them.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { PawdexError } from '../errors.js';
import { PRIVATE_FOLDER } from '../files/private-files.js';
import { ASIDE, replaceFile } from '../files/replace-file.js';
import { sealJson, unsealJson } from '../files/sealed-json.js';
import { type Job, type JobRequest, jobSchema } from './job.js';

/** Where jobs are kept while the server does not run. */
export interface JobRecords {
  /** The jobs kept, in any order. @throws PawdexError storage_full, storage_failed */
  load(): Promise<Job[]>;
  /** A file that does not exist yet, for what is uploaded with a job; it is gone after a restart if no job takes it. */
  createUploadName(): string;
  /**
   * Writes down a new job with what it is asked. Durable when it resolves, as {@link save}.
   *
   * @param upload file that the job takes over, as {@link UPLOAD} with an extension in its folder
   */
  accept(job: Job, request: JobRequest, upload?: string): Promise<void>;
  /** Durable when it resolves. Of a job that is over, request and upload are forgotten. @throws as {@link load} */
  save(job: Job): Promise<void>;
  /** What a job is asked, or null when that is not known. */
  loadRequest(id: string): Promise<JobRequest | null>;
  /** Folder of a job's own files, there from {@link accept} to {@link remove}. */
  folderOf(id: string): string;
  /** Forgets a job with its files, known or not. */
  remove(id: string): Promise<void>;
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const REQUEST = 'request.json';
/** Name of an uploaded file in the folder of its job, before the extension. */
export const UPLOAD = 'upload';

function throwStorageError(cause: NodeJS.ErrnoException): never {
  if (FULL.has(String(cause.code))) {
    throw new PawdexError('storage_full', { cause });
  }
  throw new PawdexError('storage_failed', {
    detail: `The records of jobs could not be read or written (${cause.code}).`,
    cause,
  });
}

/** Removes what a job was asked and given, and files that it did not finish. */
async function forgetInput(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const isInput = (name: string) => name === REQUEST || name.startsWith(`${UPLOAD}.`) || name.endsWith(ASIDE);
  for (const name of names.filter(isInput)) {
    await rm(path.join(folder, name), { force: true });
  }
}

/** Vectors travel as base64 of their float32 numbers. */
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

/** Records in a folder, which is made when missing. Only one process may use it, as with the data directory. */
export class FileJobRecords implements JobRecords {
  readonly #dir: string;
  readonly #onUnreadable: (file: string) => void;

  /** @param onUnreadable told of a file that is no record or cannot be read; it is left where it is */
  constructor(dir: string, onUnreadable: (file: string) => void) {
    this.#dir = dir;
    this.#onUnreadable = onUnreadable;
  }

  #fileOf(id: string): string {
    return path.join(this.#dir, `${id}.json`);
  }

  folderOf(id: string): string {
    return path.join(this.#dir, id);
  }

  createUploadName(): string {
    return path.join(this.#dir, `${randomUUID()}${ASIDE}`);
  }

  async load(): Promise<Job[]> {
    await mkdir(this.#dir, { recursive: true, mode: PRIVATE_FOLDER }).catch(throwStorageError);
    const entries = await readdir(this.#dir, { withFileTypes: true }).catch(throwStorageError);
    const jobs: Job[] = [];
    for (const { name } of entries) {
      // Cut off in the middle of being written: what it would have replaced is still there.
      if (name.endsWith(ASIDE)) {
        await rm(path.join(this.#dir, name), { force: true }).catch(throwStorageError);
      } else if (name.endsWith('.json')) {
        jobs.push(...(await this.#read(name)));
      }
    }
    const names = new Set(entries.map(({ name }) => name));
    for (const entry of entries) {
      // The folder of a job that was never accepted, or of one whose removal was cut off.
      const isJobFolder = entry.isDirectory() && jobSchema.shape.id.safeParse(entry.name).success;
      if (isJobFolder && !names.has(`${entry.name}.json`)) {
        await rm(this.folderOf(entry.name), { recursive: true, force: true }).catch(throwStorageError);
      }
    }
    return jobs;
  }

  async #read(name: string): Promise<Job[]> {
    const file = path.join(this.#dir, name);
    try {
      return [jobSchema.parse(JSON.parse(unsealJson(await readFile(file, 'utf8'))))];
    } catch {
      this.#onUnreadable(file);
      return [];
    }
  }

  async accept(job: Job, request: JobRequest, upload?: string): Promise<void> {
    const folder = this.folderOf(job.id);
    await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER }).catch(throwStorageError);
    if (upload !== undefined) {
      const extension = request.kind === 'index' ? request.archive : 'parquet';
      await rename(upload, path.join(folder, `${UPLOAD}.${extension}`)).catch(throwStorageError);
    }
    const file = path.join(folder, REQUEST);
    await replaceFile(file, sealJson(encodeRequest(request)), { isPrivate: true }).catch(throwStorageError);
    await this.save(job);
  }

  async save(job: Job): Promise<void> {
    await replaceFile(this.#fileOf(job.id), sealJson(JSON.stringify(job)), { isPrivate: true }).catch(
      throwStorageError,
    );
    if (job.finishedAt !== null) {
      await forgetInput(this.folderOf(job.id)).catch(throwStorageError);
    }
  }

  async loadRequest(id: string): Promise<JobRequest | null> {
    try {
      const text = await readFile(path.join(this.folderOf(id), REQUEST), 'utf8');
      return decodeRequest(unsealJson(text));
    } catch {
      return null;
    }
  }

  async remove(id: string): Promise<void> {
    await rm(this.#fileOf(id), { force: true }).catch(throwStorageError);
    await rm(this.folderOf(id), { recursive: true, force: true }).catch(throwStorageError);
  }
}
