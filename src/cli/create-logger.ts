/** The server's log: JSON lines on stdout, or readable lines on a terminal if pino-pretty is installed. */
import { type Logger, pino } from 'pino';
import type { Config } from '../config.js';
import { printMessage } from './print.js';

/** Characters to buffer while the log cannot be written. Further lines are dropped. */
const MAX_BUFFERED = 1024 ** 2;

/**
 * Creates the logger.
 *
 * @param level the lowest level that is written
 */
export async function createLogger(level: Config['LOG_LEVEL']): Promise<Logger> {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  // A development dependency: production installations log JSON.
  const pretty = process.stdout.isTTY ? await import('pino-pretty').catch(() => null) : null;
  const destination =
    pretty === null
      ? openStandardOutput()
      : pretty.default({ sync: true, singleLine: true, translateTime: 'HH:MM:ss' });
  return pino(options, destination);
}

/** Warns once on stderr if the log cannot be written, for instance because the disk is full. The server must not exit. */
function openStandardOutput() {
  const destination = pino.destination({ dest: 1, sync: true, maxLength: MAX_BUFFERED });
  let hasComplained = false;
  destination.on('error', (error: NodeJS.ErrnoException) => {
    if (hasComplained || error.code === 'EPIPE') {
      return;
    }
    hasComplained = true;
    printMessage(
      `warning: the log cannot be written (${error.message}). The server keeps running without it.`,
    );
  });
  return destination;
}
