/**
 * Runs a body parser under limits that hold whatever the headers say: bytes are counted as they arrive, for one
 * request and for all requests together, and a body over the limit is answered at once, not when it ends.
 */
import type { Request, RequestHandler, Response } from 'express';
import { PawdexError } from '../../errors.js';
import type { ByteBudget } from './budget.js';

const tooLarge = (limit: number) =>
  new PawdexError('payload_too_large', {
    detail: `The body may have at most ${limit} bytes here.`,
  });

/**
 * Lets `parser` read the body.
 *
 * @param limit bytes this request may send
 * @param budget bytes that all requests may hold; given back when the answer is done
 * @throws PawdexError payload_too_large, overloaded; and whatever the parser reports
 */
export function receive(
  parser: RequestHandler,
  req: Request,
  res: Response,
  limit: number,
  budget: ByteBudget,
): Promise<void> {
  // An early word from an honest client; the count below is what holds.
  if (Number(req.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge(limit));
  return new Promise((resolve, reject) => {
    let received = 0;
    let held = 0;
    res.once('close', () => budget.give(held));
    // Attached in the same tick as the parser's own listeners, before the first chunk can flow.
    req.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received > limit) reject(tooLarge(limit));
      else if (!budget.take(chunk.length)) reject(new PawdexError('overloaded', { retryAfter: 2 }));
      else held += chunk.length;
    });
    parser(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(error)));
  });
}
