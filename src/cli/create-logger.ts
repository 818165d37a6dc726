/** The log of the server: JSON lines on stdout, or readable lines on a terminal if pino-pretty is installed. */
import { type Logger, pino } from 'pino';
import type { Config } from '../config.js';
import { note } from './print.js';

/** Characters buffered while the log cannot be written; later ones are dropped. */
const MAX_BUFFERED = 1024 ** 2;

/** Creates the logger. @param level least severe level that is written */
export async function createLogger(level: Config['LOG_LEVEL']): Promise<Logger> {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stdout.isTTY) {
    return pino(options, openStandardOutput());
  }
  // A development dependency: production installations log JSON.
  const pretty = await import('pino-pretty').catch(() => null);
  if (pretty === null) {
    return pino(options, openStandardOutput());
  }
  return pino(options, pretty.default({ sync: true, singleLine: true, translateTime: 'HH:MM:ss' }));
}

/** A log that cannot be written, for instance to a full disk, must not end the server: it warns once, on stderr. */
function openStandardOutput() {
  const destination = pino.destination({ dest: 1, sync: true, maxLength: MAX_BUFFERED });
  let hasComplained = false;
  destination.on('error', (error: NodeJS.ErrnoException) => {
    if (hasComplained || error.code === 'EPIPE') {
      return;
    }
    hasComplained = true;
    note(`warning: the log cannot be written (${error.message}). The server keeps running without it.`);
  });
  return destination;
}
