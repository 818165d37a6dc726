/**
 * Receives the body of a request under limits. Bytes are counted as they arrive, for one request and for all requests
 * together, because headers can lie. A body over a limit is refused immediately, not when it ends.
 */
import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { createTooLargeError, PawdexError } from '../../errors.js';

const LINGER_MS = 5_000;
const LINGER_BYTES = 64 * 1024 * 1024;

/** A body that is received, and the memory that it takes. */
export interface ReceivedBody {
  bytes: number;
  isComplete: boolean;
  /** Refuses it while it is arriving. */
  refuse: (error: unknown) => void;
}

const createOverloadedError = () => new PawdexError('overloaded', { retryAfter: 2 });

/** Limits the memory for the bodies of all requests together. */
export class ByteBudget {
  #used = 0;
  readonly #bodies = new Set<ReceivedBody>();

  /** @param limit bytes */
  constructor(readonly limit: number) {}

  /**
   * Reserves bytes for a body. If there is no room, larger bodies that are still arriving are refused, the largest first.
   * Otherwise a few clients that never finish could keep all others out.
   *
   * @returns whether there was room
   */
  reserve(body: ReceivedBody, bytes: number): boolean {
    while (this.#used + bytes > this.limit) {
      const largest = this.#findArriving(body.bytes + bytes);
      if (largest === null) {
        return false;
      }
      this.release(largest);
      largest.refuse(createOverloadedError());
    }
    this.#used += bytes;
    body.bytes += bytes;
    this.#bodies.add(body);
    return true;
  }

  /** Releases all bytes of a body. */
  release(body: ReceivedBody): void {
    this.#used -= body.bytes;
    body.bytes = 0;
    this.#bodies.delete(body);
  }

  /** Finds the largest body of more than `bytes` that is still arriving. */
  #findArriving(bytes: number): ReceivedBody | null {
    let largest: ReceivedBody | null = null;
    for (const body of this.#bodies) {
      if (!body.isComplete && body.bytes > (largest?.bytes ?? bytes)) {
        largest = body;
      }
    }
    return largest;
  }
}

export interface ReceiveOptions {
  /** Size limit of this body, in bytes. */
  limit: number;
  /** What to do about a body over the limit. Default: a smaller file. */
  hint?: string;
  /** Shared memory budget; its bytes are released when the response is done. */
  budget: ByteBudget;
}

/**
 * Reads the bytes of a request's body.
 *
 * @throws PawdexError payload_too_large, overloaded, invalid_request when the client stops sending
 */
export function receiveBody(
  req: Request,
  res: Response,
  { limit, hint, budget }: ReceiveOptions,
): Promise<Buffer> {
  // Content-Length allows an early refusal, but only the count below can be trusted.
  if (Number(req.headers['content-length'] ?? 0) > limit) {
    return Promise.reject(createTooLargeError('The body', limit, hint));
  }
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    const refuse = (error: unknown) => {
      pieces.length = 0;
      req.off('data', take);
      budget.release(body);
      reject(error);
    };
    const body: ReceivedBody = { bytes: 0, isComplete: false, refuse };
    res.once('close', () => budget.release(body));
    const take = (piece: Buffer) => {
      if (body.bytes + piece.length > limit) {
        return refuse(createTooLargeError('The body', limit, hint));
      }
      if (!budget.reserve(body, piece.length)) {
        return refuse(createOverloadedError());
      }
      pieces.push(piece);
    };
    req.on('data', take);
    req.once('end', () => {
      body.isComplete = true;
      resolve(Buffer.concat(pieces));
    });
    const handleEnd = () => {
      // 'close' also fires after a complete body. Creating an error takes 30 us, so only do it if the body is incomplete.
      if (!req.readableEnded) {
        refuse(new PawdexError('invalid_request', { detail: 'The client stopped sending the body.' }));
      }
    };
    req.once('error', handleEnd);
    req.once('close', handleEnd);
  });
}

/**
 * Reads and discards the rest of an unwanted body, up to a limit of time and bytes. Closing immediately would reset
 * the connection while the client is still sending, and many clients would never see the response. Reading without a
 * limit would let one client keep the server busy.
 *
 * @returns resolves when the body has ended or a limit is reached
 */
export function linger(req: IncomingMessage): Promise<void> {
  req.unpipe();
  req.removeAllListeners('data');
  return new Promise((resolve) => {
    let bytesLeft = LINGER_BYTES;
    const stop = () => {
      clearTimeout(timer);
      req.removeAllListeners('data');
      req.pause();
      resolve();
    };
    const timer = setTimeout(stop, LINGER_MS);
    timer.unref();
    req.on('data', (chunk: Buffer) => {
      bytesLeft -= chunk.length;
      if (bytesLeft < 0) {
        stop();
      }
    });
    req.once('end', stop);
    req.once('close', stop);
    // A client that goes away is not an error of the server.
    req.on('error', stop);
    req.resume();
  });
}
