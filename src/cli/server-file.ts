/**
 * DATA_DIR/server.json names the address of the server that has a data directory open, so that other commands can use
 * that server. It is a hint, not a lock: readers check that the process is still running.
 */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../files/replace-file.js';

const schema = z.object({
  pid: z.int().positive(),
  url: z.url(),
  /** ISO 8601 */
  startedAt: z.string(),
});

export type RunningServer = z.infer<typeof schema>;

const getServerFile = (dataDir: string) => path.join(dataDir, 'server.json');

/**
 * Announces that this process serves the data directory at `url`.
 *
 * @throws the error of the file system; the server works without the file, but commands then need `--server`
 */
export async function announceServer(dataDir: string, url: string): Promise<void> {
  const running: RunningServer = { pid: process.pid, url, startedAt: new Date().toISOString() };
  await replaceFile(getServerFile(dataDir), `${JSON.stringify(running)}\n`, { isPrivate: true });
}

/**
 * Removes the announcement.
 *
 * @throws the error of the file system
 */
export async function withdrawServer(dataDir: string): Promise<void> {
  await rm(getServerFile(dataDir), { force: true });
}

/** Finds the server that announced itself in a data directory and is still running. */
export async function findRunningServer(dataDir: string): Promise<RunningServer | null> {
  const text = await readFile(getServerFile(dataDir), 'utf8').catch(() => null);
  if (text === null) {
    return null;
  }
  try {
    const running = schema.parse(JSON.parse(text));
    return isAlive(running.pid) ? running : null;
  } catch {
    // A file damaged by a crash counts as missing.
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
