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

/**
 * One line of results; waits until it is written, so that memory stays bounded while the reader is slow.
 *
 * @throws OutputError
 */
export function printLine(line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(`${line}\n`, (error) => (error ? reject(new OutputError(error)) : resolve()));
  });
}

/** One line for people, beside the results. */
export function note(message: string): void {
  process.stderr.write(`${message}\n`);
}

/** An error as people should see it: what happened, its code, what to do; the stack only when asked for. */
export function describeError(error: PawdexError, verbose: boolean): string {
  const lines = [`error: ${error.message} [${error.code}]`];
  for (const { path, message } of error.errors ?? []) lines.push(`  ${path}: ${message}`);
  lines.push(`  ${error.hint}`);
  if (verbose) {
    lines.push(error.stack ?? '');
    if (error.cause instanceof Error) lines.push(`caused by ${error.cause.stack}`);
  } else if (error.code === 'internal' && error.cause instanceof Error) {
    lines.push(`  ${error.cause.message} (--verbose shows more)`);
  }
  return lines.join('\n');
}

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
