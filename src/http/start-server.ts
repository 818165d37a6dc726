/** Serves an app on a socket, with limits on slow clients, and stops without losing requests. */
import { createServer, maxHeaderSize, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Express, Request, Response } from 'express';
import { createTooLargeError, PawdexError } from '../errors.js';
import type { Lifecycle } from './app-deps.js';
import { type ConnectionLimits, Connections } from './connections.js';
import { toProblem } from './problem-details.js';

/** Limits on slow clients. */
export interface ServerLimits extends ConnectionLimits {
  /** From the first byte of a request to the end of its headers, in milliseconds. */
  headersMs: number;
  /** How often the limits are checked, in milliseconds. */
  checkMs: number;
}

const LIMITS: ServerLimits = {
  maxConnections: 1_000,
  headersMs: 20_000,
  uploadWindowMs: 60_000,
  minBytesPerSecond: 1_024,
  unreadMs: 30_000,
  unreadBytes: 128 * 1024 * 1024,
  keepAliveMs: 65_000,
  checkMs: 1_000,
};

export interface ServerOptions {
  host: string;
  /** 0 chooses a free port. */
  port: number;
  /** The same object as in the app. */
  lifecycle: Lifecycle;
  limits?: Partial<ServerLimits>;
  /** Called at most once a minute if connections are refused because there are too many. */
  onRefused?: (refusedSoFar: number) => void;
}

export interface RunningServer {
  /** Address of the server from this machine, without a trailing slash. */
  readonly url: string;
  /** The address it listens on, such as `0.0.0.0:3000`. */
  readonly address: string;
  /**
   * Stops: refuses new connections, closes idle ones and lets requests in progress finish for up to `graceSeconds`.
   * Idempotent.
   */
  close(options: { graceSeconds: number }): Promise<void>;
}

/** How long a client that was refused may keep its side of the connection open, in milliseconds. */
const REFUSED_LINGER_MS = 2_000;
/** While stopping, how often connections are closed that have become idle. */
const CLOSE_IDLE_MS = 50;

/** Converts an error of Node's HTTP parser. */
function toRequestError({ code }: NodeJS.ErrnoException): PawdexError {
  return code === 'HPE_HEADER_OVERFLOW'
    ? createTooLargeError('The request header', maxHeaderSize, 'Send a shorter URL or fewer headers.')
    : new PawdexError(code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'request_timeout' : 'invalid_request');
}

/** Responds on a connection whose request is incomplete or unreadable, and therefore has no response object, and closes it. */
function refuseConnection(socket: Duplex, error: PawdexError): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const problem = toProblem(error);
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} Refused\r\nConnection: close\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  // Otherwise a client that keeps sending and never closes would keep the connection.
  setTimeout(() => socket.destroy(), REFUSED_LINGER_MS).unref();
}

/** Responds to a request that the app never sees. */
function sendBadRequest(res: ServerResponse, detail: string): void {
  const problem = toProblem(new PawdexError('invalid_request', { detail }));
  res.writeHead(problem.status, { 'Content-Type': 'application/problem+json', Connection: 'close' });
  res.end(JSON.stringify(problem));
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code === 'EADDRINUSE' ? 'the port is in use' : error.message;
      reject(
        new PawdexError('config_invalid', {
          detail: `Cannot listen on ${host}:${port}: ${reason}.`,
          hint: 'Choose another PAWDEX_PORT or PAWDEX_HOST.',
          cause: error,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}

function getAddress(server: Server): Pick<RunningServer, 'url' | 'address'> {
  const { address, port, family } = server.address() as AddressInfo;
  const bound = `${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  const isEverywhere = address === '0.0.0.0' || address === '::';
  return { address: bound, url: `http://${isEverywhere ? `127.0.0.1:${port}` : bound}` };
}

/** Starts the server. Throws PawdexError config_invalid if it cannot listen on the address. */
export async function startServer(app: Express, options: ServerOptions): Promise<RunningServer> {
  const limits = { ...LIMITS, ...options.limits };
  let closing: Promise<void> | null = null;
  const server = createServer({
    headersTimeout: limits.headersMs,
    // A fixed time would cut off honest uploads over slow lines. Connections enforces a minimum rate instead.
    requestTimeout: 0,
    connectionsCheckingInterval: limits.checkMs,
    // The app responds to a request without Host with a problem document; Node would respond without a body.
    requireHostHeader: false,
  });
  const connections = new Connections(server, limits, {
    onSlowUpload: (socket) => refuseConnection(socket, new PawdexError('request_timeout')),
    onRefused: options.onRefused,
  });
  server.on('request', (req, res) => {
    if (options.lifecycle.state === 'stopping') {
      res.setHeader('Connection', 'close');
    }
    connections.enqueue(req, res, () =>
      app(req as Request, res as Response, () => sendBadRequest(res, 'The request URL is not valid.')),
    );
  });
  server.on('checkExpectation', (_req, res) =>
    sendBadRequest(res, 'The only supported `Expect` header is 100-continue.'),
  );
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || connections.hasStartedResponse(socket as Socket)) {
      socket.destroy();
    } else {
      refuseConnection(socket, toRequestError(error));
    }
  });
  await listen(server, options.host, options.port);
  const check = setInterval(() => connections.disconnectSlowClients(), limits.checkMs).unref();
  return {
    ...getAddress(server),
    close: ({ graceSeconds }) => {
      options.lifecycle.state = 'stopping';
      closing ??= stopServer(server, connections, graceSeconds).finally(() => clearInterval(check));
      return closing;
    },
  };
}

/** Waits until all responses in progress are sent, or cuts them off when the time is over. */
function stopServer(server: Server, connections: Connections, graceSeconds: number): Promise<void> {
  return new Promise((resolve) => {
    connections.endKeepAlive();
    const cutOff = setTimeout(() => server.closeAllConnections(), graceSeconds * 1000);
    // The headers of a response may have told the client before the stop that the connection stays open.
    const closeIdle = setInterval(() => connections.closeIdle(), CLOSE_IDLE_MS);
    server.close(() => {
      clearTimeout(cutOff);
      clearInterval(closeIdle);
      resolve();
    });
  });
}
