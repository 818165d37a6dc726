/** Lists the files that reading a labelled set left out, with the reasons. */
import type { SkipReason } from './photo-names.js';
import { getExtension } from './set-names.js';

/** Why something could not be read. */
export type ProblemReason =
  | 'folder_unreadable'
  | 'file_unreadable'
  | 'name_not_utf8'
  | 'link_broken'
  | 'link_loop'
  | 'entry_refused';

/** Files that were left out for one reason. A folder counts as one file. */
export interface SkippedFiles {
  reason: SkipReason;
  /** In lower case, without the dot; empty for folders and names without one. */
  extension: string;
  count: number;
  /** The first of them. */
  example: string;
}

/** A file or folder that could not be read. */
export interface SetProblem {
  /** Relative to the set's folder. */
  file: string;
  reason: ProblemReason;
  detail: string;
}

/** What reading a set found besides photos. */
export interface SetReport {
  /** Most frequent first. */
  skipped: SkippedFiles[];
  problems: SetProblem[];
  /** Likely mistakes, as sentences. */
  warnings: string[];
}

/** Collects a {@link SetReport}. */
export class SetReporter {
  readonly #skipped = new Map<string, SkippedFiles>();
  readonly problems: SetProblem[] = [];
  readonly warnings: string[] = [];

  skip(reason: SkipReason, name: string, isFolder = false): void {
    const extension = isFolder ? '' : getExtension(name);
    const key = `${reason} ${extension}`;
    const files = this.#skipped.get(key);
    if (files === undefined) {
      this.#skipped.set(key, { reason, extension, count: 1, example: name });
    } else {
      files.count++;
    }
  }

  fail(reason: ProblemReason, file: string, detail: string): void {
    this.problems.push({ file, reason, detail });
  }

  warn(text: string): void {
    this.warnings.push(text);
  }

  toReport(): SetReport {
    const skipped = [...this.#skipped.values()].sort((a, b) => b.count - a.count);
    return { skipped, problems: this.problems, warnings: this.warnings };
  }
}
