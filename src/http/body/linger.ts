/**
 * What happens to a body that nobody wants any more. Answering and closing at once would reset the connection
 * while the client still sends, and many clients then never see the answer; reading on for ever would let one
 * client keep the server busy. So: read and drop for a moment, then close.
 */
import type { IncomingMessage } from 'node:http';

const LINGER_MS = 5_000;
const LINGER_BYTES = 64 * 1024 * 1024;

/** Reads and drops the rest of a request's body, up to a limit of time and bytes. */
export function linger(req: IncomingMessage): void {
  req.unpipe();
  req.removeAllListeners('data');
  let left = LINGER_BYTES;
  const timer = setTimeout(() => req.destroy(), LINGER_MS);
  timer.unref();
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) req.destroy();
  });
  req.once('close', () => clearTimeout(timer));
  req.once('end', () => clearTimeout(timer));
  // A client that goes away meanwhile is none of our errors.
  req.on('error', () => clearTimeout(timer));
  req.resume();
}
