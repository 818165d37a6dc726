/** What commands print: results on stdout, everything else on stderr. */
import type { PawdexError } from '../errors.js';

/** The results cannot be written any more. It ends the command, which first closes what it has open. */
export class OutputError extends Error {
  /** Whether it is their reader that has gone, as `| head` does: then everything it asked for has been written. */
  readonly readerGone: boolean;

  constructor(cause: NodeJS.ErrnoException) {
    super(`The results cannot be written: ${cause.message}.`, { cause });
    this.readerGone = cause.code === 'EPIPE';
  }
}

/**
 * Keeps a stream that cannot be written to from ending the process in the middle of its work: of the results
 * {@link printLine} tells, and that nobody reads the notes any more is no reason to stop.
 */
export function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

/** Characters that move the cursor, end the line, colour the terminal or turn the direction of the text. */
const CONTROLS = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * One line as it may be shown on a terminal, whatever file names and labels are in it: control characters become
 * `\u001b`, which is also how JSON writes them.
 */
export function escapeControls(line: string): string {
  return line.replace(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const asText = (lines: string | readonly string[]) =>
  [lines]
    .flat()
    .map((line) => `${escapeControls(line)}\n`)
    .join('');

/**
 * Prints results, each text on a line of its own; waits until they are written, so that memory stays bounded while
 * the reader is slow.
 *
 * @throws OutputError
 */
export function printLine(lines: string | readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(asText(lines), (error) => (error ? reject(new OutputError(error)) : resolve()));
  });
}

/** Tells people something beside the results, each text on a line of its own. */
export function note(lines: string | readonly string[]): void {
  process.stderr.write(asText(lines));
}

/**
 * An error as lines for people: what happened, its code, what to do; the stack only when asked for.
 *
 * @param subject what the error is about, such as a file
 */
export function describeError(error: PawdexError, verbose: boolean, subject?: string): string[] {
  const about = subject === undefined ? '' : `${subject}: `;
  const lines = [`${about}error: ${error.message} [${error.code}]`];
  for (const { path, message } of error.errors ?? []) lines.push(`  ${path}: ${message}`);
  lines.push(`  ${error.hint}`);
  if (verbose) {
    lines.push(...stackLines(error.stack));
    if (error.cause instanceof Error) lines.push(...stackLines(`caused by ${error.cause.stack}`));
  } else if (error.code === 'internal' && error.cause instanceof Error) {
    lines.push(`  ${error.cause.message} (--verbose shows more)`);
  }
  return lines;
}

const stackLines = (stack = '') => stack.split('\n');

/** 7681 -> "7,681". */
export function formatCount(value: number): string {
  return value.toLocaleString('en');
}

/** "1 photo", "7,681 photos". */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** 75 -> "1 min 15 s"; 0.42 -> "0.4 s". */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
