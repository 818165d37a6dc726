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

/** Smallest interval between two calls of `onRefused`. */
const REFUSED_NOTICE_MS = 60_000;

interface PendingRequest {
  req: IncomingMessage;
  res: ServerResponse;
  start: () => void;
}

/** The state of an open connection. */
interface Connection {
  /** The request in progress, and those that the client has pipelined behind it. */
  requests: PendingRequest[];
  /** Start of the current upload period, or of the idle time since the last response. */
  periodStart: number;
  /** Bytes received by then. */
  bytesReadAtStart: number;
  /** Total bytes that the client had read when it last read any. */
  readBytes: number;
  readAt: number;
}

interface ConnectionHandlers {
  /** Responds to and closes a connection whose upload is too slow. */
  onSlowUpload: (socket: Socket) => void;
  /** Called at most once a minute if connections are refused because there are too many. */
  onRefused?: (refusedSoFar: number) => void;
}

/** The open connections of a server. */
export class Connections {
  readonly #limits: ConnectionLimits;
  readonly #handlers: ConnectionHandlers;
  readonly #open = new Map<Socket, Connection>();
  #refused = 0;
  #noticedAt = Number.NEGATIVE_INFINITY;

  constructor(server: Server, limits: ConnectionLimits, handlers: ConnectionHandlers) {
    this.#limits = limits;
    this.#handlers = handlers;
    server.timeout = limits.unreadMs;
    server.keepAliveTimeout = limits.keepAliveMs;
    // Also for `server.close`: Node considers a connection idle as soon as its response is handed over, even if unread.
    server.closeIdleConnections = () => this.closeIdle();
    server.on('connection', (socket: Socket) => this.#accept(socket));
    server.on('timeout', (socket: Socket) => this.#handleTimeout(socket));
  }

  /** Makes the responses that have not started yet the last ones on their connections. */
  endKeepAlive(): void {
    for (const { requests } of this.#open.values()) {
      for (const { res } of requests) {
        res.shouldKeepAlive = false;
      }
    }
  }

  /** Whether part of the current response may have been sent already. */
  hasStartedResponse(socket: Socket): boolean {
    return this.#open.get(socket)?.requests[0]?.res.headersSent ?? false;
  }

  /**
   * Calls `start` once all earlier responses on this connection have been sent: immediately, unless the client
   * pipelines.
   */
  enqueue(req: IncomingMessage, res: ServerResponse, start: () => void): void {
    const connection = this.#open.get(req.socket);
    const hasDisconnected = connection === undefined;
    if (hasDisconnected || connection.requests.length > MAX_PIPELINED) {
      return;
    }
    const count = connection.requests.push({ req, res, start });
    if (count > MAX_PIPELINED) {
      res.shouldKeepAlive = false;
    }
    if (count === 1) {
      this.#startNext(req.socket, connection);
    }
  }

  /** Closes the connections without a request or a response in progress. */
  closeIdle(): void {
    for (const [socket, { requests, bytesReadAtStart }] of this.#open) {
      if (requests.length === 0 && socket.bytesRead === bytesReadAtStart) {
        this.#disconnect(socket);
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
      if (now - connection.periodStart >= this.#limits.uploadWindowMs && connection.requests.length > 0) {
        if (this.#isSlowUpload(socket, connection, now)) {
          this.#handlers.onSlowUpload(socket);
        }
        this.#startPeriod(socket, connection);
      }
    }
    if (unread > this.#limits.unreadBytes) {
      this.#freeMemory(unread, now);
    }
  }

  /** Disconnects the slowest readers, until what is unread fits again. */
  #freeMemory(unread: number, now: number): void {
    let left = unread;
    for (const socket of this.#listStalled(now)) {
      if (left > this.#limits.unreadBytes && socket.writableLength > 0) {
        left -= socket.writableLength;
        this.#disconnect(socket);
      }
    }
  }

  #accept(socket: Socket): void {
    const { maxConnections } = this.#limits;
    const now = performance.now();
    if (this.#open.size >= maxConnections) {
      this.closeIdle();
    }
    if (this.#open.size >= maxConnections) {
      // Slow clients cannot keep others out.
      const [slowest] = this.#listStalled(now);
      if (slowest === undefined) {
        this.#refuse(socket, now);
        return;
      }
      this.#disconnect(slowest);
    }
    this.#open.set(socket, {
      requests: [],
      periodStart: now,
      bytesReadAtStart: 0,
      readBytes: 0,
      readAt: now,
    });
    socket.once('close', () => this.#open.delete(socket));
  }

  #refuse(socket: Socket, now: number): void {
    socket.destroy();
    this.#refused++;
    if (now - this.#noticedAt >= REFUSED_NOTICE_MS) {
      this.#noticedAt = now;
      this.#handlers.onRefused?.(this.#refused);
    }
  }

  #disconnect(socket: Socket): void {
    this.#open.delete(socket);
    socket.destroy();
  }

  /** Lists the clients that are too slow to send or read, beginning with the one that the server has waited for the longest. */
  #listStalled(now: number): Socket[] {
    const waits: { socket: Socket; ms: number }[] = [];
    for (const [socket, connection] of this.#open) {
      this.#recordReading(socket, connection, now);
      waits.push({ socket, ms: this.#measureWait(socket, connection, now) });
    }
    return waits
      .filter(({ ms }) => ms > STALLED_MS)
      .sort((a, b) => b.ms - a.ms)
      .map(({ socket }) => socket);
  }

  /** Measures for how long the server has waited for a client, in milliseconds. */
  #measureWait(socket: Socket, connection: Connection, now: number): number {
    const { requests, periodStart, readAt } = connection;
    if (requests.length === 0 || this.#isSlowUpload(socket, connection, now)) {
      return now - periodStart;
    }
    return socket.writableLength > 0 ? now - readAt : 0;
  }

  #startNext(socket: Socket, connection: Connection): void {
    const [request] = connection.requests;
    this.#startPeriod(socket, connection);
    if (request === undefined) {
      socket.setTimeout(this.#limits.keepAliveMs + KEEP_ALIVE_MARGIN_MS);
      return;
    }
    const { req, res, start } = request;
    res.once('close', () => {
      if (socket.destroyed) {
        return;
      }
      connection.requests.shift();
      this.#startNext(socket, connection);
      // The rest of an upload that was refused.
      req.once('end', () => connection.requests.length === 0 && this.#startPeriod(socket, connection));
    });
    start();
  }

  #startPeriod(socket: Socket, connection: Connection): void {
    connection.periodStart = performance.now();
    connection.bytesReadAtStart = socket.bytesRead;
  }

  /** Handles a connection without traffic: it is idle, its client does not read, or the response takes long. */
  #handleTimeout(socket: Socket): void {
    const { requests = [] } = this.#open.get(socket) ?? {};
    if (requests.length > 0 && socket.writableLength === 0) {
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

  /** Whether an upload is below the minimum rate since the start of its current period. */
  #isSlowUpload(
    socket: Socket,
    { requests: [current], bytesReadAtStart, periodStart }: Connection,
    now: number,
  ): boolean {
    if (current === undefined || current.req.complete) {
      return false;
    }
    const seconds = (now - periodStart) / 1000;
    const isWaitingForUs = current.req.isPaused() || current.req.readableLength > 0;
    return !isWaitingForUs && socket.bytesRead - bytesReadAtStart < this.#limits.minBytesPerSecond * seconds;
  }
}
