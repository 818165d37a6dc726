/** Streams server-sent events (WHATWG HTML, section 9.2) to one client, which may read slowly or disconnect. */
import type { Response } from 'express';
import { PawdexError } from '../errors.js';

/** Interval of comments while nothing happens, since most proxies close a silent connection after 30 s. */
const HEARTBEAT_MS = 15_000;
/** Smallest interval between two events. Changes in between are merged into the next event. */
const MIN_GAP_MS = 200;

/** Maximum number of open streams, each of which occupies a connection. */
const MAX_STREAMS = 100;

/** Limits the number of streams of a server. */
export class StreamLimit {
  #open = 0;

  /** @throws PawdexError overloaded if too many streams are open */
  async run(stream: () => Promise<void>): Promise<void> {
    if (this.#open >= MAX_STREAMS) {
      throw new PawdexError('overloaded', { retryAfter: 5 });
    }
    this.#open++;
    await stream().finally(() => this.#open--);
  }
}

/** One state of the streamed object. */
export interface StreamedState {
  /** Sent as the event's id. */
  revision: number;
  event: string;
  data: unknown;
  /** Whether this is the last state. */
  isLast: boolean;
}

/** Sends states to one client, at most one per {@link MIN_GAP_MS}. */
class StateStream {
  readonly #res: Response;
  readonly #readState: () => StreamedState;
  #sentRevision: number;
  #sentAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | null = null;

  constructor(res: Response, lastSeen: number, readState: () => StreamedState) {
    this.#res = res;
    this.#readState = readState;
    this.#sentRevision = lastSeen;
  }

  /** Sends the current state, now or when the gap has passed. */
  readonly update = (): void => {
    // A slow reader gets the newest state once it has caught up.
    if (this.#timer !== null || this.#res.writableNeedDrain || this.#res.writableEnded) {
      return;
    }
    const state = this.#readState();
    const wait = this.#sentAt + MIN_GAP_MS - performance.now();
    if (wait > 0 && !state.isLast) {
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.update();
      }, wait);
      return;
    }
    this.#write(state);
    if (state.isLast) {
      this.#res.end();
    }
  };

  readonly sendHeartbeat = (): void => {
    if (!this.#res.writableNeedDrain) {
      this.#res.write(': keep-alive\n\n');
    }
  };

  close(): void {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
  }

  #write({ revision, event, data }: StreamedState): void {
    if (revision <= this.#sentRevision) {
      return;
    }
    this.#sentRevision = revision;
    this.#sentAt = performance.now();
    this.#res.write(`id: ${revision}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}

/**
 * Streams the newest state of an object until its last state was sent or the client has disconnected.
 *
 * @param lastSeen revision that the client already has
 * @param readState returns the current state; called when it may have changed
 * @param follow calls its argument after each change, until the returned function is called
 * @returns resolves when the stream has ended
 */
export async function streamStates(
  res: Response,
  lastSeen: number,
  readState: () => StreamedState,
  follow: (onChange: () => void) => () => void,
): Promise<void> {
  res.status(200).set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    // Otherwise nginx buffers events.
    'X-Accel-Buffering': 'no',
  });
  if (res.req.method === 'HEAD') {
    res.end();
    return;
  }
  res.flushHeaders();
  const stream = new StateStream(res, lastSeen, readState);
  await new Promise<void>((resolve) => {
    const stopFollowing = follow(stream.update);
    const heartbeat = setInterval(stream.sendHeartbeat, HEARTBEAT_MS);
    res.on('drain', stream.update);
    res.once('close', () => {
      stopFollowing();
      clearInterval(heartbeat);
      stream.close();
      resolve();
    });
    stream.update();
  });
}
