/** Commands that answer one line per image file: several at once, answered in the order given. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PawdexError } from '../errors.js';
import { isOneImagesFault } from '../image/fault.js';
import { describeError, note } from './output.js';

/** Images in work at once: enough to decode some while others are in the encoder. */
const AT_ONCE = 8;

/**
 * Works on files concurrently and hands the outcomes over in order. A file's own error is printed and counted.
 *
 * @param files paths
 * @param maxFileBytes larger files fail, unread
 * @param work image bytes -> answer
 * @param emit called once per file, in order, with its answer or its error
 * @returns how many files failed
 * @throws PawdexError what is not one image's fault
 */
export async function forEachImage<T>(
  files: string[],
  maxFileBytes: number,
  work: (bytes: Uint8Array) => Promise<T>,
  emit: (file: string, outcome: T | PawdexError) => Promise<void>,
): Promise<number> {
  const begin = (file: string) => {
    const outcome = answer(file, maxFileBytes, work);
    // It is awaited in its turn; until then a rejection must not count as unhandled.
    outcome.catch(() => {});
    return outcome;
  };
  const ahead = files.slice(0, AT_ONCE).map(begin);
  let failures = 0;
  for (const [i, file] of files.entries()) {
    const outcome = await ahead.shift()!;
    const next = files[i + AT_ONCE];
    if (next !== undefined) ahead.push(begin(next));
    if (outcome instanceof PawdexError) {
      failures++;
      note(describeError(outcome, false, file));
    }
    await emit(file, outcome);
  }
  return failures;
}

async function answer<T>(
  file: string,
  maxFileBytes: number,
  work: (bytes: Uint8Array) => Promise<T>,
): Promise<T | PawdexError> {
  try {
    return await work(await read(file, maxFileBytes));
  } catch (error) {
    if (isOneImagesFault(error)) return error;
    throw error;
  }
}

async function read(file: string, maxFileBytes: number): Promise<Uint8Array> {
  const tooLarge = (has: string) =>
    new PawdexError('payload_too_large', {
      detail: `The file has ${has} bytes; the limit is ${maxFileBytes}.`,
      hint: 'Shrink the photo, or raise --max-upload-mb (PAWDEX_MAX_UPLOAD_MB).',
    });
  try {
    const { size } = await stat(file);
    if (size > maxFileBytes) throw tooLarge(String(size));
    // Counted as it comes: a pipe or a device does not say beforehand how much it holds, or whether it ends.
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxFileBytes) throw tooLarge('too many');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof PawdexError) throw error;
    const detail = `It cannot be read: ${(error as Error).message}.`;
    throw new PawdexError('file_unreadable', { detail, cause: error });
  }
}

/** A failed image in JSON output. */
export function errorLine(file: string, { code, message, hint }: PawdexError): string {
  return JSON.stringify({ file, error: { code, detail: message, hint } });
}
