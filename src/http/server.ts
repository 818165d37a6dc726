/** Puts an app on a socket, with time limits on slow clients, and takes it off again without losing requests. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Express, Request, Response } from 'express';
import { type ErrorCode, PawdexError } from '../errors.js';
import type { Lifecycle } from './lifecycle.js';
import { problemOf } from './problem.js';

/** How long clients may take, in milliseconds. */
export interface ServerTimeouts {
  /** From the first byte of a request to the end of its headers. */
  headersMs: number;
  /** From the first byte of a request to its last; a photo over a slow line needs some. */
  requestMs: number;
  /** Between two requests on one connection; longer than the usual proxy's, so that the proxy closes first. */
  keepAliveMs: number;
  /** How often the limits are looked at. */
  checkMs: number;
}

const TIMEOUTS: ServerTimeouts = {
  headersMs: 20_000,
  requestMs: 120_000,
  keepAliveMs: 65_000,
  checkMs: 5_000,
};

export interface ServerOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  /** The one the app was made with. */
  lifecycle: Lifecycle;
  timeouts?: Partial<ServerTimeouts>;
}

export interface RunningServer {
  /** Address to reach it at from this machine, without a slash at the end. */
  readonly url: string;
  /**
   * Stops: nothing new is accepted, idle connections close, requests in flight finish; those that take longer
   * than `graceSeconds` are cut off. Idempotent.
   */
  close(options: { graceSeconds: number }): Promise<void>;
}

/** What Node's HTTP parser gives up on, as an answer; there is no request object for Express at this point. */
function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const code: ErrorCode =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? 'request_timeout'
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? 'payload_too_large'
        : 'invalid_request';
  const problem = problemOf(new PawdexError(code), {});
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${problem.status} Refused\r\nConnection: close\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** A request whose target no router can read: `GET http://[::1/`. Express would answer with a page of its own. */
function answerUnroutable(res: ServerResponse): void {
  const detail = 'The address of the request cannot be read.';
  const problem = problemOf(new PawdexError('invalid_request', { detail }), {});
  res.writeHead(problem.status, { 'Content-Type': 'application/problem+json', Connection: 'close' });
  res.end(JSON.stringify(problem));
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        new PawdexError('config_invalid', {
          detail: `Cannot listen on ${host}:${port}${taken ? ', another program does' : `: ${error.message}`}.`,
          hint: 'Choose another PAWDEX_PORT or PAWDEX_HOST.',
          cause: error,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  if (address === '0.0.0.0' || address === '::') return `http://127.0.0.1:${port}`;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/**
 * Starts answering.
 *
 * @throws PawdexError config_invalid when the address cannot be had
 */
export async function startServer(app: Express, options: ServerOptions): Promise<RunningServer> {
  const { headersMs, requestMs, keepAliveMs, checkMs } = { ...TIMEOUTS, ...options.timeouts };
  const inFlight = new Set<ServerResponse>();
  let closing: Promise<void> | null = null;
  const server = createServer(
    {
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      keepAliveTimeout: keepAliveMs,
      connectionsCheckingInterval: checkMs,
    },
    (req, res) => app(req as Request, res as Response, () => answerUnroutable(res)),
  );
  server.prependListener('request', (_req, res: ServerResponse) => {
    inFlight.add(res);
    if (options.lifecycle.state === 'stopping') res.setHeader('Connection', 'close');
    res.once('close', () => {
      inFlight.delete(res);
      // Its headers may have been sent before the stop, promising the client a connection that stays open.
      if (closing !== null) setImmediate(() => server.closeIdleConnections());
    });
  });
  server.on('clientError', answerClientError);
  await listen(server, options.host, options.port);
  const stop = (graceSeconds: number) =>
    new Promise<void>((resolve) => {
      options.lifecycle.state = 'stopping';
      // A connection whose answer is under way must not wait for the client's next request.
      for (const res of inFlight) if (!res.headersSent) res.setHeader('Connection', 'close');
      const cut = setTimeout(() => server.closeAllConnections(), graceSeconds * 1000);
      server.close(() => {
        clearTimeout(cut);
        resolve();
      });
    });
  return {
    url: urlOf(server),
    close: ({ graceSeconds }) => {
      closing ??= stop(graceSeconds);
      return closing;
    },
  };
}
