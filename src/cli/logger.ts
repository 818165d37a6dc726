/** The server's log: JSON lines on stdout, or readable ones where somebody watches and pino-pretty is installed. */
import { type Logger, pino } from 'pino';
import type { Config } from '../config.js';

/** @param level least severe level that is written */
export async function createLogger(level: Config['LOG_LEVEL']): Promise<Logger> {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!process.stdout.isTTY) return pino(options);
  // A development dependency: an installation for production goes on with JSON.
  const pretty = await import('pino-pretty').catch(() => null);
  if (pretty === null) return pino(options);
  return pino(options, pretty.default({ sync: true, singleLine: true, translateTime: 'HH:MM:ss' }));
}
