/**
 * Limits what slow clients can cost: those that do not read their responses, send uploads slowly, pipeline more than they
 * read, or keep connections open. Node handles all pipelined requests concurrently and buffers their responses. Here a
 * connection has one request in progress at a time, and everything that it leaves unread is limited.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Limits of {@link Connections}; times in milliseconds. */
export interface ConnectionLimits {
  /** Maximum number of connections. Another one closes the idle ones or the slowest; it is refused if all are busy. */
  maxConnections: number;
  /** How long a client may leave a response unread before it is disconnected. */
  unreadMs: number;
  /** Maximum unread bytes of responses over all connections; beyond that the slowest readers are disconnected. */
  unreadBytes: number;
  /** An upload must average `minBytesPerSecond` over each period of this length. */
  uploadWindowMs: number;
  minBytesPerSecond: number;
  /** The `Keep-Alive: timeout=` between two requests; longer than the idle time of common proxies. */
  keepAliveMs: number;
}

/** How much longer connections stay open, so that a request sent at the last moment does not find them closed. */
const KEEP_ALIVE_MARGIN_MS = 5_000;
/** Maximum number of pipelined requests; the connection closes after these. */
const MAX_PIPELINED = 32;
/** A client that makes the server wait for this long counts as slow if memory or connections are short. */
const STALLED_MS = 1_000;

interface QueuedRequest {
  req: IncomingMessage;
  res: ServerResponse;
  start: () => void;
}

/** The state of an open connection. */
interface Connection {
  current: QueuedRequest | null;
  waiting: QueuedRequest[];
  /** Start of the current upload period, or of the idle time since the last response. */
  periodStart: number;
  /** Bytes received by then. */
  bytesReadAtStart: number;
  /** Total bytes that the client had read when it last read any. */
  readBytes: number;
  readAt: number;
}

