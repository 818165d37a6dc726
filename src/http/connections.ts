/**
 * Limits what slow clients can cost: those that do not read their answers, send uploads slowly, pipeline more than they
 * read, or keep connections open. Node answers all pipelined requests at once and keeps the answers in memory. Here a
 * connection has one request in progress at a time, and everything that it leaves unread is limited.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Limits of {@link Connections}; times in milliseconds. */
export interface ConnectionLimits {
  /** The most connections. Another one closes the idle ones or the slowest; it is refused if all are busy. */
  maxConnections: number;
  /** How long a client may leave an answer unread before it is disconnected. */
  unreadMs: number;
  /** The most unread bytes of answers over all connections; beyond that the slowest readers are disconnected. */
  unreadBytes: number;
  /** An upload must average `minBytesPerSecond` over each period of this length. */
  uploadWindowMs: number;
  minBytesPerSecond: number;
  /** The `Keep-Alive: timeout=` between two requests; longer than the idle time of common proxies. */
  keepAliveMs: number;
}

/** How much longer connections stay open, so that a request sent at the last moment does not find them closed. */
const KEEP_ALIVE_MARGIN_MS = 5_000;
/** The most pipelined requests; the connection closes after these. */
const MAX_PIPELINED = 32;
/** A client that makes the server wait for this long counts as slow if memory or connections are short. */
const STALLED_MS = 1_000;

interface Turn {
  req: IncomingMessage;
  res: ServerResponse;
  start: () => void;
}

/** The state of an open connection. */
interface Connection {
  current: Turn | null;
  waiting: Turn[];
  /** Bytes received when the last answer was done, or at the start of the current upload period. */
  bytesAt: number;
  measuredFrom: number;
  /** Total bytes that the client had read when it last read any. */
  readBytes: number;
  readAt: number;
}

