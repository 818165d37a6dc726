/**
 * DATA_DIR/server.json says where the server that owns a data directory listens, so that other commands can
 * work through it. It is a hint, not a lock: who reads it checks that the process is there.
 */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../files/replace.js';

const schema = z.object({
  pid: z.int().positive(),
  url: z.url(),
  /** ISO 8601 */
  startedAt: z.string(),
});

/** A running server. */
export type RunningServer = z.infer<typeof schema>;

const fileIn = (dataDir: string) => path.join(dataDir, 'server.json');

/**
 * Says that this process serves the data directory at `url`.
 *
 * @throws the file system's error; the server works without the file, and commands need `--server` then
 */
export async function announceServer(dataDir: string, url: string): Promise<void> {
  const running: RunningServer = { pid: process.pid, url, startedAt: new Date().toISOString() };
  await replaceFile(fileIn(dataDir), `${JSON.stringify(running)}\n`, { isPrivate: true });
}

/** Takes back what {@link announceServer} said. @throws the file system's error */
export async function withdrawServer(dataDir: string): Promise<void> {
  await rm(fileIn(dataDir), { force: true });
}

/** The server that announced itself in a data directory and still runs, or null. */
export async function runningServer(dataDir: string): Promise<RunningServer | null> {
  const text = await readFile(fileIn(dataDir), 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    const running = schema.parse(JSON.parse(text));
    return isAlive(running.pid) ? running : null;
  } catch {
    // Damaged by a crash in the middle of a write: as good as absent.
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
