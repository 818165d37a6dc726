/**
 * Receives the body of a request under limits. Bytes are counted as they arrive, for one request and for all requests
 * together, because headers can lie. A body over a limit is refused at once, not when it ends.
 */
import type { IncomingMessage } from 'node:http';
import type { Request, Response } from 'express';
import { PawdexError } from '../../errors.js';

const LINGER_MS = 5_000;
const LINGER_BYTES = 64 * 1024 * 1024;

/** A body that is received, and the memory that it takes. */
export interface ReceivedBody {
  bytes: number;
  isComplete: boolean;
  /** Refuses it while it is arriving. */
  refuse: (error: unknown) => void;
}

const createRoomError = () => new PawdexError('overloaded', { retryAfter: 2 });

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
      largest.refuse(createRoomError());
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
  /** Shared memory budget; its bytes are released when the answer is done. */
  budget: ByteBudget;
  /** Called with each piece as it arrives; throw to refuse the body. */
  inspect?: (piece: Buffer) => void;
}

const createSizeError = (limit: number) =>
  new PawdexError('payload_too_large', { detail: `The body may have at most ${limit} bytes here.` });

/**
 * Reads the bytes of a request's body.
 *
 * @throws PawdexError payload_too_large, overloaded, invalid_request when the client stops sending; and whatever
 *   `inspect` throws
 */
export function receiveBody(
  req: Request,
  res: Response,
  { limit, budget, inspect }: ReceiveOptions,
): Promise<Buffer> {
  // Content-Length allows an early refusal, but only the count below can be trusted.
  if (Number(req.headers['content-length'] ?? 0) > limit) {
    return Promise.reject(createSizeError(limit));
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
        return refuse(createSizeError(limit));
      }
      if (!budget.reserve(body, piece.length)) {
        return refuse(createRoomError());
      }
      pieces.push(piece);
      try {
        inspect?.(piece);
      } catch (error) {
        refuse(error);
      }
    };
    req.on('data', take);
    req.once('end', () => {
      body.isComplete = true;
      resolve(Buffer.concat(pieces));
    });
    const stopped = () => {
      // Every request closes. An error takes 30 us to create.
      if (!req.readableEnded) {
        refuse(new PawdexError('invalid_request', { detail: 'The client stopped sending the body.' }));
      }
    };
    req.once('error', stopped);
    req.once('close', stopped);
  });
}

/**
 * Reads and discards the rest of an unwanted body, up to a limit of time and bytes. Closing immediately would reset
 * the connection while the client is still sending, and many clients would never see the answer. Reading without a
 * limit would let one client keep the server busy.
 *
 * @returns resolves when the body has ended or a limit is reached
 */
export function linger(req: IncomingMessage): Promise<void> {
  req.unpipe();
  req.removeAllListeners('data');
  return new Promise((resolve) => {
    let left = LINGER_BYTES;
    const over = () => {
      clearTimeout(timer);
      req.removeAllListeners('data');
      req.pause();
      resolve();
    };
    const timer = setTimeout(over, LINGER_MS);
    timer.unref();
    req.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left < 0) {
        over();
      }
    });
    req.once('end', over);
    req.once('close', over);
    // A client that goes away is not an error of the server.
    req.on('error', over);
    req.resume();
  });
}
