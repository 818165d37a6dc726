/** The server's log: JSON lines on stdout, or readable ones where somebody watches and pino-pretty is installed. */
import { type Logger, pino } from 'pino';
import type { Config } from '../config.js';
import { note } from './output.js';

/** Characters of log that wait while they cannot be written; what comes after them is lost. */
const MOST_WAITING = 1024 ** 2;

/** @param level least severe level that is written */
export async function createLogger(level: Config['LOG_LEVEL']): Promise<Logger> {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stdout.isTTY) return pino(options, standardOutput());
  // A development dependency: an installation for production goes on with JSON.
  const pretty = await import('pino-pretty').catch(() => null);
  if (pretty === null) return pino(options, standardOutput());
  return pino(options, pretty.default({ sync: true, singleLine: true, translateTime: 'HH:MM:ss' }));
}

/** A log that cannot be written, to a full disk for instance, must not end the server: that is said once, on stderr. */
function standardOutput() {
  const destination = pino.destination({ dest: 1, sync: true, maxLength: MOST_WAITING });
  let hasComplained = false;
  destination.on('error', (error: NodeJS.ErrnoException) => {
    if (hasComplained || error.code === 'EPIPE') return;
    hasComplained = true;
    note(`warning: the log cannot be written (${error.message}); the server goes on without it.`);
  });
  return destination;
}
