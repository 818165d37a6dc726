/** What commands print: results on stdout, everything else on stderr. */
import type { PawdexError } from '../errors.js';
import { EXIT } from './exit.js';

/**
 * Ends the command quietly when the reader of its results has gone, as `| head` does: everything it asked for has
 * been written. That nobody reads the notes any more is no reason to stop. Results that cannot be written, on a full
 * disk say, are a failure.
 */
export function surviveClosedPipes(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.ok);
    note(`error: The results cannot be written: ${error.message}.`);
    process.exit(EXIT.unavailable);
  });
  process.stderr.on('error', () => {});
}

/** One line of results; waits while the reader is slow, so that memory stays bounded. */
export async function printLine(line: string): Promise<void> {
  if (!process.stdout.write(`${line}\n`))
    await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
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