/** The open connections of a server. */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #onSlowUpload: (socket: Socket) => void;
  readonly #open = new Map<Socket, Connection>();
  #refused = 0;

  /** @param onSlowUpload responds to and closes a connection whose upload is too slow */
  constructor(server: Server, limits: ConnectionLimits, onSlowUpload: (socket: Socket) => void) {
    this.#limits = limits;
    this.#onSlowUpload = onSlowUpload;
    server.timeout = limits.unreadMs;
    server.keepAliveTimeout = limits.keepAliveMs;
    // Also for `server.close`: Node considers a connection idle as soon as its response is handed over, even if unread.
    server.closeIdleConnections = () => this.closeIdle();
    server.on('connection', (socket: Socket) => this.#accept(socket));
    server.on('timeout', (socket: Socket) => this.#handleTimeout(socket));
  }

  /** Lists the responses that are not finished. */
  *listInFlight(): Generator<ServerResponse> {
    for (const { current, waiting } of this.#open.values()) {
      if (current !== null) {
        yield current.res;
      }
      for (const { res } of waiting) {
        yield res;
      }
    }
  }

  /** Whether part of the current response may have been sent already. */
  hasStartedResponse(socket: Socket): boolean {
    return this.#open.get(socket)?.current?.res.headersSent ?? false;
  }

  /** Connections that were refused because there were too many. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Calls `start` once all earlier responses on this connection have been sent: immediately, unless the client
   * pipelines.
   */
  enqueue(req: IncomingMessage, res: ServerResponse, start: () => void): void {
    const connection = this.#open.get(req.socket);
    const hasDisconnected = connection === undefined;
    if (hasDisconnected || connection.waiting.length >= MAX_PIPELINED) {
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

  /** Closes the connections without a request or a response in progress. */
  closeIdle(): void {
    for (const [socket, { current, bytesReadAtStart }] of this.#open) {
      if (current === null && socket.bytesRead === bytesReadAtStart) {
        socket.destroy();
      }
    }
  }

  /** Disconnects clients that upload or read too slowly. */
  disconnectSlowClients(): void {
    const now = performance.now();
    let unread = 0;
    for (const [socket, connection] of this.#open) {
      this.#recordReading(socket, connection, now);
      unread += socket.writableLength;
      if (connection.current !== null && now - connection.periodStart >= this.#limits.uploadWindowMs) {
        this.#endUploadPeriod(socket, connection, now);
      }
    }
    if (unread > this.#limits.unreadBytes) {
      this.#disconnectSlowReaders(unread, now);
    }
  }

  #accept(socket: Socket): void {
    const now = performance.now();
    if (this.#isFull()) {
      this.closeIdle();
    }
    if (this.#isFull()) {
      this.#disconnectSlowest(now);
    }
    if (this.#isFull()) {
      this.#refused++;
      socket.destroy();
      return;
    }
    this.#open.set(socket, {
      current: null,
      waiting: [],
      periodStart: now,
      bytesReadAtStart: 0,
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
  #disconnectSlowest(now: number): void {
    let slowest: Socket | null = null;
    let since = now - STALLED_MS;
    for (const [socket, connection] of this.#open) {
      this.#recordReading(socket, connection, now);
      const stalledSince = socket.destroyed ? now : this.#getStalledSince(socket, connection, now);
      if (stalledSince < since) {
        since = stalledSince;
        slowest = socket;
      }
    }
    slowest?.destroy();
  }

  /** Returns the time since which the client has been too slow to send or read, or `now` if it is not slow. */
  #getStalledSince(socket: Socket, connection: Connection, now: number): number {
    const { current, periodStart, readAt } = connection;
    if (current === null || this.#isSlowUpload(socket, connection, now)) {
      return periodStart;
    }
    return socket.writableLength > 0 ? readAt : now;
  }

  #startNext(socket: Socket, connection: Connection): void {
    const next = connection.waiting.shift() ?? null;
    connection.current = next;
    if (next === null) {
      return;
    }
    this.#startPeriod(socket, connection);
    next.res.once('close', () => {
      if (socket.destroyed) {
        return;
      }
      this.#startNext(socket, connection);
      if (connection.current !== null) {
        return;
      }
      this.#startPeriod(socket, connection);
      // The rest of an upload that was refused.
      next.req.once('end', () => connection.current === null && this.#startPeriod(socket, connection));
      socket.setTimeout(this.#limits.keepAliveMs + KEEP_ALIVE_MARGIN_MS);
    });
    next.start();
  }

  #startPeriod(socket: Socket, connection: Connection, now = performance.now()): void {
    connection.periodStart = now;
    connection.bytesReadAtStart = socket.bytesRead;
  }

  /** Handles a connection without traffic: it is idle, its client does not read, or the response takes long. */
  #handleTimeout(socket: Socket): void {
    const isResponding = this.#open.get(socket)?.current != null && socket.writableLength === 0;
    if (isResponding) {
      socket.setTimeout(this.#limits.unreadMs);
    } else {
      socket.destroy();
    }
  }

  #recordReading(socket: Socket, connection: Connection, now: number): void {
    const readBytes = socket.bytesWritten - socket.writableLength;
    if (readBytes === connection.readBytes && socket.writableLength > 0) {
      return;
    }
    connection.readBytes = readBytes;
    connection.readAt = now;
  }

  #endUploadPeriod(socket: Socket, connection: Connection, now: number): void {
    if (this.#isSlowUpload(socket, connection, now)) {
      this.#onSlowUpload(socket);
    }
    this.#startPeriod(socket, connection, now);
  }

  /** Whether an upload is below the minimum rate since the start of its current period. */
  #isSlowUpload(
    socket: Socket,
    { current, bytesReadAtStart, periodStart }: Connection,
    now: number,
  ): boolean {
    if (current === null || current.req.complete) {
      return false;
    }
    const seconds = (now - periodStart) / 1000;
    const isWaitingForUs = current.req.isPaused() || current.req.readableLength > 0;
    return !isWaitingForUs && socket.bytesRead - bytesReadAtStart < this.#limits.minBytesPerSecond * seconds;
  }

  /** Frees memory by disconnecting the clients that have not read for the longest time. */
  #disconnectSlowReaders(unread: number, now: number): void {
    const stalled = [...this.#open]
      .filter(([socket, { readAt }]) => socket.writableLength > 0 && now - readAt >= STALLED_MS)
      .sort(([, a], [, b]) => a.readAt - b.readAt);
    let stillUnread = unread;
    for (const [socket] of stalled) {
      if (stillUnread <= this.#limits.unreadBytes) {
        return;
      }
      stillUnread -= socket.writableLength;
      socket.destroy();
    }
  }
}
