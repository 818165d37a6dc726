/** Sends hand-written requests that no HTTP client would send. */
import { connect, type Socket } from 'node:net';
import type { Express } from 'express';
import type { Lifecycle } from '../../src/http/app-deps.js';
import { type RunningServer, type ServerLimits, startServer } from '../../src/http/start-server.js';

/** A server on a free port of this machine. */
export function serve(
  { app, lifecycle }: { app: Express; lifecycle: Lifecycle },
  limits: Partial<ServerLimits> = {},
): Promise<RunningServer> {
  return startServer(app, { host: '127.0.0.1', port: 0, lifecycle, limits });
}

/** A connection, and the text received so far. */
export interface RawConnection {
  socket: Socket;
  received(): string;
  /** Resolves with all received text when the server has closed the connection. */
  closed: Promise<string>;
}

/** Opens a connection and sends `text`. */
export function raw(url: string, text: string): RawConnection {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => {
    received += chunk;
  });
  const closed = new Promise<string>((resolve) => {
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(received));
  });
  socket.write(text);
  return { socket, received: () => received, closed };
}
