/** Ctrl-C and TERM for commands that can stop between two steps. */
import { EXIT } from './exit.js';
import { note } from './output.js';

/**
 * A signal that reaches the terminal's whole process group comes again from npm, which passes it on; what comes
 * this soon after the first is the same key press.
 */
const SAME_PRESS_MS = 500;

/** Whether and how the user asked to stop. */
export interface Interruption {
  /** Raised at the first Ctrl-C or TERM. */
  signal: AbortSignal;
  /** The exit code that fits, or null while nobody asked. */
  exitCode(): number | null;
  /** Gives the signals back to their default. */
  dispose(): void;
}

/**
 * Raises a signal at the first Ctrl-C or TERM and ends the process at the second.
 *
 * @param message what to say at the first, or null for nothing
 */
export function onInterrupt(message: string | null): Interruption {
  const controller = new AbortController();
  let first: { at: number; exitCode: number } | null = null;
  const handle = (name: NodeJS.Signals) => {
    const exitCode = name === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
    const now = performance.now();
    if (first === null) {
      first = { at: now, exitCode };
      if (message !== null) note(message);
      controller.abort();
    } else if (now - first.at > SAME_PRESS_MS) {
      // By the signal itself: `exit` ends threads at their work, and ONNX Runtime then aborts the process.
      dispose();
      process.kill(process.pid, name);
      // Only the first process of a container is still here: such signals do not end it.
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
