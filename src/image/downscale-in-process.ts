/**
 * Decodes large images in separate processes. Their memory returns to the system, a decode that takes too long or too
 * much is killed, and a crashing decoder does not take the server down. Processes start on demand and end after
 * idling for a while.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { PawdexError } from '../errors.js';
import type { DownscaledImage, DownscaleReply, DownscaleTask } from './downscale-process.js';
import { WeightedSemaphore } from './weighted-semaphore.js';

const ENTRY = fileURLToPath(new URL('./downscale-process.js', import.meta.url));
/** Images decoded at once; half of the cores are left for everything else. */
const MAX_PROCESSES = Math.max(1, Math.min(4, Math.floor(availableParallelism() / 2)));
/** Ten times the decoding time of the largest accepted image on one core. */
const TIME_LIMIT_MS = 60_000;
const IDLE_MS = 10_000;
const MIB = 2 ** 20;
/** An idle process that uses more memory than this is ended. */
const MAX_IDLE_BYTES = 128 * MIB;
/** How much more than estimated a process may use, including its own size. */
const EXCESS_BYTES = 256 * MIB;
const WATCH_MS = 100;
/** Until files or processes may be free again. */
const RETRY_START_SECONDS = 2;

/** Makes glibc return blocks of more than 64 KiB to the system when they are freed. */
const ALLOCATION = { MALLOC_MMAP_THRESHOLD_: '65536', MALLOC_ARENA_MAX: '2' };

const largeSlots = new WeightedSemaphore(MAX_PROCESSES);
/** Small tasks, such as photos that may be damaged, do not wait for tasks that take seconds. */
const quickSlots = new WeightedSemaphore(1);
const QUICK_BYTES = 32 * MIB;
/** Idle processes, each with the timer that will end it. */
const idle = new Map<ChildProcess, NodeJS.Timeout>();

/** Reads the memory of a process in bytes. @returns null if it has ended, or on systems other than Linux */
async function readResidentBytes(pid: number | undefined): Promise<number | null> {
  if (process.platform !== 'linux' || pid === undefined) {
    return null;
  }
  const statm = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => null);
  return statm === null ? null : Number(statm.split(' ')[1]) * 4096;
}

function startProcess(): ChildProcess {
  const child = fork(ENTRY, {
    serialization: 'advanced',
    // Do not pass on flags of this process, such as a debugger's port.
    execArgv: [],
    env: { ...process.env, ...ALLOCATION },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.once('exit', () => idle.delete(child));
  return child;
}

function endProcess(child: ChildProcess): void {
  clearTimeout(idle.get(child));
  idle.delete(child);
  child.kill('SIGKILL');
}

/** Takes an idle process or starts one. @param endOthers whether to end other idle processes, to free their memory */
function takeProcess(endOthers: boolean): ChildProcess {
  const child = [...idle.keys()].at(-1);
  if (child === undefined) {
    return startProcess();
  }
  for (const other of endOthers ? idle.keys() : []) {
    if (other !== child) {
      endProcess(other);
    }
  }
  clearTimeout(idle.get(child));
  idle.delete(child);
  child.ref();
  child.channel?.ref();
  return child;
}

/** Keeps a process for the next image, without keeping the current process alive. */
async function keepProcess(child: ChildProcess): Promise<void> {
  const used = await readResidentBytes(child.pid);
  if (used === null || used > MAX_IDLE_BYTES) {
    child.kill('SIGKILL');
    return;
  }
  const ending = setTimeout(() => endProcess(child), IDLE_MS).unref();
  idle.set(child, ending);
  child.unref();
  child.channel?.unref();
}

/** The decoding process crashed or was killed from outside. */
class ProcessDied extends Error {
  /** @param signal the signal that ended it: SIGKILL and SIGTERM say nothing about the image */
  constructor(
    message: string,
    readonly signal: string | null = null,
  ) {
    super(message);
  }
}

/** Creates the error for an image whose process died twice. */
function createDeathError(error: ProcessDied): PawdexError {
  const { message, signal } = error;
  return signal === 'SIGKILL' || signal === 'SIGTERM'
    ? new PawdexError('overloaded', {
        detail: `The process that decodes this image was killed twice (${message}). The machine may be short of memory.`,
        retryAfter: RETRY_START_SECONDS,
        cause: error,
      })
    : new PawdexError('image_corrupt', {
        detail: `The decoder crashed twice while reading this image (${message}).`,
        cause: error,
      });
}

/** The system has no room for another process or for its files, which says nothing about the image. */
const createStartError = (cause: Error) =>
  new PawdexError('overloaded', {
    detail: `No process can be started to decode this image (${(cause as NodeJS.ErrnoException).code}).`,
    retryAfter: RETRY_START_SECONDS,
    cause,
  });

/** Sends one image to a process, and kills the process if it does not answer. */
function sendTask(child: ChildProcess, task: DownscaleTask, maxBytes: number): Promise<DownscaleReply> {
  return new Promise((resolve, reject) => {
    if (child.pid === undefined) {
      child.once('error', (cause) => reject(createStartError(cause)));
      return;
    }
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      clearInterval(watch);
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
      settle();
    };
    const end = (error: Error) => {
      child.kill('SIGKILL');
      finish(() => reject(error));
    };
    const onMessage = (reply: DownscaleReply) => finish(() => resolve(reply));
    const onError = (cause: Error) => end(new PawdexError('internal', { cause }));
    const onExit = (code: number | null, signal: string | null) =>
      end(new ProcessDied(signal ?? `exit code ${code}`, signal));
    const timer = setTimeout(() => end(new PawdexError('image_too_slow')), TIME_LIMIT_MS);
    const watch = setInterval(async () => {
      const used = await readResidentBytes(child.pid);
      if (used !== null && used > maxBytes) {
        end(
          new PawdexError('image_too_large', {
            detail: 'Decoding this image takes more memory than its header indicates.',
          }),
        );
      }
    }, WATCH_MS);
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
    child.send(task, (error) => error !== null && end(new ProcessDied(error.message)));
  });
}

/**
 * Decodes and downscales an image in a separate process.
 *
 * @param memory estimated bytes of decoding it
 * @param limit bytes that all such processes together may use
 * @throws PawdexError image_corrupt, image_unsupported, image_too_slow, image_too_large, overloaded
 */
export function downscaleInProcess(
  task: DownscaleTask,
  memory: number,
  limit: number,
): Promise<DownscaledImage> {
  return (memory <= QUICK_BYTES ? quickSlots : largeSlots)
    .run(memory, limit, async () => {
      const maxBytes = memory + 2 * task.bytes.length + EXCESS_BYTES;
      // The first process may have died for another reason.
      const reply = await downscaleIn(takeProcess(memory > QUICK_BYTES), task, maxBytes).catch((error) => {
        if (error instanceof ProcessDied) {
          return downscaleIn(startProcess(), task, maxBytes);
        }
        throw error;
      });
      if ('error' in reply) {
        throw PawdexError.fromWire(reply.error);
      }
      return reply.image;
    })
    .catch((error) => {
      throw error instanceof ProcessDied ? createDeathError(error) : error;
    });
}

async function downscaleIn(
  child: ChildProcess,
  task: DownscaleTask,
  maxBytes: number,
): Promise<DownscaleReply> {
  const reply = await sendTask(child, task, maxBytes);
  await keepProcess(child);
  return reply;
}

/** Counts the large images that wait for a process. */
export const countWaitingImages = (): number => largeSlots.waiting;
