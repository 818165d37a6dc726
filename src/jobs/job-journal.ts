/**
 * Records the outcome for each file of a job, so that a killed job continues where it was, with the same counts. One line
 * per file is appended after the file was stored. If a crash loses lines, their files are just checked again.
 */
import { createReadStream } from 'node:fs';
import { access, appendFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { PRIVATE_FILE } from '../files/private-files.js';
import { replaceFile } from '../files/replace-file.js';
import type { FileFailure } from '../indexing/index-folder.js';

export type FileOutcome = { file: string; status: string } | (FileFailure & { status: 'failed' });

/** Number of failures that can be listed. Others are only counted. */
const MAX_FAILURES = 10_000;

const JOURNAL = 'journal.jsonl';
const FAILURES = 'failures.jsonl';

async function* readLines(file: string): AsyncGenerator<FileOutcome> {
  const input = createReadStream(file, 'utf8');
  try {
    for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      let outcome: FileOutcome;
      try {
        outcome = JSON.parse(line);
      } catch {
        // Cut off by a kill. The next line begins with a line break.
        continue;
      }
      yield outcome;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error;
    }
  }
}

/** Reads the failures of a job so far, in order, at most {@link MAX_FAILURES}. */
export async function* readFailures(folder: string): AsyncGenerator<FileFailure> {
  const failures = path.join(folder, FAILURES);
  const isFinished = await access(failures).then(
    () => true,
    () => false,
  );
  let read = 0;
  for await (const outcome of readLines(isFinished ? failures : path.join(folder, JOURNAL))) {
    if (outcome.status !== 'failed') {
      continue;
    }
    if (read++ === MAX_FAILURES) {
      return;
    }
    const { status: _, ...failure } = outcome as FileFailure & { status: 'failed' };
    yield failure;
  }
}

export class JobJournal {
  readonly #folder: string;
  readonly #files = new Set<string>();
  readonly #counts: Record<string, number> = {};
  /** Begins with an empty line, because the last line may have been cut off by a kill. */
  #waiting: string[] = [''];
  #writing: Promise<void> | null = null;
  #error: unknown = null;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Loads the journal of an earlier run of the job. */
  static async open(folder: string): Promise<JobJournal> {
    const journal = new JobJournal(folder);
    for await (const outcome of readLines(path.join(folder, JOURNAL))) {
      journal.#count(outcome);
    }
    return journal;
  }

  /** Number of files by outcome. */
  get counts(): Readonly<Record<string, number>> {
    return this.#counts;
  }

  has(file: string): boolean {
    return this.#files.has(file);
  }

  /** Records the outcome for a file, which is written soon. Throws the error of an earlier write. */
  record(outcome: FileOutcome): void {
    if (this.#error !== null) {
      throw this.#error;
    }
    if (this.#count(outcome)) {
      this.#waiting.push(JSON.stringify(outcome));
      this.#writing ??= this.#write();
    }
  }

  /** Resolves when all outcomes are in the file. Throws the file system's error. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#error !== null) {
      throw this.#error;
    }
  }

  /** Reduces the journal to the failures, once the job is done. Throws the file system's error. */
  async finish(): Promise<void> {
    await this.flush();
    const failures: string[] = [];
    for await (const failure of readFailures(this.#folder)) {
      failures.push(`${JSON.stringify({ ...failure, status: 'failed' })}\n`);
    }
    await replaceFile(path.join(this.#folder, FAILURES), failures.join(''), { isPrivate: true });
    await rm(path.join(this.#folder, JOURNAL), { force: true });
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const lines = this.#waiting.splice(0);
        await appendFile(path.join(this.#folder, JOURNAL), `${lines.join('\n')}\n`, { mode: PRIVATE_FILE });
      }
    } catch (error) {
      this.#error = error;
    } finally {
      this.#writing = null;
    }
  }

  /** @returns whether the file had not been counted yet */
  #count({ file, status }: FileOutcome): boolean {
    if (this.#files.has(file)) {
      return false;
    }
    this.#files.add(file);
    this.#counts[status] = (this.#counts[status] ?? 0) + 1;
    return true;
  }
}
