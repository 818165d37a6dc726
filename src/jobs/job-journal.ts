/**
 * What a job has done with each file, so that it goes on after a kill where it was, with the same counts. A line a file,
 * appended when the store has it. Lines that a crash takes back only cost looking at their files once more.
 */
import { createReadStream } from 'node:fs';
import { access, appendFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { PRIVATE_FILE } from '../files/private-files.js';
import { replaceFile } from '../files/replace-file.js';

/** A file that a job could not take, and why. */
export interface FileFailure {
  file: string;
  code: string;
  detail: string;
  hint: string;
}

/** What became of one file. */
export type FileOutcome = { file: string; status: string } | (FileFailure & { status: 'failed' });

/** Failures that can be read; more are only counted. */
const MOST_FAILURES = 10_000;

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
        // Cut off by a kill; what is appended after it begins with a line break.
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

/** The failures of a job, in order, at most {@link MOST_FAILURES}: of one that runs, those so far. */
export async function* readFailures(folder: string): AsyncGenerator<FileFailure> {
  const kept = path.join(folder, FAILURES);
  const isFinished = await access(kept).then(
    () => true,
    () => false,
  );
  let read = 0;
  for await (const outcome of readLines(isFinished ? kept : path.join(folder, JOURNAL))) {
    if (outcome.status !== 'failed') {
      continue;
    }
    if (read++ === MOST_FAILURES) {
      return;
    }
    const { status: _, ...failure } = outcome as FileFailure & { status: 'failed' };
    yield failure;
  }
}

/** The journal of a job that is running. */
export class JobJournal {
  readonly #folder: string;
  readonly #known = new Set<string>();
  readonly #counts: Record<string, number> = {};
  /** Begins the first line afresh: an earlier one may have been cut off by a kill. */
  #waiting: string[] = [''];
  #writing: Promise<void> | null = null;
  #trouble: unknown = null;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Takes up what an earlier run of the job wrote down. */
  static async open(folder: string): Promise<JobJournal> {
    const journal = new JobJournal(folder);
    for await (const outcome of readLines(path.join(folder, JOURNAL))) {
      journal.#count(outcome);
    }
    return journal;
  }

  /** How many files were dealt with in each way. */
  get counts(): Readonly<Record<string, number>> {
    return this.#counts;
  }

  has(file: string): boolean {
    return this.#known.has(file);
  }

  /** Notes what became of a file; it is written soon. @throws what an earlier write failed with */
  note(outcome: FileOutcome): void {
    if (this.#trouble !== null) {
      throw this.#trouble;
    }
    if (this.#count(outcome)) {
      this.#waiting.push(JSON.stringify(outcome));
      this.#writing ??= this.#write();
    }
  }

  /** Resolves when all that was noted is in the file. @throws the file system's error */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#trouble !== null) {
      throw this.#trouble;
    }
  }

  /** Keeps the failures alone, for reading: the job is done. @throws the file system's error */
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
      this.#trouble = error;
    } finally {
      this.#writing = null;
    }
  }

  /** @returns whether the file was not counted before */
  #count({ file, status }: FileOutcome): boolean {
    if (this.#known.has(file)) {
      return false;
    }
    this.#known.add(file);
    this.#counts[status] = (this.#counts[status] ?? 0) + 1;
    return true;
  }
}
