/** Prints results to stdout and everything else to stderr, and formats counts and times. */
import type { PawdexError } from '../errors.js';

/** Thrown when results can no longer be written, so that the command can clean up and exit. */
export class OutputError extends Error {
  /** Whether the reader closed the pipe, as `| head` does after reading what it wanted. */
  readonly readerGone: boolean;

  constructor(cause: NodeJS.ErrnoException) {
    super(`The output cannot be written: ${cause.message}.`, { cause });
    this.readerGone = cause.code === 'EPIPE';
  }
}

/**
 * Keeps a broken pipe from ending the process. {@link printLine} reports a broken stdout. A broken stderr only means that
 * nobody reads the notes.
 */
export function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', () => {});
  }
}

/** Characters that move the cursor, end the line, colour the terminal or change the direction of the text. */
const CONTROLS = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Escapes control characters, so that no file name or label can control the terminal. They become `\u001b` and the
 * like, as in JSON.
 */
export function escapeControls(line: string): string {
  return line.replace(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const joinLines = (lines: string | readonly string[]) =>
  [lines]
    .flat()
    .map((line) => `${escapeControls(line)}\n`)
    .join('');

/**
 * Prints results to stdout, one line each. Waits until they are written, so that a slow reader does not fill memory.
 *
 * @throws OutputError
 */
export function printLine(lines: string | readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(joinLines(lines), (error) => (error ? reject(new OutputError(error)) : resolve()));
  });
}

/**
 * Prints a result for programs, as one line of JSON, or in lines for people.
 *
 * @throws OutputError
 */
export function printResult(
  result: object,
  lines: string | readonly string[],
  json: boolean | undefined,
): Promise<void> {
  return printLine(json ? JSON.stringify(result) : lines);
}

/** Removes the progress bar, to make room for a message. */
const CLEAR_LINE = '\r\x1b[K';
/** Saves the cursor position, which cli-progress restores when it removes the bar. */
const SAVE_CURSOR = '\x1b7';

let isBarShown = false;

/** Records whether the cursor is on the line of a progress bar, so that messages do not run into it. */
export function setBarShown(shown: boolean): void {
  isBarShown = shown;
}

/** Prints messages for people to stderr, one line each. */
export function printMessage(lines: string | readonly string[]): void {
  const text = joinLines(lines);
  process.stderr.write(isBarShown ? CLEAR_LINE + text + SAVE_CURSOR : text);
}

/**
 * Describes an error in lines for people: what happened, its code and what to do.
 *
 * @param verbose adds the stack
 * @param subject what the error is about, such as a file
 */
export function formatError(error: PawdexError, verbose = false, subject?: string): string[] {
  const about = subject === undefined ? '' : `${subject}: `;
  const lines = [`${about}error: ${error.message} [${error.code}]`];
  // The message describes the first.
  for (const { path, message } of (error.errors ?? []).slice(1)) {
    lines.push(`  ${path}: ${message}`);
  }
  lines.push(`  ${error.hint}`);
  if (verbose) {
    lines.push(...stackLines(error.stack));
    if (error.cause instanceof Error) {
      lines.push(...stackLines(`caused by ${error.cause.stack}`));
    }
  } else if ((error.code === 'internal' || error.code === 'worker_failed') && error.cause instanceof Error) {
    lines.push(`  ${error.cause.message} (use --verbose for details)`);
  }
  return lines;
}

const stackLines = (stack = '') => stack.split('\n');

export function formatFailure({
  file,
  detail,
  code,
}: {
  file: string;
  detail: string;
  code: string;
}): string {
  return `  ${file}: ${detail} [${code}]`;
}

/** 7681 -> "7,681". */
export function formatCount(value: number): string {
  return value.toLocaleString('en');
}

/** "1 photo", "7,681 photos". */
export function pluralise(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Measures the seconds since a reading of `performance.now()`. */
export function measureSeconds(since: number): number {
  return Math.round(performance.now() - since) / 1000;
}

/** 2621440 -> "2.5 MiB". */
export function formatMiB(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

/** 75 -> "1 min 15 s"; 0.42 -> "0.4 s". */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < 60) {
    return `${whole} s`;
  }
  if (whole < 3600) {
    return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  }
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