/** The open connections of a server. */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #tooSlow: (socket: Socket) => void;
  readonly #open = new Map<Socket, Connection>();
  #refused = 0;

  /** @param tooSlow answers and closes a connection whose upload is too slow */
  constructor(server: Server, limits: ConnectionLimits, tooSlow: (socket: Socket) => void) {
    this.#limits = limits;
    this.#tooSlow = tooSlow;
    server.timeout = limits.unreadMs;
    server.keepAliveTimeout = limits.keepAliveMs;
    // Also for `server.close`: Node considers a connection idle as soon as its answer is handed over, even if unread.
    server.closeIdleConnections = () => this.closeIdle();
    server.on('connection', (socket: Socket) => this.#accept(socket));
    server.on('timeout', (socket: Socket) => this.#expire(socket));
  }

  /** Requests whose answer is not finished. */
  *inFlight(): Generator<ServerResponse> {
    for (const { current, waiting } of this.#open.values()) {
      if (current !== null) {
        yield current.res;
      }
      for (const { res } of waiting) {
        yield res;
      }
    }
  }

  /** Whether part of an answer may have been sent already. */
  isAnswering(socket: Socket): boolean {
    return this.#open.get(socket)?.current?.res.headersSent ?? false;
  }

  /** Connections that were refused because there were too many. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Calls `start` when the answers to all earlier requests of this connection have been sent, which is at once
   * where the client does not pipeline.
   */
  enqueue(req: IncomingMessage, res: ServerResponse, start: () => void): void {
    const connection = this.#open.get(req.socket);
    // The client has already disconnected.
    if (connection === undefined) {
      return;
    }
    if (connection.waiting.length >= MAX_PIPELINED) {
      return;
    }
    if (connection.waiting.length === MAX_PIPELINED - 1) {
      res.shouldKeepAlive = false;
    }
    connection.waiting.push({ req, res, start });
    if (connection.current === null) {
      this.#startNext(req.socket, connection);
    }
  }

  /** Closes the connections without a request or an answer in progress. */
  closeIdle(): void {
    for (const [socket, { current, bytesAt }] of this.#open) {
      if (current === null && socket.bytesRead === bytesAt) {
        socket.destroy();
      }
    }
  }

  /** Disconnects uploads that are too slow and clients that leave answers unread. */
  check(): void {
    const now = performance.now();
    let unread = 0;
    for (const [socket, connection] of this.#open) {
      this.#noteReading(socket, connection, now);
      unread += socket.writableLength;
      if (this.#isTooSlow(socket, connection, now)) {
        this.#tooSlow(socket);
      }
    }
    if (unread > this.#limits.unreadBytes) {
      this.#cutSlowReaders(unread, now);
    }
  }

  #accept(socket: Socket): void {
    const now = performance.now();
    if (this.#isFull()) {
      this.closeIdle();
    }
    if (this.#isFull()) {
      this.#cutSlowest(now);
    }
    if (this.#isFull()) {
      this.#refused++;
      socket.destroy();
      return;
    }
    this.#open.set(socket, {
      current: null,
      waiting: [],
      bytesAt: 0,
      measuredFrom: now,
      readBytes: 0,
      readAt: now,
    });
    socket.once('close', () => this.#open.delete(socket));
  }

  #isFull(): boolean {
    const { maxConnections } = this.#limits;
    if (this.#open.size < maxConnections) {
      return false;
    }
    // A closed connection stays in the map until its `close` event.
    return [...this.#open.keys()].filter(({ destroyed }) => !destroyed).length >= maxConnections;
  }

  /** Disconnects the client that the server has waited for the longest, so that slow ones cannot keep others out. */
  #cutSlowest(now: number): void {
    let slowest: Socket | null = null;
    let since = now - STALLED_MS;
    for (const [socket, connection] of this.#open) {
      this.#noteReading(socket, connection, now);
      const waiting = socket.destroyed ? now : this.#waitsSince(socket, connection, now);
      if (waiting < since) {
        since = waiting;
        slowest = socket;
      }
    }
    slowest?.destroy();
  }

  /** Since when the client has sent its request, or read its answer, too slowly. @returns `now` if it has not */
  #waitsSince(socket: Socket, connection: Connection, now: number): number {
    const { current, measuredFrom, readAt } = connection;
    if (current === null || this.#isSlowUpload(socket, connection, now)) {
      return measuredFrom;
    }
    return socket.writableLength > 0 ? readAt : now;
  }

  #startNext(socket: Socket, connection: Connection): void {
    const next = connection.waiting.shift() ?? null;
    connection.current = next;
    if (next === null) {
      return;
    }
    connection.bytesAt = socket.bytesRead;
    connection.measuredFrom = performance.now();
    next.res.once('close', () => {
      if (socket.destroyed) {
        return;
      }
      this.#startNext(socket, connection);
      if (connection.current !== null) {
        return;
      }
      this.#becomeIdle(socket, connection);
      // The rest of an upload that was refused.
      next.req.once('end', () => connection.current === null && this.#becomeIdle(socket, connection));
      socket.setTimeout(this.#limits.keepAliveMs + KEEP_ALIVE_MARGIN_MS);
    });
    next.start();
  }

  #becomeIdle(socket: Socket, connection: Connection): void {
    connection.bytesAt = socket.bytesRead;
    connection.measuredFrom = performance.now();
  }

  /** Handles a connection without traffic: it is idle, its client does not read, or the answer takes long. */
  #expire(socket: Socket): void {
    const isAnswering = this.#open.get(socket)?.current != null && socket.writableLength === 0;
    if (isAnswering) {
      socket.setTimeout(this.#limits.unreadMs);
    } else {
      socket.destroy();
    }
  }

  #noteReading(socket: Socket, connection: Connection, now: number): void {
    const readBytes = socket.bytesWritten - socket.writableLength;
    if (readBytes === connection.readBytes && socket.writableLength > 0) {
      return;
    }
    connection.readBytes = readBytes;
    connection.readAt = now;
  }

  #isTooSlow(socket: Socket, connection: Connection, now: number): boolean {
    const { current, measuredFrom } = connection;
    if (current === null || current.req.complete || now - measuredFrom < this.#limits.uploadWindowMs) {
      return false;
    }
    const isSlow = this.#isSlowUpload(socket, connection, now);
    connection.bytesAt = socket.bytesRead;
    connection.measuredFrom = now;
    return isSlow;
  }

  /** Whether an upload is below the minimum rate since the start of its current period. */
  #isSlowUpload(socket: Socket, { current, bytesAt, measuredFrom }: Connection, now: number): boolean {
    if (current === null || current.req.complete) {
      return false;
    }
    const seconds = (now - measuredFrom) / 1000;
    const isWaitingForUs = current.req.isPaused() || current.req.readableLength > 0;
    return !isWaitingForUs && socket.bytesRead - bytesAt < this.#limits.minBytesPerSecond * seconds;
  }

  /** Frees memory by disconnecting the clients that have not read for the longest time. */
  #cutSlowReaders(unread: number, now: number): void {
    const stalled = [...this.#open]
      .filter(([socket, { readAt }]) => socket.writableLength > 0 && now - readAt >= STALLED_MS)
      .sort(([, a], [, b]) => a.readAt - b.readAt);
    let left = unread;
    for (const [socket] of stalled) {
      if (left <= this.#limits.unreadBytes) {
        return;
      }
      left -= socket.writableLength;
      socket.destroy();
    }
  }
}
