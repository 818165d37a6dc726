/** API keys: `Authorization: Bearer KEY` or `X-API-Key: KEY`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { PawdexError } from '../errors.js';

// Digests have one length, so that the comparison tells nothing about the keys, not even how long they are.
const digest = (key: Buffer) => createHash('sha256').update(key).digest();

function keyOf(req: Request): string | undefined {
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(req.headers.authorization ?? '') ?? [];
  return bearer ?? req.get('x-api-key');
}

/**
 * Lets requests with one of the keys pass, or all when there are no keys.
 *
 * @param keys the accepted keys
 */
export function requireKey(keys: string[]): RequestHandler {
  const digests = keys.map((key) => digest(Buffer.from(key)));
  return (req, _res, next) => {
    if (digests.length === 0) return next();
    const given = keyOf(req);
    if (given === undefined) throw new PawdexError('unauthorized');
    // Node hands header bytes out as latin1.
    const sent = digest(Buffer.from(given, 'latin1'));
    let known = false;
    // Every key is compared, whichever matches, so that time tells nothing either.
    for (const each of digests) known = timingSafeEqual(each, sent) || known;
    if (!known) throw new PawdexError('unauthorized', { detail: 'The key is not one of this server.' });
    next();
  };
}
