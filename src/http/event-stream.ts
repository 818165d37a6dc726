/** Server-sent events (WHATWG HTML, section 9.2) for one client, who may read slowly or go away. */
import type { Response } from 'express';

/** How often a line goes out while nothing happens, so that proxies keep the connection: most give up after 30 s. */
const HEARTBEAT_MS = 15_000;
/** Milliseconds between two events at least; what happens meanwhile is told by the next one. */
const LEAST_GAP_MS = 200;

/** What the stream tells. */
export interface Told {
  /** Sent as the event's id. */
  revision: number;
  event: string;
  data: unknown;
  /** Whether nothing will follow. */
  last: boolean;
}

/**
 * Streams the newest state of something that changes, until its last one was sent or the client has gone.
 *
 * @param seen revision that the client has already; it is not sent again
 * @param newest the state as it is now; asked when there may be something to tell
 * @param follow calls its argument after each change, and returns what ends that
 * @returns when the stream has ended
 */
export async function streamStates(
  res: Response,
  seen: number,
  newest: () => Told,
  follow: (changed: () => void) => () => void,
): Promise<void> {
  res.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    // For nginx, which would otherwise gather events until a buffer is full.
    'X-Accel-Buffering': 'no',
  });
  res.flushHeaders();
  await new Promise<void>((done) => {
    let sent = seen;
    let sentAt = Number.NEGATIVE_INFINITY;
    let later: NodeJS.Timeout | null = null;
    const tell = () => {
      if (later !== null || res.writableNeedDrain) return; // The newest state goes out then.
      const { revision, event, data, last } = newest();
      const wait = sentAt + LEAST_GAP_MS - performance.now();
      if (wait > 0 && !last) {
        later = setTimeout(() => {
          later = null;
          tell();
        }, wait);
        return;
      }
      if (revision > sent) {
        sent = revision;
        sentAt = performance.now();
        res.write(`id: ${revision}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      }
      if (last) res.end();
    };
    const unfollow = follow(tell);
    const heartbeat = setInterval(() => {
      if (!res.writableNeedDrain) res.write(': still here\n\n');
    }, HEARTBEAT_MS);
    res.on('drain', tell);
    res.once('close', () => {
      unfollow();
      clearInterval(heartbeat);
      if (later !== null) clearTimeout(later);
      done();
    });
    tell();
  });
}
