/**
 * What happens to a body that nobody wants any more. Answering and closing at once would reset the connection
 * while the client still sends, and many clients then never see the answer; reading on for ever would let one
 * client keep the server busy. So: read and drop for a moment, then close.
 */
import type { IncomingMessage } from 'node:http';

const LINGER_MS = 5_000;
const LINGER_BYTES = 64 * 1024 * 1024;

/**
 * Reads and drops the rest of a request's body, up to a limit of time and bytes; past that it reads no more.
 *
 * @returns resolves when there is no more to come, or no more is read
 */
export function linger(req: IncomingMessage): Promise<void> {
  req.unpipe();
  req.removeAllListeners('data');
  return new Promise((resolve) => {
    let left = LINGER_BYTES;
    const over = () => {
      clearTimeout(timer);
      req.removeAllListeners('data');
      req.pause();
      resolve();
    };
    const timer = setTimeout(over, LINGER_MS);
    timer.unref();
    req.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) over();
    });
    req.once('end', over);
    req.once('close', over);
    // A client that goes away meanwhile is none of our errors.
    req.on('error', over);
    req.resume();
  });
}
