/** Handles Ctrl-C and SIGTERM, for commands that can stop between two steps. */
import { EXIT } from './exit-codes.js';
import { printMessage } from './print.js';

/**
 * Ctrl-C reaches the whole process group of a terminal, and npm then forwards it once more. A second signal within this
 * time is the same key press.
 */
const SAME_PRESS_MS = 500;

/** What Ctrl-C prints when photos are being processed. */
export const FINISHING_PHOTOS = 'Finishing the photos in progress. Press Ctrl-C again to stop immediately.';

/**
 * Aborts a signal at the first Ctrl-C or SIGTERM, and ends the process at the second.
 *
 * @param message printed at the first, or null for nothing
 * @returns the signal, the exit code for what arrived (null if nothing did), and how to restore the default handling
 */
export function watchInterrupts(message: string | null): {
  signal: AbortSignal;
  exitCode: () => number | null;
  dispose: () => void;
} {
  const controller = new AbortController();
  let first: { at: number; exitCode: number } | null = null;
  const handle = (name: NodeJS.Signals) => {
    const exitCode = name === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
    const now = performance.now();
    if (first === null) {
      first = { at: now, exitCode };
      if (message !== null) {
        printMessage(message);
      }
      controller.abort();
    } else if (now - first.at > SAME_PRESS_MS) {
      // Killed rather than exited: `exit` ends threads in the middle of their work, and ONNX Runtime then aborts.
      dispose();
      process.kill(process.pid, name);
      // Reached only by the first process of a container, which signals do not kill by default.
      process.exit(exitCode);
    }
  };
  const dispose = () => {
    process.removeListener('SIGINT', handle);
    process.removeListener('SIGTERM', handle);
  };
  process.on('SIGINT', handle);
  process.on('SIGTERM', handle);
  return {
    signal: controller.signal,
    exitCode: () => first?.exitCode ?? null,
    dispose,
  };
}

/**
 * Runs work that Ctrl-C and SIGTERM can stop between two steps.
 *
 * @returns its result, and the exit code if it was interrupted
 */
export async function runInterruptibly<T>(
  message: string | null,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ result: T; interrupted: number | null }> {
  const { signal, exitCode, dispose } = watchInterrupts(message);
  try {
    return { result: await work(signal), interrupted: exitCode() };
  } finally {
    // The same key press may arrive once more, while the command says where it stopped.
    if (exitCode() === null) {
      dispose();
    }
  }
}
