/** Streams server-sent events (WHATWG HTML, section 9.2) to one client, which may read slowly or disconnect. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Response } from 'express';
import { PawdexError } from '../errors.js';

/** How often the state is read. Changes in between are merged into one event. */
const POLL_MS = 200;
/** Longest silence. Most proxies close a silent connection after 30 s. */
const HEARTBEAT_MS = 15_000;

/** Maximum number of open streams of this process, each of which occupies a connection. */
const MAX_STREAMS = 100;

let openStreams = 0;

/** One state of the streamed object. */
export interface StreamedState {
  /** Sent as the event's id. */
  revision: number;
  event: string;
  data: unknown;
  /** Whether this is the last state. */
  isLast: boolean;
}

/**
 * Streams the newest state of an object until its last state was sent or the client has disconnected.
 *
 * @param lastSeen revision that the client already has
 * @param readState returns the current state
 * @throws PawdexError overloaded if too many streams are open
 */
export async function streamStates(
  res: Response,
  lastSeen: number,
  readState: () => StreamedState,
): Promise<void> {
  if (openStreams >= MAX_STREAMS) {
    throw new PawdexError('overloaded', { retryAfter: 5 });
  }
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
  openStreams++;
  await sendStates(res, lastSeen, readState).finally(() => openStreams--);
}

async function sendStates(res: Response, lastSeen: number, readState: () => StreamedState): Promise<void> {
  res.flushHeaders();
  let sentRevision = lastSeen;
  let sentAt = performance.now();
  const send = (text: string) => {
    sentAt = performance.now();
    res.write(text);
  };
  for (; !res.destroyed; await sleep(POLL_MS)) {
    // A slow reader gets the newest state once it has caught up.
    if (res.writableNeedDrain) {
      continue;
    }
    const { revision, event, data, isLast } = readState();
    if (revision > sentRevision) {
      sentRevision = revision;
      send(`id: ${revision}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    } else if (performance.now() - sentAt >= HEARTBEAT_MS) {
      send(': keep-alive\n\n');
    }
    if (isLast) {
      res.end();
      return;
    }
  }
}
